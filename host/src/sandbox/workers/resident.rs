//! Workers of short entries: each has its thread to itself, with a runtime for the tasks that drive its invocations.
//!
//! A task that runs here enters the guest by a plain call, and its completions (a sidecar's answer, a timer) wake this
//! thread and no other. Must not know: what a task does.
//!
//! The worker is in a thread-local. It cannot be passed to a task instead: a task is a `Send` future, since the same
//! task may be driven on another thread, and a worker cannot be sent, since WasmEdge's contexts and the set of private
//! pages belong to its thread. `LocalSet` could run futures that are not `Send`, for one more queue on the way of each
//! invocation that waits.
use super::job::Job;
use super::lane::Lane;
use super::queue::{Line, Queue};
use super::worker::Worker;
use crate::sandbox::SandboxError;
use crate::sandbox::entry::parked::Parked;
use futures::FutureExt;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
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

/// Takes jobs until the queue closes.
pub fn serve(worker: Worker, runtime: &Runtime, id: usize, jobs: &Queue<Job>) {
    WORKER.set(Some(worker));
    runtime.block_on(async {
        let mut taken = 0_u32;
        while let Some(job) = jobs.take(Lane::Short, id).await {
            match job {
                Job::Begin { since, task } => {
                    let mut task = AssertUnwindSafe(task(with(|worker| worker.leave_queue(since)))).catch_unwind();
                    // Most are done at once. The others are polled again by the runtime, whose waker they then have.
                    match (&mut task).now_or_never() {
                        Some(Ok(())) => {}
                        Some(Err(_panic)) => renew(),
                        None => drop(tokio::spawn(task)),
                    }
                }
                job if job.lane() == Lane::Long => drop(jobs.put(Line::Long, job)),
                job => {
                    let serve = || {
                        with(|worker| {
                            worker.serve(job, jobs);
                            Ok(())
                        })
                    };
                    if std::panic::catch_unwind(AssertUnwindSafe(serve)).is_err() {
                        renew();
                    }
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

fn renew() {
    WORKER.with_borrow_mut(|worker| worker.as_mut().map(Worker::renew));
}

/// Whether entries of `lane` are made by the calling thread itself.
pub fn serves(lane: Lane) -> bool {
    lane == Lane::Short && WORKER.with_borrow(Option::is_some)
}

/// Makes sure that an invocation which waits in a slot of the calling thread can go on elsewhere.
pub fn vacate(parked: &Parked) -> Result<(), SandboxError> {
    WORKER.with_borrow_mut(|worker| worker.as_mut().map_or(Ok(()), |worker| worker.vacate(parked)))
}

/// Runs `body` on the calling thread's worker.
pub fn with<T>(body: impl FnOnce(&mut Worker) -> Result<T, SandboxError>) -> Result<T, SandboxError> {
    WORKER.with_borrow_mut(|worker| body(worker.as_mut().ok_or(SandboxError::Stopped)?))
}

/// One entry by the calling thread's worker.
pub fn step<T>(body: impl FnOnce(&mut Worker) -> Result<T, SandboxError>) -> Result<T, SandboxError> {
    with(|worker| worker.counted(body))
}
