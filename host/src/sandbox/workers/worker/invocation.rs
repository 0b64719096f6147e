//! The entries of an invocation: the event, completions, and what becomes of the slot after each.
use super::Worker;
use crate::budget::Purse;
use crate::sandbox::entry::output::Output;
use crate::sandbox::entry::parked::Parked;
use crate::sandbox::entry::slot::{Ending, Entered, Slot};
use crate::sandbox::program::ffi::Export;
use crate::sandbox::workers::job::{Event, Ran, Terms, Waiting};
use crate::sandbox::workers::lane::{Lane, SLICE};
use crate::sandbox::workers::slots::ResumesOn;
use crate::sandbox::workers::step::{Outcome, Step};
use crate::sandbox::{SandboxError, Trap};
use daplet_abi::Status;
use std::time::{Duration, Instant};

impl Worker {
    /// Begins an invocation.
    pub fn handle(
        &mut self,
        event: Event,
        terms: &Terms,
        resumes: ResumesOn,
    ) -> Result<Ran<Step, Event>, SandboxError> {
        self.slots.tracker.at_rest();
        let since = Instant::now();
        let Event { snapshot, kind, frame } = event;
        let slot = self.slots.take(&snapshot)?;
        let (output, given) = (Output::counted(&terms.memory), (terms.clone(), self.slice()));
        let mut entered = self.enter(&slot, (Export::Handle, Some(kind)), frame, output, given);
        if entered.overrun {
            let frame = std::mem::take(&mut entered.output.inbox);
            self.undo(slot, &entered)?;
            return Ok(Ran::Overrun(Event { snapshot, kind, frame }));
        }
        self.finish(slot, entered, since, (&terms.memory, resumes)).map(Ran::Done)
    }

    /// Goes on with an invocation.
    pub fn resume(
        &mut self,
        waiting: Waiting,
        terms: &Terms,
        resumes: ResumesOn,
    ) -> Result<Ran<Step, Waiting>, SandboxError> {
        self.slots.tracker.at_rest();
        let since = Instant::now();
        let Waiting { parked, frames } = waiting;
        // To be undone it has to be copied first, which some functions have proved to be needless.
        let worth = terms.budget > SLICE && !parked.snapshot.cost().trusted(terms.budget);
        let slice = self.slice().filter(|_| worth);
        let (slot, copied) = self.slots.take_parked(&parked, slice.is_some())?;
        let (slice, parked) = (slice.filter(|_| copied), copied.then_some(parked));
        let mut frames = frames.into_iter();
        let (entered, mut read) = self.deliver(&slot, &mut frames, (terms, slice), parked.is_some());
        match parked {
            Some(parked) if entered.overrun => {
                self.undo(slot, &entered)?;
                read.extend(frames);
                Ok(Ran::Overrun(Waiting { parked, frames: read }))
            }
            _ => self.finish(slot, entered, since, (&terms.memory, resumes)).map(Ran::Done),
        }
    }

    /// Delivers completions until the invocation no longer waits; returns the entries as one, and the delivered frames
    /// where `keep`.
    fn deliver(
        &self,
        slot: &Slot,
        frames: &mut impl Iterator<Item = Vec<u8>>,
        (terms, slice): (&Terms, Option<Duration>),
        keep: bool,
    ) -> (Entered, Vec<Vec<u8>>) {
        let mut entered = Entered {
            ending: Ending::Returned(Status::Pending),
            output: Output::counted(&terms.memory),
            cpu: Duration::ZERO,
            elapsed: Duration::ZERO,
            touched: false,
            overrun: false,
        };
        let mut read = Vec::new();
        for frame in frames {
            let (cpu, elapsed, touched) = (entered.cpu, entered.elapsed, entered.touched);
            let left = Terms { budget: terms.budget.saturating_sub(cpu), ..terms.clone() };
            let slice = slice.map(|slice| slice.saturating_sub(cpu));
            entered = self.enter(slot, (Export::Resume, None), frame, entered.output, (left, slice));
            entered.cpu += cpu;
            entered.elapsed += elapsed;
            entered.touched |= touched;
            if keep {
                read.push(std::mem::take(&mut entered.output.inbox));
            }
            if entered.overrun || !matches!(entered.ending, Ending::Returned(Status::Pending)) {
                break;
            }
        }
        (entered, read)
    }

    /// Charges the entry, and restores, parks or throws away its slot. `since`: when the slot was asked for.
    fn finish(
        &mut self,
        mut slot: Slot,
        entered: Entered,
        since: Instant,
        (memory, resumes): (&Purse, ResumesOn),
    ) -> Result<Step, SandboxError> {
        let Entered { ending, output, cpu, elapsed, touched, .. } = entered;
        let cost = slot.snapshot().cost();
        cost.charge(cpu);
        if self.lane == Lane::Short && cpu > 2 * SLICE {
            cost.breach();
        }
        let outcome = match ending {
            Ending::Trapped(trap) => {
                self.slots.retire(slot);
                Outcome::Trap(trap)
            }
            ending => match slot.pages.find_private(&mut self.slots.tracker, touched) {
                Ok(()) => self.leave(slot, ending, (memory, resumes))?,
                Err(error) => {
                    self.slots.retire(slot);
                    return Err(error);
                }
            },
        };
        let Output { writes, submits, logs, share, .. } = output;
        let restore = since.elapsed().saturating_sub(elapsed);
        Ok(Step { outcome, writes, submits, logs, cpu, restore, waited: None, share })
    }

    /// Leaves a slot whose private pages are known: parks the invocation if it waits, else restores the slot.
    fn leave(
        &mut self,
        slot: Slot,
        ending: Ending,
        (memory, resumes): (&Purse, ResumesOn),
    ) -> Result<Outcome, SandboxError> {
        let outcome = match ending {
            Ending::Returned(Status::Pending) => {
                return match self.slots.park(slot, memory, resumes) {
                    Ok(parked) => Ok(Outcome::Pending(parked)),
                    // What it submitted has not begun.
                    Err(SandboxError::NoMemory(refused)) => Ok(Outcome::Trap(Trap::NoMemory(refused))),
                    Err(error) => Err(error),
                };
            }
            Ending::Returned(Status::Done) => Outcome::Done,
            Ending::Returned(Status::JsError) => Outcome::JsError,
            Ending::Stopped(trap) | Ending::Trapped(trap) => Outcome::Trap(trap),
        };
        self.slots.put(slot)?;
        Ok(outcome)
    }

    /// Makes sure that an invocation which waits in a slot of this worker can go on elsewhere.
    pub fn vacate(&mut self, parked: &Parked) -> Result<(), SandboxError> {
        self.slots.vacate(parked)
    }
}
