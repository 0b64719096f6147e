//! The sandbox's front: start, and the asynchronous calls that put jobs into the workers' queue.
//!
//! Must not know: how a job is done.
use super::lane::{Lane, SLICE};
use super::queue::{Line, Queue};
use super::resident;
use super::slots::Waits;
use super::worker::{self, Event, Job, Ran, Shared, Task, Terms, Waiting, Worker};
use crate::budget::Purse;
use crate::sandbox::entry::watchdog::{Stop, Watchdog};
use crate::sandbox::memory::image::Snapshot;
use crate::sandbox::memory::mappings::Mappings;
use crate::sandbox::memory::pages::{Ground, Parked};
use crate::sandbox::memory::probe;
use crate::sandbox::metrics::{Metrics, QueueLine};
use crate::sandbox::program::aot;
use crate::sandbox::program::ffi::Module;
use crate::sandbox::program::signals;
use crate::sandbox::program::stored::Base;
use crate::sandbox::{Load, Progress, SandboxError, Step};
use daplet_abi::EventKind;
use futures::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How to start a [`Sandbox`].
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Folder of the compiled guest; made private (mode 0700).
    pub cache_dir: PathBuf,
    /// Threads that run short entries, and as many for long ones; 0: one per core.
    pub workers: usize,
    /// Jobs that may wait for a worker; more are refused as [`SandboxError::Overloaded`]. Resumes are never refused.
    pub queue: usize,
    /// Instances per worker: functions that can take turns without rebinding.
    pub slots_per_worker: usize,
    /// Jobs that waited longer are refused as [`SandboxError::Late`]. Resumes are never refused.
    pub queue_wait: Duration,
    /// Compare the whole memory with its snapshot after every so many restores and rebindings of a worker; 0: never. For
    /// tests of isolation, slow.
    pub verify_restore: u32,
    /// Runs the tasks that drive long invocations; absent: the runtime that calls [`Sandbox::begin`].
    pub drivers: Option<Handle>,
}

impl Default for SandboxConfig {
    fn default() -> SandboxConfig {
        SandboxConfig {
            cache_dir: PathBuf::from("daplet-cache"),
            workers: 0,
            queue: 10_000,
            slots_per_worker: 8,
            queue_wait: Duration::from_secs(60),
            verify_restore: u32::from(cfg!(debug_assertions)),
            drivers: None,
        }
    }
}

/// The running engine. Cheap to share by `Arc`; dropping it ends the workers once the queue is empty.
pub struct Sandbox {
    jobs: Arc<Queue<Job>>,
    pub(in crate::sandbox) shared: Arc<Shared>,
    queue: usize,
    workers: usize,
    base_bytes: usize,
    drivers: Option<Handle>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.watchdog.stop();
        self.jobs.close();
    }
}

fn thread_with_stack<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<thread::JoinHandle<T>, SandboxError> {
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(signals::STACK_BYTES)
        .spawn(body)
        .map_err(|e| SandboxError::Engine(format!("cannot start the thread {name}: {e}")))
}

impl Sandbox {
    /// Makes sure that the compiled form of `wasm` is in `cache_dir`.
    pub fn compile(cache_dir: &Path, wasm: &[u8], progress: impl Fn(Progress)) -> Result<(), SandboxError> {
        aot::obtain(cache_dir, wasm, &progress).map(drop)
    }

