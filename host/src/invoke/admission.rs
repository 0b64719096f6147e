//! Admission: an invocation may wait for a worker while the queue has room and its expected wait is short enough. One
//! function never gets all of either.
//!
//! Owns: the estimate of the waiting time, each function's share. Must not know: what an invocation is. The queue
//! itself is the sandbox's.
//!
//! A function may hold [`SHARE`] times as much as is still free, which is how switches share their memory among ports
//! (Choudhury and Hahne, "Dynamic queue length thresholds", 1998): one function gets 7/8 of everything, two that flood
//! get 7/15 each, and there is always room for a third.
//!
//! A refusal is sent after a pause: refused callers that return at once would take the processor from admitted ones
//! (docs/decisions/015-overload.md). After the pause there may be room after all.
use super::InvokeError;
use crate::functions::Function;
use crate::sandbox::{LONG_US, Sandbox};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Longest pause before a refusal.
const PAUSE: Duration = Duration::from_millis(500);
/// Cost of an entry beyond the guest's own time, µs.
const OVERHEAD_US: u64 = 20;
/// A function may hold this multiple of what is free.
const SHARE: u64 = 7;

/// How much work waits, and how much may.
pub struct Admission {
    /// Length of the queue.
    queue: u64,
    wait: Duration,
    backlog: Arc<Backlog>,
}

/// Admitted work that is not done.
#[derive(Default)]
struct Backlog {
    /// Expected time, µs: of short entries, and of long ones, which let short ones pass.
    us: [AtomicU64; 2],
    /// Entries that wait or run. A long one reaches the sandbox's queue a moment after it was admitted.
    entries: AtomicU64,
}

/// Work on its way through the workers; ends when dropped.
pub struct Work {
    backlog: Arc<Backlog>,
    function: Arc<Function>,
    cost: u64,
}

impl Drop for Work {
    fn drop(&mut self) {
        let demand = &self.function.demand;
        for entries in [&self.backlog.entries, &demand.entries] {
            entries.fetch_sub(1, Relaxed);
        }
        for backlog in [&self.backlog.us[lane(self.cost)], &demand.backlog_us] {
            backlog.fetch_sub(self.cost, Relaxed);
        }
    }
}

impl Admission {
    /// For a queue of that length, in which invocations wait for at most `wait`.
    pub fn new(queue: usize, wait: Duration) -> Admission {
        Admission { queue: queue as u64, wait, backlog: Arc::default() }
    }

    /// Whether one more invocation of `function` may wait: now, or after a pause.
    pub async fn admit(&self, sandbox: &Sandbox, function: &Function) -> Result<(), InvokeError> {
        if self.check(sandbox, function).is_ok() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE.min(self.wait / 4)).await;
        self.check(sandbox, function)
    }

    fn check(&self, sandbox: &Sandbox, function: &Function) -> Result<(), InvokeError> {
        let (workers, demand) = (sandbox.workers() as u64, &function.demand);
        let coming = self.backlog.entries.load(Relaxed).saturating_sub(workers);
        let queued = sandbox.queued() as u64;
        let free = self.queue.saturating_sub(queued.max(coming));
        if demand.entries.load(Relaxed) >= SHARE * free {
            return Err(InvokeError::queue(self.queue));
        }
        let [short, long] = self.backlog.us.each_ref().map(|backlog| backlog.load(Relaxed));
        let ahead = if lane(demand.entry_us.load(Relaxed)) == 0 { short } else { short + long };
        let time = u64::try_from(self.wait.as_micros()).unwrap_or(u64::MAX >> 8) * workers;
        // If no request waits, a long run of one function keeps no other out.
        if queued > 0 && demand.backlog_us.load(Relaxed) > SHARE * time.saturating_sub(ahead) {
            return Err(InvokeError::late(self.wait));
        }
        Ok(())
    }

    /// Counts one entry of `function` until the result is dropped.
    pub fn work(&self, function: &Arc<Function>) -> Work {
        let demand = &function.demand;
        let cost = demand.entry_us.load(Relaxed) + OVERHEAD_US;
        for entries in [&self.backlog.entries, &demand.entries] {
            entries.fetch_add(1, Relaxed);
        }
        for backlog in [&self.backlog.us[lane(cost)], &demand.backlog_us] {
            backlog.fetch_add(cost, Relaxed);
        }
        Work { backlog: Arc::clone(&self.backlog), function: Arc::clone(function), cost }
    }

    /// Adds an entry's time to a moving average, so that one odd request changes little.
    pub fn learn(function: &Function, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX >> 8);
        let known = function.demand.entry_us.load(Relaxed);
        let mean = if known == 0 { took } else { (known * 7 + took) / 8 };
        function.demand.entry_us.store(mean, Relaxed);
    }
}

/// 0 for an entry that is short, 1 for a long one.
fn lane(cost_us: u64) -> usize {
    usize::from(cost_us >= LONG_US)
}
