//! Worker threads: each owns an engine and a few slots, and takes jobs from its lane's queue.
//!
//! Must not know: what comes after a step.
use super::lane::{Lane, SLICE};
use super::queue::{Line, Queue};
use super::slots::{Slots, Waits};
use crate::budget::Purse;
use crate::sandbox::entry::hostcalls::Output;
use crate::sandbox::entry::slot::{CpuTime, Ending, Entered, Slot};
use crate::sandbox::entry::watchdog::{Guard, Stop, Watchdog};
use crate::sandbox::memory::image::{Image, Snapshot};
use crate::sandbox::memory::pages::{Ground, Parked};
use crate::sandbox::metrics::Counters;
use crate::sandbox::program::ffi::{Engine, Export, Module};
use crate::sandbox::program::signals;
use crate::sandbox::{Load, LoadOutcome, Outcome, SandboxError, Step, Trap};
use daplet_abi::{EventKind, Status};
use futures::future::BoxFuture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
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
    Load { frame: Vec<u8>, terms: Terms, answer: Answer<Ran<Load, Vec<u8>>> },
    /// Begin an invocation. `since`: when it took a place in the queue; absent where it needs none.
    Handle { event: Event, terms: Terms, since: Option<Instant>, answer: Answer<Step> },
    /// Go on with one.
    Resume { waiting: Waiting, terms: Terms, answer: Answer<Step> },
}

/// What an invocation begins with.
pub struct Event {
    pub snapshot: Arc<Snapshot>,
    pub kind: EventKind,
    pub frame: Vec<u8>,
}

/// What one goes on with: its completions, in order.
pub struct Waiting {
    pub parked: Parked,
    pub frames: Vec<Vec<u8>>,
}

/// What an entry may take.
#[derive(Clone)]
pub struct Terms {
    /// CPU time.
    pub budget: Duration,
    /// Whose memory it takes.
    pub memory: Purse,
    /// Ends it early; absent where nothing can ask for that while it runs.
    pub stop: Option<Stop>,
    /// It used up a slice: short workers have no time for it.
    pub again: bool,
}

impl Terms {
    fn again(self) -> Terms {
        Terms { again: true, ..self }
    }

    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(SeqCst))
    }
}

/// How an entry went that had a slice.
pub enum Ran<D, T> {
    /// To its end.
    Done(D),
    /// It used up its slice, and nothing of it is left but what it began with: a long worker is to make it.
    Overrun(T),
}

impl Job {
    /// Where it belongs now.
    pub fn lane(&self) -> Lane {
        match self {
            Job::Begin { .. } => Lane::Short,
            Job::Load { .. } => Lane::Short,
            Job::Handle { event, .. } => event.snapshot.cost.lane(),
            Job::Resume { waiting, .. } => waiting.parked.snapshot.cost.lane(),
        }
    }

    /// Whether it waits for a long worker although its function has turned out to be cheap since.
    fn misplaced(&self) -> bool {
        match self {
            Job::Begin { .. } | Job::Load { .. } => false,
            Job::Handle { terms, event, .. } => !terms.again && event.snapshot.cost.cheap(),
            Job::Resume { terms, waiting, .. } => !terms.again && waiting.parked.snapshot.cost.cheap(),
        }
    }

    /// Whether anybody waits for it.
    pub fn wanted(&self) -> bool {
        match self {
            Job::Begin { .. } => true,
            Job::Load { terms, .. } | Job::Handle { terms, .. } | Job::Resume { terms, .. } => !terms.stopped(),
        }
    }

    /// When it took its place in the queue, as far as that is known.
    pub fn since(&self) -> Option<Instant> {
        match self {
            Job::Begin { since, .. } => Some(*since),
            Job::Handle { since, .. } => *since,
            Job::Load { .. } | Job::Resume { .. } => None,
        }
    }

