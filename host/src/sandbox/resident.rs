//! Workers of short entries: each lives on its thread beside a runtime for the tasks that drive its invocations.
//!
//! A task that runs here enters the guest by a plain call, and what it waits for (a sidecar's answer, a timer) wakes this thread and
//! no other. Must not know: what a task does.
use super::lane::Lane;
use super::queue::Queue;
use super::worker::{Job, Worker};
use super::{Parked, SandboxError, Step};
use futures::FutureExt;
use std::cell::RefCell;
use tokio::runtime::{Builder, Runtime};

/// Jobs taken in a row before tasks that could go on have their turn.
const IN_A_ROW: u32 = 8;

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// The runtime of one such thread.
pub fn runtime() -> Result<Runtime, SandboxError> {
    Builder::new_current_thread().enable_all().build().map_err(|e| SandboxError::Engine(format!("a runtime: {e}")))
}

/// Takes jobs until the queue closes. `long`: where a job goes that turned out to be long while it waited.
pub fn serve(worker: Worker, runtime: &Runtime, who: usize, jobs: &Queue<Job>, long: &Queue<Job>) {
    WORKER.set(Some(worker));
    runtime.block_on(async {
        let mut taken = 0_u32;
        while let Some(job) = jobs.take(who).await {
            match job {
                Job::Begin { since, task } => {
                    let mut task = task(with(|worker| worker.begins(since)));
                    // Most are done at once. What is not has to be asked again by the runtime, which knows whom to wake.
                    if (&mut task).now_or_never().is_none() {
                        tokio::spawn(task);
                    }
                }
                job if job.lane() == Lane::Long => drop(long.put(job)),
                job => {
                    let _done = with(|worker| {
                        worker.serve(job);
                        Ok(())
                    });
                }
            }
            taken = taken.wrapping_add(1);
            if taken.is_multiple_of(IN_A_ROW) {
                tokio::task::yield_now().await;
            }
        }
    });
    WORKER.set(None);
}

/// Whether entries of `lane` are made by the calling thread itself.
pub fn serves(lane: Lane) -> bool {
    lane == Lane::Short && WORKER.with_borrow(Option::is_some)
}

/// Makes sure that an invocation which waits in a slot of the calling thread can go on elsewhere.
pub fn let_go(parked: &Parked) -> Result<(), SandboxError> {
    WORKER.with_borrow_mut(|worker| worker.as_mut().map_or(Ok(()), |worker| worker.let_go(parked)))
}

/// Has the calling thread's worker do something.
pub fn with<T>(body: impl FnOnce(&mut Worker) -> Result<T, SandboxError>) -> Result<T, SandboxError> {
    WORKER.with_borrow_mut(|worker| body(worker.as_mut().ok_or(SandboxError::Stopped)?))
}

/// One entry by the calling thread's worker.
pub fn step(body: impl FnOnce(&mut Worker) -> Result<Step, SandboxError>) -> Result<Step, SandboxError> {
    with(|worker| worker.counted(body))
}
