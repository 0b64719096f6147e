//! The sandbox's front: asynchronous calls that put jobs into the workers' queue.
//!
//! Must not know: how a job is done.
use super::config::SandboxConfig;
use super::job::{Event, Job, Ran, Task, Terms, Waiting};
use super::lane::{Lane, SLICE};
use super::queue::{Line, Queue};
use super::resident;
use super::shared::Shared;
use super::slots::ResumesOn;
use super::step::{Load, Step};
use crate::budget::Purse;
use crate::sandbox::SandboxError;
use crate::sandbox::entry::guard::Stop;
use crate::sandbox::entry::parked::Parked;
use crate::sandbox::metrics::{Metrics, QueueLine};
use crate::sandbox::program::Program;
use crate::sandbox::program::snapshot::Snapshot;
use daplet_abi::EventKind;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Running workers and their queue. Dropping it ends the workers once the queue is empty.
pub struct Sandbox {
    jobs: Arc<Queue<Job>>,
    pub(super) shared: Arc<Shared>,
    queue: usize,
    workers: usize,
    drivers: Option<Handle>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.watchdog.stop();
        self.jobs.close();
    }
}

impl Sandbox {
    pub(super) fn new(jobs: Arc<Queue<Job>>, shared: Arc<Shared>, config: &SandboxConfig, workers: usize) -> Sandbox {
        Sandbox { jobs, shared, queue: config.queue.max(1), workers, drivers: config.drivers.clone() }
    }

    /// The program that it was started with.
    pub fn program(&self) -> &Arc<Program> {
        &self.shared.program
    }

    /// Evaluates a function's module in `program`: `frame` is a [`daplet_abi::load::LoadRequest`] with the source as
    /// its body. A module that needs more than [`EVALUATION`](super::lane::EVALUATION) waits for `turn`, and keeps what
    /// that gave while a long worker evaluates it.
    pub async fn load<T, E: From<SandboxError>>(
        &self,
        program: &Arc<Program>,
        frame: Vec<u8>,
        budget: Duration,
        turn: impl Future<Output = Result<T, E>>,
    ) -> Result<Load, E> {
        let base = program.base_snapshot();
        // An upload has a share for what it takes.
        let terms = Terms { budget, memory: Purse::default(), stop: None, overran: false };
        match self.evaluate(Line::Trial, terms.clone(), Arc::clone(&base), frame).await? {
            Ran::Done(load) => Ok(load),
            Ran::Overrun(frame) => {
                let _turn = turn.await?;
                match self.evaluate(Line::Evaluation, terms.overran(), base, frame).await? {
                    Ran::Done(load) => Ok(load),
                    Ran::Overrun(_) => Err(SandboxError::engine("a long worker gave only a slice").into()),
                }
            }
        }
    }

    async fn evaluate(
        &self,
        line: Line,
        terms: Terms,
        base: Arc<Snapshot>,
        frame: Vec<u8>,
    ) -> Result<Ran<Load, Vec<u8>>, SandboxError> {
        self.admit()?;
        self.submit(line, terms, |terms, answer| Job::Load { base, frame, terms, answer }).await
    }

    /// Runs the task that drives one invocation of `snapshot`, which may take `budget` of CPU time. A function whose
    /// entries are short is driven on a worker's own thread, when one has time: the entries are made there, and
    /// completions wake no other thread. Others are driven elsewhere, and their entries go through the queue. A task
    /// gets the reason where no worker was free in time, and should end then.
    pub fn begin(&self, snapshot: &Arc<Snapshot>, budget: Duration, task: Task) {
        if self.line(snapshot, budget) != Line::Short {
            self.drive(task(Ok(())));
        } else if let Err(error) = self.admit() {
            self.drive(task(Err(error)));
        } else {
            // The queue closes only with the sandbox.
            let _closed = self.jobs.put(Line::Short, Job::Begin { since: Instant::now(), task });
        }
    }

    /// The line in which an entry waits. An entry of unknown cost must not delay others.
    fn line(&self, snapshot: &Snapshot, budget: Duration) -> Line {
        let unknown = budget > SLICE && !snapshot.cost().known();
        if unknown && !self.jobs.idle(Lane::Short) { Line::Trial } else { Lane::of(snapshot.cost()).into() }
    }

    fn drive(&self, task: BoxFuture<'static, ()>) {
        match &self.drivers {
            Some(drivers) => drop(drivers.spawn(task)),
            None => drop(tokio::spawn(task)),
        }
    }