    /// Whether it has a place in the queue.
    pub fn counted(&self) -> bool {
        match self {
            Job::Begin { .. } | Job::Load { .. } => true,
            Job::Handle { since, .. } => since.is_some(),
            Job::Resume { .. } => false,
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
    pub ground: Arc<Ground>,
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
    lane: Lane,
    guard: Arc<Guard>,
    slots: Slots,
}

impl Worker {
    /// For the calling thread, which needs a large stack.
    pub fn new(shared: Arc<Shared>, lane: Lane) -> Result<Worker, SandboxError> {
        let failed = |e: &dyn std::fmt::Display| SandboxError::Engine(e.to_string());
        signals::alternate_stack().map_err(|e| failed(&e))?;
        let engine = Engine::new(Arc::clone(&shared.module)).map_err(|e| failed(&e))?;
        let guard = shared.watchdog.guard().map_err(|e| failed(&e))?;
        let slots = Slots::new(Arc::clone(&shared), engine)?;
        Ok(Worker { shared, lane, guard, slots })
    }

    /// Takes jobs until the queue closes.
    pub fn run(mut self, who: usize, jobs: &Queue<Job>) {
        while let Some(job) = futures::executor::block_on(jobs.take(self.lane, who)) {
            // Who waits for the answer is told that there is none.
            if catch_unwind(AssertUnwindSafe(|| self.serve(job, jobs))).is_err() {
                self.renew();
            }
        }
    }

    /// After a panic: nothing of what it left behind is used again.
    pub fn renew(&mut self) {
        tracing::error!("a {} worker panicked and begins again with new slots", self.lane.name());
        match Worker::new(Arc::clone(&self.shared), self.lane) {
            Ok(fresh) => *self = fresh,
            Err(error) => tracing::error!("{error}; it goes on with the slots that it had"),
        }
    }

    /// A job that has waited since then is taken out of the queue; whether that was in time.
    pub fn begins(&self, since: Instant) -> Result<(), SandboxError> {
        self.shared.counters.queued.fetch_sub(1, Relaxed);
        let wait = self.shared.queue_wait;
        if since.elapsed() > wait { Err(SandboxError::Late { wait }) } else { Ok(()) }
    }

    /// Counts the page scans of what `body` does.
    pub fn counted<T>(&mut self, body: impl FnOnce(&mut Worker) -> T) -> T {
        let scans = self.slots.tracker.scans;
        let done = body(self);
        self.shared.counters.scans.fetch_add(self.slots.tracker.scans - scans, Relaxed);
        done
    }

    /// Does one job and answers it, or puts it into the long workers' line of `jobs`.
    pub fn serve(&mut self, job: Job, jobs: &Queue<Job>) {
        if self.lane == Lane::Long && job.misplaced() {
            drop(jobs.put(Line::Short, job));
            return;
        }
        // A caller that went away needs no answer.
        self.counted(|worker| match job {
            // It runs where its runtime is (`resident`).
            Job::Begin { .. } => {}
            Job::Load { frame, terms, answer } => {
                worker.shared.counters.queued.fetch_sub(1, Relaxed);
                if terms.stopped() {
                    return;
                }
                drop(answer.send(worker.load(frame, &terms)));
            }
            Job::Handle { event, terms, since, answer } => {
                let waited = since.map(|since| since.elapsed());
                let begins = since.map_or(Ok(()), |since| worker.begins(since));
                if terms.stopped() {
                    return;
                }
                match begins.and_then(|()| worker.handle(event, &terms, Waits::Anywhere)) {
                    Ok(Ran::Done(step)) => drop(answer.send(Ok(Step { waited, ..step }))),
                    Ok(Ran::Overrun(event)) => {
                        let terms = terms.again();
                        drop(jobs.put(Line::Long, Job::Handle { event, terms, since: None, answer }));
                    }
                    Err(error) => drop(answer.send(Err(error))),
                }
            }
            Job::Resume { waiting, terms, answer } => {
                if terms.stopped() {
                    return;
                }
                match worker.resume(waiting, &terms, Waits::Anywhere) {
                    Ok(Ran::Done(step)) => drop(answer.send(Ok(step))),
                    Ok(Ran::Overrun(waiting)) => {
                        let terms = terms.again();
                        drop(jobs.put(Line::Long, Job::Resume { waiting, terms, answer }));
                    }
                    Err(error) => drop(answer.send(Err(error))),
                }
            }
        });
    }

    fn load(&mut self, frame: Vec<u8>, terms: &Terms) -> Result<Ran<Load, Vec<u8>>, SandboxError> {
        let base = Arc::clone(&self.shared.base);
        let mut slot = self.slots.take(&base)?;
        // Elsewhere a long worker gives what is left of the budget. Evaluations come to that in the order of their turns.
        let terms = (terms.clone(), (!terms.again).then_some(SLICE));
        let mut entered = self.enter(&slot, (Export::Load, None), frame, Output::default(), terms);
        if entered.overrun {
            let frame = std::mem::take(&mut entered.output.inbox);
            return self.undo(slot, &entered).map(|()| Ran::Overrun(frame));
        }
        let Entered { ending, mut output, cpu, touched, .. } = entered;
        let logs = output.logs;
        if let Ending::Trapped(trap) = ending {
            self.slots.retire(slot);
            return Ok(Ran::Done(Load { outcome: LoadOutcome::Trap(trap), logs, cpu }));
        }
        let snapshot = match slot.pages.settle(&mut self.slots.tracker, touched).and_then(|()| match ending {
            Ending::Returned(Status::Done) => slot.pages.snapshot().map(Some),
            _ => Ok(None),
        }) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                self.slots.retire(slot);
                return Err(error);
            }
        };
        self.slots.put(slot)?;
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
        Ok(Ran::Done(Load { outcome, logs, cpu }))
    }

    /// Begins an invocation.
    pub fn handle(&mut self, event: Event, terms: &Terms, waits: Waits) -> Result<Ran<Step, Event>, SandboxError> {
        self.slots.tracker.rests();
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
        self.finish(slot, entered, since, (&terms.memory, waits)).map(Ran::Done)
    }

