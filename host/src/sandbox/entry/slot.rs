//! A slot: one instance of the guest with its memory bound to a snapshot, and one entry into it.
//!
//! Must not know: queues, threads, which slot serves whom.
use super::hostcalls::{self, Entry, Output};
use super::watchdog::{Action, GRACE, Guard, Stop};
use crate::sandbox::memory::image::{Image, Snapshot};
use crate::sandbox::memory::pages::{Pages, Tracker};
use crate::sandbox::program::ffi::{Engine, Export, Instance};
use crate::sandbox::{SandboxError, Trap};
use daplet_abi::{CONTROL_OUT_OF_MEMORY, Status};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Least CPU budget of an entry: the watchdog looks once a millisecond.
const MIN_BUDGET: Duration = Duration::from_millis(1);
/// CPU time between the end of a slice and that of the entry's memory: a native loop must not hold the lane for long.
const SLICE_GRACE: Duration = Duration::from_millis(2);
/// Entries shorter than this on the clock are charged as if they had run all the time.
const SHORT: Duration = Duration::from_millis(2);

/// An instance of the guest.
pub struct Slot {
    instance: Instance,
    /// Memory and binding.
    pub pages: Pages,
    control: u32,
}

/// How an entry ended. After a trap the slot must go.
pub enum Ending {
    /// The guest returned a status.
    Returned(Status),
    /// It was stopped while it ran JavaScript; the slot is sound.
    Stopped(Trap),
    /// It was unwound; the slot is not sound.
    Trapped(Trap),
}

/// One entry's result.
pub struct Entered {
    /// How it ended.
    pub ending: Ending,
    /// What it emitted.
    pub output: Output,
    /// CPU time charged.
    pub cpu: Duration,
    /// Time in the guest by the clock.
    pub elapsed: Duration,
    /// Whether the watchdog wrote into the memory.
    pub touched: bool,
    /// Whether it used up its slice: whatever it did is void.
    pub overrun: bool,
}

/// CPU time of an entry.
#[derive(Clone, Copy, Debug)]
pub struct CpuTime {
    /// How much it may use.
    pub budget: Duration,
    /// The part of it after which the entry is to be undone, where that is less.
    pub slice: Option<Duration>,
    /// The thread's, when it last left a slot at rest, ns.
    pub rested: u64,
}

/// CPU time to charge for an entry that was long by the clock. It may have waited for a core most of that time, and on a busy machine
/// so may the watchdog that should have seen it: so it is bounded by what the thread used since it last was at rest. Reading the
/// thread's clock is a system call, and worth it only for such entries.
fn charged(elapsed: Duration, guard: &Guard, rested: u64) -> Duration {
    let (Some(now), seen) = guard.cpu() else { return elapsed };
    let used = Duration::from_nanos(now.saturating_sub(rested));
    let seen = seen.map(|seen| Duration::from_nanos(now.saturating_sub(seen)) + SHORT / 2);
    elapsed.min(used).min(seen.unwrap_or(Duration::MAX))
}

fn failed(error: impl std::fmt::Display) -> SandboxError {
    SandboxError::Engine(error.to_string())
}

impl Slot {
    /// An instance bound to `snapshot`.
    pub fn new(
        engine: &Rc<Engine>,
        control: u32,
        snapshot: &Arc<Snapshot>,
        tracker: &mut Tracker,
    ) -> Result<Slot, SandboxError> {
        let instance = engine.instantiate().map_err(failed)?;
        let pages = Pages::new(instance.memory(), control, Arc::clone(snapshot), tracker)?;
        Ok(Slot { instance, pages, control })
    }

    /// Enters the guest once.
    pub fn enter(
        &self,
        guard: &Arc<Guard>,
        export: Export,
        kind: Option<i32>,
        inbox: Vec<u8>,
        output: Output,
        (time, stop): (CpuTime, Option<Stop>),
    ) -> Entered {
        let memory = self.instance.memory();
        let length = inbox.len() as i32;
        guard.watch(memory, self.control, stop);
        let entry = Entry::new(memory, Arc::clone(guard), inbox, output);
        let started = Instant::now();
        let slice = time.slice.filter(|slice| *slice < time.budget);
        match slice {
            Some(slice) => guard.begin(slice, SLICE_GRACE),
            None => guard.begin(time.budget.max(MIN_BUDGET), GRACE),
        }
        let (returned, output) = hostcalls::run(entry, || match kind {
            Some(kind) => self.instance.call(export, &[kind, length]),
            None => self.instance.call(export, &[length]),
        });
        let action = guard.end();
        let elapsed = started.elapsed();
        let cpu = if elapsed > SHORT { charged(elapsed, guard, time.rested) } else { elapsed };
        let ending = match (returned, action) {
            (_, Action::Revoked) => Ending::Trapped(Trap::Cpu),
            _ if let Some(refused) = output.refused => Ending::Trapped(Trap::NoMemory(refused)),
            _ if output.violation.is_some() => {
                Ending::Trapped(Trap::Protocol(output.violation.clone().unwrap_or_default()))
            }
            (Ok(status), action) => match (Status::from_i32(status), action) {
                (Some(Status::JsError | Status::Pending), Action::Flagged) => Ending::Stopped(Trap::Cpu),
                (Some(status), _) => Ending::Returned(status),
                (None, _) => Ending::Trapped(Trap::Protocol(format!("the guest returned status {status}"))),
            },
            (Err(_), Action::Flagged) => Ending::Trapped(Trap::Cpu),
            (Err(_), _) if memory.word(self.control + CONTROL_OUT_OF_MEMORY).is_some_and(|word| word != 0) => {
                Ending::Trapped(Trap::Memory)
            }
            (Err(error), _) => Ending::Trapped(Trap::Other(error.to_string())),
        };
        let touched = action != Action::None;
        Entered { ending, output, cpu, elapsed, touched, overrun: touched && slice.is_some() }
    }

    /// Runs `init` in a fresh instance; where the control words are, and the memory as the base image, which is the same in
    /// every process: snapshots are kept over it.
    pub fn bootstrap(engine: &Rc<Engine>, guard: &Arc<Guard>) -> Result<(u32, Image), SandboxError> {
        let instance = engine.instantiate().map_err(failed)?;
        let memory = instance.memory();
        guard.watch(memory, 0, None);
        guard.begin(Duration::from_secs(60), GRACE);
        let entry = Entry::new(memory, Arc::clone(guard), Vec::new(), Output::default());
        let (returned, output) = hostcalls::run_reproducibly(entry, || {
            let status = instance.call(Export::Init, &[])?;
            Ok::<_, crate::sandbox::program::ffi::EngineError>((status, instance.call(Export::Control, &[])?))
        });
        guard.end();
        let words: Vec<_> = output.logs.iter().map(|line| line.text.as_str()).collect();
        let (status, control) = returned.map_err(|error| failed(format!("init: {error} {}", words.join("; "))))?;
        if Status::from_i32(status) != Some(Status::Done) {
            return Err(failed(format!("init returned {status}: {}", words.join("; "))));
        }
        let control = control as u32;
        if !control.is_multiple_of(4) || memory.word(control.saturating_add(CONTROL_OUT_OF_MEMORY)).is_none() {
            return Err(failed(format!("control words at {control} lie outside the memory or are not aligned")));
        }
        let mut private = Vec::new();
        // Once, so the way that needs no self-test.
        crate::sandbox::memory::guest::Scanner::new()
            .and_then(|scanner| scanner.read(&memory, &mut private))
            .map_err(failed)?;
        Ok((control, Image::capture(&memory, private.into_iter())?))
    }
}
