//! Worker threads: each owns an engine and a few slots, and takes jobs from its lane's queue.
//!
//! Must not know: what comes after a step.
use super::ffi::{Engine, Export, Module};
use super::hostcalls::Output;
use super::image::{Image, Snapshot};
use super::lane::Lane;
use super::metrics::Counters;
use super::pages::Parked;
use super::queue::Queue;
use super::slot::{CpuTime, Ending, Entered, Slot};
use super::slots::{Slots, Waits};
use super::watchdog::{Guard, Watchdog};
use super::{Load, LoadOutcome, Outcome, SandboxError, Step, Trap, signals};
use daplet_abi::{EventKind, Status};
use futures::future::BoxFuture;
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
    guard: Arc<Guard>,
    slots: Slots,
}

impl Worker {
    /// For the calling thread, which needs a large stack.
    pub fn new(shared: Arc<Shared>) -> Result<Worker, SandboxError> {
        let failed = |e: &dyn std::fmt::Display| SandboxError::Engine(e.to_string());
        signals::alternate_stack().map_err(|e| failed(&e))?;
        let engine = Engine::new(Arc::clone(&shared.module)).map_err(|e| failed(&e))?;
        let guard = shared.watchdog.guard().map_err(|e| failed(&e))?;
        let slots = Slots::new(Arc::clone(&shared), engine)?;
        Ok(Worker { shared, guard, slots })
    }

    /// Takes jobs until the queue closes.
    pub fn run(mut self, who: usize, jobs: &Queue<Job>) {
        while let Some(job) = futures::executor::block_on(jobs.take(who)) {
            self.serve(job);
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

    fn load(&mut self, frame: Vec<u8>, budget: Duration) -> Result<Load, SandboxError> {
        let base = Arc::clone(&self.shared.base);
        let mut slot = self.slots.take(&base)?;
        let entered = self.enter(&slot, Export::Load, None, frame, Output::default(), budget);
        let Entered { ending, mut output, cpu, touched } = entered;
        let logs = output.logs;
        if let Ending::Trapped(trap) = ending {
            self.slots.retire(slot);
            return Ok(Load { outcome: LoadOutcome::Trap(trap), logs, cpu });
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
        self.slots.tracker.rests();
        let slot = self.slots.take(snapshot)?;
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
        self.slots.tracker.rests();
        let slot = self.slots.of(&parked)?;
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

    /// Makes sure that an invocation can go on anywhere.
    pub fn let_go(&mut self, parked: &Parked) -> Result<(), SandboxError> {
        self.slots.let_go(parked)
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
        let time = CpuTime { budget, rested: self.slots.tracker.cpu() };
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
            match slot.pages.settle(&mut self.slots.tracker, touched) {
                Ok(()) if pending => outcome = Outcome::Pending(self.slots.park(slot, waits)?),
                Ok(()) => self.slots.put(slot)?,
                Err(error) => {
                    self.slots.retire(slot);
                    return Err(error);
                }
            }
        } else {
            self.slots.retire(slot);
        }
        Ok(Step { outcome, writes: output.writes, submits: output.submits, logs: output.logs, cpu })
    }
}
