//! Worker threads: each owns an engine and a few slots, and takes jobs from its lane's queue.
//!
//! Must not know: what comes after a step.
use super::ffi::{Engine, Export, Module};
use super::hostcalls::Output;
use super::image::{Image, Snapshot};
use super::lane::Lane;
use super::metrics::{Counters, ParkedCount};
use super::pages::{Parked, Place, Tracker};
use super::slot::{CpuTime, Ending, Entered, Slot};
use super::watchdog::{Guard, Watchdog};
use super::{Load, LoadOutcome, Outcome, SandboxError, Step, Trap, signals};
use async_channel::Receiver;
use daplet_abi::{EventKind, Status};
use futures::future::BoxFuture;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

type Answer<T> = oneshot::Sender<Result<T, SandboxError>>;

/// What drives an invocation, once it is known whether its turn came in time.
pub type Task = Box<dyn FnOnce(Result<(), SandboxError>) -> BoxFuture<'static, ()> + Send>;

/// What a worker is asked to do.
pub enum Job {
    /// Run what drives an invocation.
    Begin { since: Instant, task: Task },
    /// Load a function into the base image.
    Load { frame: Vec<u8>, budget: Duration, answer: Answer<Load> },
    /// Begin an invocation.
    Handle {
        snapshot: Arc<Snapshot>,
        kind: EventKind,
        frame: Vec<u8>,
        budget: Duration,
        since: Instant,
        answer: Answer<Step>,
    },
    /// Go on with one.
    Resume { parked: Parked, frames: Vec<Vec<u8>>, budget: Duration, answer: Answer<Step> },
}

impl Job {
    /// Where it belongs now.
    pub fn lane(&self) -> Lane {
        match self {
            Job::Begin { .. } => Lane::Short,
            Job::Load { .. } => Lane::Long,
            Job::Handle { snapshot, .. } => snapshot.cost.lane(),
            Job::Resume { parked, .. } => parked.snapshot.cost.lane(),
        }
    }
}

/// What all workers share.
pub struct Shared {
    pub module: Arc<Module>,
    pub base: Arc<Snapshot>,
    pub control: u32,
    pub counters: Arc<Counters>,
    pub watchdog: Arc<Watchdog>,
    pub slots_per_worker: usize,
    pub queue_wait: Duration,
    pub verify_restore: u32,
}

/// Runs `init` and takes the base image. On the calling thread, which needs a large stack.
pub fn bootstrap(module: &Arc<Module>, watchdog: &Arc<Watchdog>) -> Result<(u32, Arc<Image>), SandboxError> {
    let failed = |e: &dyn std::fmt::Display| SandboxError::Engine(e.to_string());
    signals::alternate_stack().map_err(|e| failed(&e))?;
    let engine = Engine::new(Arc::clone(module)).map_err(|e| failed(&e))?;
    let guard = watchdog.guard().map_err(|e| failed(&e))?;
    let (control, image) = Slot::bootstrap(&engine, &guard)?;
    Ok((control, Arc::new(image)))
}

/// One worker thread's state.
pub struct Worker {
    shared: Arc<Shared>,
    engine: Rc<Engine>,
    guard: Arc<Guard>,
    tracker: Tracker,
    /// The slot used last comes first.
    slots: Vec<Slot>,
    /// Slots with invocations that wait; the oldest first.
    kept: Vec<Kept>,
    /// Restores and rebindings since the last whole comparison.
    unverified: u32,
    /// Requests for which no slot was bound.
    misses: u32,
}

/// A slot in which an invocation waits, because what it waits for may come at once: then nothing has to be copied out and in.
struct Kept {
    slot: Slot,
    place: Arc<Place>,
    since: Instant,
}

/// Invocations that wait in their slots.
const KEPT: usize = 2;
/// One that has waited so long makes room for another.
const STALE: Duration = Duration::from_millis(2);

/// What becomes of an invocation that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// It may stay in its slot: it goes on on this thread.
    Here,
    /// It may go on anywhere.
    Anywhere,
}

/// Every so many rebindings take the slot unused for longest.
const FORGET: u32 = 8;

