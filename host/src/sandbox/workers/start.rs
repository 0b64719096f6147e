//! Starting a sandbox: its program, the self-test, the workers.
use super::config::SandboxConfig;
use super::front::Sandbox;
use super::job::Job;
use super::lane::Lane;
use super::queue::Queue;
use super::resident;
use super::shared::Shared;
use super::worker::Worker;
use crate::sandbox::SandboxError;
use crate::sandbox::entry::watchdog::Watchdog;
use crate::sandbox::memory::mappings::Mappings;
use crate::sandbox::memory::pages::Kernel;
use crate::sandbox::memory::probe;
use crate::sandbox::program::Program;
use crate::sandbox::program::aot::Progress;
use crate::sandbox::system::thread;
use std::sync::{Arc, mpsc};
use std::thread::available_parallelism;

impl Sandbox {
    /// Starts the program `wasm` and workers that have an instance of it ready. Blocks.
    pub fn start(config: SandboxConfig, wasm: &[u8], progress: impl Fn(Progress)) -> Result<Sandbox, SandboxError> {
        let program = Program::start(&config.cache_dir, wasm, progress)?;
        let shared = Arc::new(Shared {
            program,
            counters: Arc::default(),
            watchdog: Watchdog::start().map_err(SandboxError::engine)?,
            slots_per_worker: config.slots_per_worker.max(1),
            queue_wait: config.queue_wait,
            verify_restore: config.verify_restore,
            kernel: Arc::new(Kernel::new(probe::run()?, Mappings::of_process())),
        });
        let workers = match config.workers {
            0 => available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let jobs: Arc<Queue<Job>> = Arc::default();
        let (ready, started) = mpsc::channel();
        for index in 0..2 * workers {
            let lane = Lane::ALL[index % 2];
            let (shared, jobs, ready) = (Arc::clone(&shared), Arc::clone(&jobs), ready.clone());
            thread::spawn(&format!("daplet-{}-{}", lane.name(), index / 2), move || {
                run_worker(shared, lane, index, &jobs, &ready);
            })?;
        }
        for _ in 0..2 * workers {
            started.recv().map_err(|_| SandboxError::engine("a worker thread died at its start"))??;
        }
        Ok(Sandbox::new(jobs, shared, &config, workers))
    }
}

/// The life of a worker's thread. Reports to `ready` whether it has begun.
fn run_worker(
    shared: Arc<Shared>,
    lane: Lane,
    id: usize,
    jobs: &Queue<Job>,
    ready: &mpsc::Sender<Result<(), SandboxError>>,
) {
    if lane == Lane::Long {
        thread::lower_priority();
    }
    // Only the threads that drive invocations need a runtime.
    let runtime = (lane == Lane::Short).then(resident::runtime).transpose();
    match runtime.and_then(|runtime| Ok((Worker::new(shared, lane)?, runtime))) {
        Ok((worker, runtime)) => {
            let _starter_waits = ready.send(Ok(()));
            match runtime {
                Some(runtime) => resident::serve(worker, &runtime, id, jobs),
                None => worker.run(id, jobs),
            }
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}