    /// Goes on with one.
    pub fn resume(
        &mut self,
        waiting: Waiting,
        terms: &Terms,
        waits: Waits,
    ) -> Result<Ran<Step, Waiting>, SandboxError> {
        self.slots.tracker.rests();
        let since = Instant::now();
        let Waiting { parked, frames } = waiting;
        // To be undone it has to be copied first, which some functions have proved to be needless.
        let worth = terms.budget > SLICE && !parked.snapshot.cost.trusted(terms.budget);
        let slice = self.slice().filter(|_| worth);
        let (slot, kept) = self.slots.of(&parked, slice.is_some())?;
        let (slice, parked) = (slice.filter(|_| kept), kept.then_some(parked));
        let mut entered = Entered {
            ending: Ending::Returned(Status::Pending),
            output: Output::counted(&terms.memory),
            cpu: Duration::ZERO,
            elapsed: Duration::ZERO,
            touched: false,
            overrun: false,
        };
        let (mut frames, mut read) = (frames.into_iter(), Vec::new());
        for frame in frames.by_ref() {
            let (cpu, elapsed, touched) = (entered.cpu, entered.elapsed, entered.touched);
            let left = Terms { budget: terms.budget.saturating_sub(cpu), ..terms.clone() };
            let slice = slice.map(|slice| slice.saturating_sub(cpu));
            entered = self.enter(&slot, (Export::Resume, None), frame, entered.output, (left, slice));
            entered.cpu += cpu;
            entered.elapsed += elapsed;
            entered.touched |= touched;
            if parked.is_some() {
                read.push(std::mem::take(&mut entered.output.inbox));
            }
            if entered.overrun || !matches!(entered.ending, Ending::Returned(Status::Pending)) {
                break;
            }
        }
        match parked {
            Some(parked) if entered.overrun => {
                self.undo(slot, &entered)?;
                read.extend(frames);
                Ok(Ran::Overrun(Waiting { parked, frames: read }))
            }
            _ => self.finish(slot, entered, since, (&terms.memory, waits)).map(Ran::Done),
        }
    }

    /// What an entry gets before it is undone; only long workers have time for all.
    fn slice(&self) -> Option<Duration> {
        (self.lane == Lane::Short).then_some(SLICE)
    }

    /// Makes an entry that used up its slice as if it had never been.
    fn undo(&mut self, mut slot: Slot, entered: &Entered) -> Result<(), SandboxError> {
        slot.pages.bound().cost.overrun();
        self.shared.counters.overruns.fetch_add(1, Relaxed);
        if matches!(entered.ending, Ending::Trapped(_)) {
            self.slots.retire(slot);
            return Ok(());
        }
        match slot.pages.settle(&mut self.slots.tracker, true) {
            Ok(()) => self.slots.put(slot),
            Err(error) => {
                self.slots.retire(slot);
                Err(error)
            }
        }
    }

    /// Makes sure that an invocation can go on anywhere.
    pub fn let_go(&mut self, parked: &Parked) -> Result<(), SandboxError> {
        self.slots.let_go(parked)
    }

    fn enter(
        &self,
        slot: &Slot,
        (export, kind): (Export, Option<EventKind>),
        frame: Vec<u8>,
        output: Output,
        (terms, slice): (Terms, Option<Duration>),
    ) -> Entered {
        self.shared.counters.entries.fetch_add(1, Relaxed);
        let time = CpuTime { budget: terms.budget, slice, rested: self.slots.tracker.cpu() };
        slot.enter(&self.guard, export, kind.map(|kind| kind as i32), frame, output, (time, terms.stop))
    }

    /// `since`: when the slot was asked for.
    fn finish(
        &mut self,
        mut slot: Slot,
        entered: Entered,
        since: Instant,
        (memory, waits): (&Purse, Waits),
    ) -> Result<Step, SandboxError> {
        let Entered { ending, output, cpu, elapsed, touched, .. } = entered;
        slot.pages.bound().cost.charge(cpu);
        if self.lane == Lane::Short && cpu > 2 * SLICE {
            slot.pages.bound().cost.breach();
        }
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
            match slot.pages.settle(&mut self.slots.tracker, touched) {
                Ok(()) if pending => {
                    outcome = match self.slots.park(slot, memory, waits) {
                        Ok(parked) => Outcome::Pending(parked),
                        // What it submitted has not begun.
                        Err(SandboxError::NoMemory(refused)) => Outcome::Trap(Trap::NoMemory(refused)),
                        Err(error) => return Err(error),
                    }
                }
                Ok(()) => self.slots.put(slot)?,
                Err(error) => {
                    self.slots.retire(slot);
                    return Err(error);
                }
            }
        } else {
            self.slots.retire(slot);
        }
        let Output { writes, submits, logs, share, .. } = output;
        let restore = since.elapsed().saturating_sub(elapsed);
        Ok(Step { outcome, writes, submits, logs, cpu, restore, waited: None, share })
    }
}
