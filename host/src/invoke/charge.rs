//! The host's work for operations: counted as CPU time of the invocation, and moved off the worker's thread if it is
//! large. Must not know: what an operation does.
use crate::allowance::{Allowance, thread_cpu};
use crate::sandbox::lower_priority;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// Frames larger than this are handled on other threads, bytes.
pub const LARGE: usize = 64 << 10;
/// The most that one poll of a small operation is charged: measured by the clock it may include a wait for a core.
const SMALL_POLL: Duration = Duration::from_millis(1);

/// Threads for large operations, one per core, of lower priority than short entries.
pub struct Elsewhere(Option<Runtime>);

impl Elsewhere {
    /// Starts them. Without them, large operations are run on their workers' threads.
    pub fn start() -> Elsewhere {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut threads = Builder::new_multi_thread();
        threads.worker_threads(cores).thread_name("daplet-operations").on_thread_start(lower_priority).enable_all();
        Elsewhere(threads.build().inspect_err(|e| tracing::warn!("no threads for large operations: {e}")).ok())
    }

    /// Runs an operation there; dropping what is returned ends it.
    fn run<T: Send + 'static>(&self, work: BoxFuture<'static, T>) -> BoxFuture<'static, Option<T>> {
        match &self.0 {
            Some(threads) => AbortOnDropHandle::new(threads.spawn(work)).map(Result::ok).boxed(),
            None => work.map(Some).boxed(),
        }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

/// Charges an operation's work, and runs it on the right thread. `None`: it panicked.
pub fn charged<T: Send + 'static>(
    elsewhere: &Elsewhere,
    size: usize,
    allowance: Allowance,
    work: BoxFuture<'static, T>,
) -> BoxFuture<'static, Option<T>> {
    if size > LARGE {
        return elsewhere.run(Measured { work, allowance, exact: true }.boxed());
    }
    Measured { work, allowance, exact: false }.map(Some).boxed()
}

/// Charges the time of each poll. Reading the thread's CPU time is a system call, and worth it only for large
/// operations.
struct Measured<T> {
    work: BoxFuture<'static, T>,
    allowance: Allowance,
    exact: bool,
}

impl<T> Future for Measured<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if self.exact {
            let before = thread_cpu();
            let polled = self.work.poll_unpin(cx);
            self.allowance.charge(thread_cpu().saturating_sub(before));
            return polled;
        }
        let started = Instant::now();
        let polled = self.work.poll_unpin(cx);
        self.allowance.charge(started.elapsed().min(SMALL_POLL));
        polled
    }
}