    /// Finds or makes the compiled guest, proves that it runs compiled, initialises it and starts the workers. Blocks.
    pub fn start(config: SandboxConfig, wasm: &[u8], progress: impl Fn(Progress)) -> Result<Sandbox, SandboxError> {
        let failed = |e: &dyn std::fmt::Display| SandboxError::Engine(e.to_string());
        let artefact = aot::obtain(&config.cache_dir, wasm, &progress)?;
        let module = Arc::new(Module::load(artefact).map_err(|e| failed(&e))?);
        let text = module.text().map_err(|e| failed(&format!("the compiled guest: {e}")))?;
        signals::pin(&module, text).map_err(|e| failed(&e))?;
        let watchdog = Watchdog::start().map_err(|e| failed(&e))?;
        let (code, dog) = (Arc::clone(&module), Arc::clone(&watchdog));
        let (control, image) = thread_with_stack("daplet-init", move || worker::bootstrap(&code, &dog))?
            .join()
            .map_err(|_| failed(&"the initialising thread died"))??;
        let base_bytes = image.weight();
        let shared = Arc::new(Shared {
            module,
            base: Arc::new(Snapshot::base(image)),
            control,
            counters: Arc::default(),
            watchdog,
            slots_per_worker: config.slots_per_worker.max(1),
            queue_wait: config.queue_wait,
            verify_restore: config.verify_restore,
            ground: Arc::new(Ground::new(probe::look()?, Mappings::of_process())),
        });
        let workers = match config.workers {
            0 => thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let jobs: Arc<Queue<Job>> = Arc::default();
        let (ready, started) = mpsc::channel();
        for index in 0..2 * workers {
            let lane = Lane::ALL[index % 2];
            let (shared, ready) = (Arc::clone(&shared), ready.clone());
            let jobs = Arc::clone(&jobs);
            thread_with_stack(&format!("daplet-{}-{}", lane.name(), index / 2), move || {
                if lane == Lane::Long {
                    signals::lower_priority();
                }
                // Only who drives invocations needs a runtime.
                let runtime = (lane == Lane::Short).then(resident::runtime).transpose();
                match runtime.and_then(|runtime| Ok((Worker::new(shared, lane)?, runtime))) {
                    Ok((worker, runtime)) => {
                        let _ = ready.send(Ok(()));
                        match runtime {
                            Some(runtime) => resident::serve(worker, &runtime, index, &jobs),
                            None => worker.run(index, &jobs),
                        }
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            })?;
        }
        for _ in 0..2 * workers {
            started.recv().map_err(|_| failed(&"a worker thread died at its start"))??;
        }
        Ok(Sandbox { jobs, shared, queue: config.queue.max(1), workers, base_bytes, drivers: config.drivers })
    }

    /// Evaluates a function's module: `frame` is a [`daplet_abi::load::LoadRequest`] with the source as its body. A module that needs
    /// more than a slice of a worker's time waits for `turn`, and has what that gave while a long worker evaluates it.
    pub async fn load<T, E: From<SandboxError>>(
        &self,
        frame: Vec<u8>,
        budget: Duration,
        turn: impl Future<Output = Result<T, E>>,
    ) -> Result<Load, E> {
        // An upload has a share for what it takes.
        let terms = Terms { budget, memory: Purse::default(), stop: None, again: false };
        match self.evaluate(Line::Trial, terms.clone(), frame).await? {
            Ran::Done(load) => Ok(load),
            Ran::Overrun(frame) => {
                let _turn = turn.await?;
                match self.evaluate(Line::Evaluation, Terms { again: true, ..terms }, frame).await? {
                    Ran::Done(load) => Ok(load),
                    Ran::Overrun(_) => Err(SandboxError::Engine("a long worker gave only a slice".to_owned()).into()),
                }
            }
        }
    }

    async fn evaluate(&self, line: Line, terms: Terms, frame: Vec<u8>) -> Result<Ran<Load, Vec<u8>>, SandboxError> {
        self.admit()?;
        self.ask(line, terms, |terms, answer| Job::Load { frame, terms, answer }).await
    }

    /// Runs what drives one invocation of `snapshot`, which may take `budget` of CPU time. Where its entries are short that is on a
    /// worker's own thread, when one has time: the entries are made there, and what they wait for wakes nobody else. Else it is
    /// elsewhere, and entries go through the queue. A task that cannot have its turn is told why, and should end.
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

    /// Where an entry waits. What its function costs may be unknown: then it must not hold up others, however much it may take.
    fn line(&self, snapshot: &Snapshot, budget: Duration) -> Line {
        let unknown = budget > SLICE && !snapshot.cost.known();
        if unknown && !self.jobs.idle(Lane::Short) { Line::Trial } else { snapshot.cost.lane().into() }
    }

    fn drive(&self, task: BoxFuture<'static, ()>) {
        match &self.drivers {
            Some(drivers) => drop(drivers.spawn(task)),
            None => drop(tokio::spawn(task)),
        }
    }

    /// Begins an invocation; `frame` is the event that `kind` says, `budget` CPU time for this entry. What the invocation emits, and
    /// its pages while it waits, take shares of `memory`. An entry that nobody waits for any more, because the future was dropped, is
    /// stopped.
    pub async fn handle(
        &self,
        snapshot: Arc<Snapshot>,
        kind: EventKind,
        frame: Vec<u8>,
        budget: Duration,
        memory: &Purse,
    ) -> Result<Step, SandboxError> {
        let (mut event, terms) =
            (Event { snapshot, kind, frame }, Terms { budget, memory: memory.clone(), stop: None, again: false });
        if resident::serves(event.snapshot.cost.lane()) {
            match resident::step(|worker| worker.handle(event, &terms, Waits::Here))? {
                Ran::Done(step) => return Ok(step),
                Ran::Overrun(undone) => event = undone,
            }
            let long = |terms, answer| Job::Handle { event, terms, since: None, answer };
            return self.ask(Line::Long, Terms { again: true, ..terms }, long).await;
        }
        self.admit()?;
        let (line, since) = (self.line(&event.snapshot, budget), Some(Instant::now()));
        self.ask(line, terms, |terms, answer| Job::Handle { event, terms, since, answer }).await
    }

    /// Goes on with an invocation: delivers completions in order until it no longer waits. `budget` is CPU time for all. An entry
    /// that nobody waits for any more, because the future was dropped, is stopped.
    pub async fn resume(&self, parked: Parked, frames: Vec<Vec<u8>>, budget: Duration) -> Result<Step, SandboxError> {
        let terms = Terms { budget, memory: parked.memory.clone(), stop: None, again: false };
        let mut waiting = Waiting { parked, frames };
        let (mut lane, mut again) = (waiting.parked.snapshot.cost.lane(), false);
        if resident::serves(lane) {
            match resident::step(|worker| worker.resume(waiting, &terms, Waits::Here))? {
                Ran::Done(step) => return Ok(step),
                Ran::Overrun(undone) => (waiting, lane, again) = (undone, Lane::Long, true),
            }
        }
        resident::let_go(&waiting.parked)?;
        let terms = Terms { again, ..terms };
        self.ask(lane.into(), terms, |terms, answer| Job::Resume { waiting, terms, answer }).await
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
    pub fn places(&self) -> usize {
        self.queue
    }

    /// Threads that run guests.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Memory of the base image, which all functions share, bytes.
    pub fn base_bytes(&self) -> usize {
        self.base_bytes
    }

    /// The base image, for keeping snapshots as bytes.
    pub fn base(&self) -> Base {
        Base::new(Arc::clone(&self.shared.base.image))
    }

    /// Takes a place in the queue.
    fn admit(&self) -> Result<(), SandboxError> {
        if self.shared.counters.queued.fetch_add(1, Relaxed) >= self.queue {
            self.shared.counters.queued.fetch_sub(1, Relaxed);
            return Err(SandboxError::Overloaded { limit: self.queue });
        }
        Ok(())
    }

    /// Puts a job in line and waits for its answer; dropped before that, it takes the job back, also while it runs.
    async fn ask<T>(
        &self,
        line: Line,
        terms: Terms,
        job: impl FnOnce(Terms, oneshot::Sender<Result<T, SandboxError>>) -> Job,
    ) -> Result<T, SandboxError> {
        let ((answer, wait), stop) = (oneshot::channel(), Stop::default());
        let mut asked = Asked { sandbox: self, stop: Some(Arc::clone(&stop)) };
        let job = job(Terms { stop: Some(stop), ..terms }, answer);
        self.jobs.put(line, job).map_err(|_| SandboxError::Stopped)?;
        let answered = wait.await;
        asked.stop = None;
        answered.map_err(|_| SandboxError::Stopped)?
    }
}

/// A job that somebody waits for; without a flag once that is over.
struct Asked<'a> {
    sandbox: &'a Sandbox,
    stop: Option<Stop>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let Some(stop) = &self.stop else { return };
        stop.store(true, SeqCst);
        let unwanted = self.sandbox.jobs.give_up(Job::wanted);
        let counted = unwanted.iter().filter(|job| job.counted()).count();
        self.sandbox.shared.counters.queued.fetch_sub(counted, Relaxed);
    }
}