    /// Begins an invocation; `frame` is an event of that `kind`, `budget` the CPU time of this entry. The output of the
    /// invocation, and its pages while it waits, take shares of `memory`. Dropping the future stops the entry.
    pub async fn handle(
        &self,
        snapshot: Arc<Snapshot>,
        kind: EventKind,
        frame: Vec<u8>,
        budget: Duration,
        memory: &Purse,
    ) -> Result<Step, SandboxError> {
        let (mut event, terms) =
            (Event { snapshot, kind, frame }, Terms { budget, memory: memory.clone(), stop: None, overran: false });
        if resident::serves(Lane::of(event.snapshot.cost())) {
            match resident::step(|worker| worker.handle(event, &terms, ResumesOn::ThisThread))? {
                Ran::Done(step) => return Ok(step),
                Ran::Overrun(undone) => event = undone,
            }
            let long = |terms, answer| Job::Handle { event, terms, since: None, answer };
            return self.submit(Line::Long, terms.overran(), long).await;
        }
        self.admit()?;
        let (line, since) = (self.line(&event.snapshot, budget), Some(Instant::now()));
        self.submit(line, terms, |terms, answer| Job::Handle { event, terms, since, answer }).await
    }

    /// Goes on with an invocation: delivers completions in order until it no longer waits. `budget` is the CPU time of
    /// all of them. Dropping the future stops the entry.
    pub async fn resume(&self, parked: Parked, frames: Vec<Vec<u8>>, budget: Duration) -> Result<Step, SandboxError> {
        let terms = Terms { budget, memory: parked.memory.clone(), stop: None, overran: false };
        let mut waiting = Waiting { parked, frames };
        let (mut lane, mut overran) = (Lane::of(waiting.parked.snapshot.cost()), false);
        if resident::serves(lane) {
            match resident::step(|worker| worker.resume(waiting, &terms, ResumesOn::ThisThread))? {
                Ran::Done(step) => return Ok(step),
                Ran::Overrun(undone) => (waiting, lane, overran) = (undone, Lane::Long, true),
            }
        }
        resident::vacate(&waiting.parked)?;
        let terms = Terms { overran, ..terms };
        self.submit(lane.into(), terms, |terms, answer| Job::Resume { waiting, terms, answer }).await
    }

    /// The counters now.
    pub fn metrics(&self) -> Metrics {
        self.shared.counters.read()
    }

    /// The lines of jobs that wait for a worker.
    pub fn lines(&self) -> [QueueLine; 4] {
        self.jobs.lines(Job::since).map(|(line, length, oldest)| QueueLine {
            name: line.name(),
            length,
            oldest: oldest.map_or(Duration::ZERO, |since| since.elapsed()),
        })
    }

    /// Jobs that wait for a worker now.
    pub fn queued(&self) -> usize {
        self.shared.counters.queued.load(Relaxed)
    }

    /// Jobs that may wait for a worker.
    pub fn queue_limit(&self) -> usize {
        self.queue
    }

    /// Threads that run guests.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Takes a place in the queue.
    fn admit(&self) -> Result<(), SandboxError> {
        if self.shared.counters.queued.fetch_add(1, Relaxed) >= self.queue {
            self.shared.counters.queued.fetch_sub(1, Relaxed);
            return Err(SandboxError::Overloaded { limit: self.queue });
        }
        Ok(())
    }

    /// Puts a job in line and waits for its answer. Dropped before that, it withdraws the job, also while it runs.
    async fn submit<T>(
        &self,
        line: Line,
        terms: Terms,
        job: impl FnOnce(Terms, oneshot::Sender<Result<T, SandboxError>>) -> Job,
    ) -> Result<T, SandboxError> {
        let ((answer, wait), stop) = (oneshot::channel(), Stop::default());
        let mut submitted = Submitted { sandbox: self, stop: Some(Arc::clone(&stop)) };
        let job = job(Terms { stop: Some(stop), ..terms }, answer);
        self.jobs.put(line, job).map_err(|_| SandboxError::Stopped)?;
        let answered = wait.await;
        submitted.stop = None;
        answered.map_err(|_| SandboxError::Stopped)?
    }
}

/// A job whose caller waits; without a flag once it has its answer.
struct Submitted<'a> {
    sandbox: &'a Sandbox,
    stop: Option<Stop>,
}

impl Drop for Submitted<'_> {
    fn drop(&mut self) {
        let Some(stop) = &self.stop else { return };
        stop.store(true, SeqCst);
        let unwanted = self.sandbox.jobs.abandon(Job::wanted);
        let counted = unwanted.iter().filter(|job| job.counted()).count();
        self.sandbox.shared.counters.queued.fetch_sub(counted, Relaxed);
    }
}