impl Worker {
    /// For the calling thread, which needs a large stack.
    pub fn new(shared: Arc<Shared>) -> Result<Worker, SandboxError> {
        let failed = |e: &dyn std::fmt::Display| SandboxError::Engine(e.to_string());
        signals::alternate_stack().map_err(|e| failed(&e))?;
        let engine = Engine::new(Arc::clone(&shared.module)).map_err(|e| failed(&e))?;
        let guard = shared.watchdog.guard().map_err(|e| failed(&e))?;
        let mut worker = Worker {
            engine,
            guard,
            tracker: Tracker::new()?,
            slots: Vec::new(),
            kept: Vec::new(),
            unverified: 0,
            misses: 0,
            shared,
        };
        let base = Arc::clone(&worker.shared.base);
        let slot = worker.slot(&base)?;
        worker.slots.push(slot);
        Ok(worker)
    }

    /// Takes jobs until the queue closes.
    pub fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv_blocking() {
            self.serve(job);
        }
        self.end();
    }

    /// Its slots go with it.
    pub fn end(self) {
        self.shared.counters.slots.fetch_sub((self.slots.len() + self.kept.len()) as u64, Relaxed);
    }

    /// A job that has waited since then is taken out of the queue; whether that was in time.
    pub fn begins(&self, since: Instant) -> Result<(), SandboxError> {
        self.shared.counters.queued.fetch_sub(1, Relaxed);
        let wait = self.shared.queue_wait;
        if since.elapsed() > wait { Err(SandboxError::Late { wait }) } else { Ok(()) }
    }

    /// Counts the page scans of what `body` does.
    pub fn counted<T>(&mut self, body: impl FnOnce(&mut Worker) -> T) -> T {
        let scans = self.tracker.scans;
        let done = body(self);
        self.shared.counters.scans.fetch_add(self.tracker.scans - scans, Relaxed);
        done
    }

    /// Does one job and answers it.
    pub fn serve(&mut self, job: Job) {
        // A caller that went away needs no answer.
        self.counted(|worker| match job {
            // It runs where its runtime is (`resident`).
            Job::Begin { .. } => {}
            Job::Load { frame, budget, answer } => {
                worker.shared.counters.queued.fetch_sub(1, Relaxed);
                if !answer.is_closed() {
                    let _ = answer.send(worker.load(frame, budget));
                }
            }
            Job::Handle { snapshot, kind, frame, budget, since, answer } => {
                let begins = worker.begins(since);
                if !answer.is_closed() {
                    let _ = answer
                        .send(begins.and_then(|()| worker.handle(&snapshot, kind, frame, budget, Waits::Anywhere)));
                }
            }
            Job::Resume { parked, frames, budget, answer } => {
                if !answer.is_closed() {
                    let _ = answer.send(worker.resume(parked, frames, budget, Waits::Anywhere));
                }
            }
        });
    }

    fn slot(&mut self, snapshot: &Arc<Snapshot>) -> Result<Slot, SandboxError> {
        // The module has been instantiated before: what can be missing now is memory.
        let slot = Slot::new(&self.engine, self.shared.control, snapshot, &mut self.tracker)
            .map_err(|e| SandboxError::NoSlot(e.to_string()))?;
        self.shared.counters.slots.fetch_add(1, Relaxed);
        Ok(slot)
    }

    /// Takes a slot bound to `snapshot` out of the rest: the one that is, or a new one, or one of another function.
    fn take(&mut self, snapshot: &Arc<Snapshot>) -> Result<Slot, SandboxError> {
        if let Some(index) = self.slots.iter().position(|slot| Arc::ptr_eq(slot.pages.bound(), snapshot)) {
            return Ok(self.slots.remove(index));
        }
        if self.slots.len() + self.kept.len() < self.shared.slots_per_worker {
            match self.slot(snapshot) {
                // Fewer have to do.
                Err(SandboxError::NoSlot(_)) if !(self.slots.is_empty() && self.kept.is_empty()) => {}
                result => return result,
            }
        }
        if self.slots.is_empty() && !self.kept.is_empty() {
            self.release(0)?;
            return self.take(snapshot);
        }
        if self.slots.is_empty() {
            return self.slot(snapshot);
        }
        // The slot used last is in the processor's caches. Now and then it is the one unused for longest, or what a slot was
        // bound to once would stay bound for ever.
        self.misses = self.misses.wrapping_add(1);
        let index = if self.misses.is_multiple_of(FORGET) { self.slots.len() - 1 } else { 0 };
        let mut slot = self.slots.remove(index);
        self.shared.counters.rebinds.fetch_add(1, Relaxed);
        match slot.pages.bind(snapshot, &mut self.tracker).and_then(|()| self.verify(&slot)) {
            Ok(()) => Ok(slot),
            Err(error) => {
                self.retire(slot);
                Err(error)
            }
        }
    }

    /// Puts a restored slot back.
    fn put(&mut self, mut slot: Slot) -> Result<(), SandboxError> {
        let restored = slot.pages.restore(&mut self.tracker).and_then(|()| self.verify(&slot));
        match restored {
            Ok(()) => self.slots.insert(0, slot),
            Err(_) => self.retire(slot),
        }
        restored
    }

    /// Compares the whole memory with its snapshot, every so often.
    fn verify(&mut self, slot: &Slot) -> Result<(), SandboxError> {
        if self.shared.verify_restore == 0 {
            return Ok(());
        }
        self.unverified += 1;
        if self.unverified >= self.shared.verify_restore {
            self.unverified = 0;
            slot.pages.verify(&self.tracker)?;
            self.shared.counters.verified.fetch_add(1, Relaxed);
        }
        Ok(())
    }

    fn retire(&self, slot: Slot) {
        drop(slot);
        self.shared.counters.slots.fetch_sub(1, Relaxed);
        self.shared.counters.retired.fetch_add(1, Relaxed);
    }

    fn load(&mut self, frame: Vec<u8>, budget: Duration) -> Result<Load, SandboxError> {
        let base = Arc::clone(&self.shared.base);
        let mut slot = self.take(&base)?;
        let entered = self.enter(&slot, Export::Load, None, frame, Output::default(), budget);
        let Entered { ending, mut output, cpu, touched } = entered;
        let logs = output.logs;
        if let Ending::Trapped(trap) = ending {
            self.retire(slot);
            return Ok(Load { outcome: LoadOutcome::Trap(trap), logs, cpu });
        }
        let snapshot = match slot.pages.settle(&mut self.tracker, touched).and_then(|()| match ending {
            Ending::Returned(Status::Done) => slot.pages.snapshot().map(Some),
            _ => Ok(None),
        }) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                self.retire(slot);
                return Err(error);
            }
        };
        self.put(slot)?;
        let outcome = match (ending, snapshot, output.writes.pop()) {
            (Ending::Stopped(trap) | Ending::Trapped(trap), ..) => LoadOutcome::Trap(trap),
            (Ending::Returned(Status::Pending), ..) => {
                LoadOutcome::Trap(Trap::Protocol("load came back pending".to_owned()))
            }
            (Ending::Returned(_), _, None) => LoadOutcome::Trap(Trap::Protocol("load wrote no frame".to_owned())),
            (Ending::Returned(_), Some(snapshot), Some(report)) => {
                LoadOutcome::Loaded { snapshot: Arc::new(snapshot), report }
            }
            (Ending::Returned(_), None, Some(error)) => LoadOutcome::JsError(error),
        };
        Ok(Load { outcome, logs, cpu })
    }

    /// Begins an invocation.
    pub fn handle(
        &mut self,
        snapshot: &Arc<Snapshot>,
        kind: EventKind,
        frame: Vec<u8>,
        budget: Duration,
        waits: Waits,
    ) -> Result<Step, SandboxError> {
        self.tracker.rests();
        let slot = self.take(snapshot)?;
        let entered = self.enter(&slot, Export::Handle, Some(kind as i32), frame, Output::default(), budget);
        self.finish(slot, entered, waits)
    }

    /// Goes on with one.
    pub fn resume(
        &mut self,
        parked: Parked,
        frames: Vec<Vec<u8>>,
        budget: Duration,
        waits: Waits,
    ) -> Result<Step, SandboxError> {
        self.tracker.rests();
        let slot = match self.kept_by(&parked) {
            Some(index) => self.kept.remove(index).slot,
            None => {
                let mut slot = self.take(&parked.snapshot)?;
                if let Err(error) = slot.pages.unpark(&parked, &mut self.tracker) {
                    self.put(slot)?;
                    return Err(error);
                }
                slot
            }
        };
        drop(parked);
        let mut entered = Entered {
            ending: Ending::Returned(Status::Pending),
            output: Output::default(),
            cpu: Duration::ZERO,
            touched: false,
        };
        for frame in frames {
            let (cpu, touched) = (entered.cpu, entered.touched);
            let left = budget.saturating_sub(cpu);
            entered = self.enter(&slot, Export::Resume, None, frame, entered.output, left);
            entered.cpu += cpu;
            entered.touched |= touched;
            if !matches!(entered.ending, Ending::Returned(Status::Pending)) {
                break;
            }
        }
        self.finish(slot, entered, waits)
    }

    fn kept_by(&self, parked: &Parked) -> Option<usize> {
        self.kept.iter().position(|kept| Arc::ptr_eq(&kept.place, &parked.place))
    }

    /// Makes sure that an invocation can go on anywhere.
    pub fn let_go(&mut self, parked: &Parked) -> Result<(), SandboxError> {
        self.kept_by(parked).map_or(Ok(()), |index| self.release(index))
    }

    /// Frees a slot that an invocation waits in; one that has been given up meanwhile is not taken out.
    fn release(&mut self, index: usize) -> Result<(), SandboxError> {
        let Kept { slot, place, .. } = self.kept.remove(index);
        if Arc::strong_count(&place) > 1 {
            slot.pages.take_out(&place, &mut self.tracker);
        }
        self.put(slot)
    }

    /// Parks what waits in `slot`: there, if it may and there is room, or outside.
    fn park(&mut self, slot: Slot, waits: Waits) -> Result<Parked, SandboxError> {
        let parked = slot.pages.keep(ParkedCount::new(&self.shared.counters));
        if waits == Waits::Here && self.kept.len() == KEPT && self.kept[0].since.elapsed() > STALE {
            self.release(0)?;
        }
        if waits == Waits::Here && self.kept.len() < KEPT {
            self.kept.push(Kept { slot, place: Arc::clone(&parked.place), since: Instant::now() });
        } else {
            slot.pages.take_out(&parked.place, &mut self.tracker);
            self.put(slot)?;
        }
        Ok(parked)
    }

    fn enter(
        &self,
        slot: &Slot,
        export: Export,
        kind: Option<i32>,
        frame: Vec<u8>,
        output: Output,
        budget: Duration,
    ) -> Entered {
        self.shared.counters.entries.fetch_add(1, Relaxed);
        let time = CpuTime { budget, rested: self.tracker.cpu() };
        slot.enter(&self.guard, export, kind, frame, output, time)
    }

    fn finish(&mut self, mut slot: Slot, entered: Entered, waits: Waits) -> Result<Step, SandboxError> {
        let Entered { ending, output, cpu, touched } = entered;
        slot.pages.bound().cost.charge(cpu);
        let mut sound = true;
        let mut pending = false;
        let mut outcome = match ending {
            Ending::Returned(Status::Done) => Outcome::Done,
            Ending::Returned(Status::JsError) => Outcome::JsError,
            Ending::Returned(Status::Pending) => {
                pending = true;
                Outcome::Done
            }
            Ending::Stopped(trap) => Outcome::Trap(trap),
            Ending::Trapped(trap) => {
                sound = false;
                Outcome::Trap(trap)
            }
        };
        if sound {
            match slot.pages.settle(&mut self.tracker, touched) {
                Ok(()) if pending => outcome = Outcome::Pending(self.park(slot, waits)?),
                Ok(()) => self.put(slot)?,
                Err(error) => {
                    self.retire(slot);
                    return Err(error);
                }
            }
        } else {
            self.retire(slot);
        }
        Ok(Step { outcome, writes: output.writes, submits: output.submits, logs: output.logs, cpu })
    }
}
