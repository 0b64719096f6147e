//! Who may wait for a worker: as many as the queue has places for, and only while what waits already is done in time.
//!
//! Owns: the estimate of the waiting time. Must not know: what an invocation is. The places themselves are the sandbox's.
//!
//! A refusal is not sent at once: refused callers that came again at once would take the processor from those who were let
//! in (docs/decisions/015-overload.md). After the pause there may be room after all.
use super::InvokeError;
use crate::functions::Function;
use crate::sandbox::Sandbox;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Longest pause before a refusal.
const PAUSE: Duration = Duration::from_millis(500);
/// What an entry into the guest costs beside the guest's own time, µs.
const OVERHEAD_US: u64 = 20;

/// How much waits, and how much may.
pub struct Admission {
    places: u64,
    wait: Duration,
    /// Work that was let in and is not done, µs.
    backlog: AtomicU64,
}

/// Work on its way through the workers; ends when dropped.
pub struct Work<'a> {
    backlog: &'a AtomicU64,
    cost: u64,
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        self.backlog.fetch_sub(self.cost, Relaxed);
    }
}

impl Admission {
    /// As many as `places`, for at most `wait`.
    pub fn new(places: usize, wait: Duration) -> Admission {
        Admission { places: places as u64, wait, backlog: AtomicU64::new(0) }
    }

    /// Whether one more may come: now, or after a pause.
    pub async fn admit(&self, sandbox: &Sandbox) -> Result<(), InvokeError> {
        if self.check(sandbox).is_ok() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE.min(self.wait / 4)).await;
        self.check(sandbox)
    }

    fn check(&self, sandbox: &Sandbox) -> Result<(), InvokeError> {
        let queued = sandbox.queued() as u64;
        if queued >= self.places {
            return Err(InvokeError::queue(self.places));
        }
        let expected = Duration::from_micros(self.backlog.load(Relaxed) / sandbox.workers().max(1) as u64);
        // Where nobody waits, a long run of one function keeps nobody out.
        if queued > 0 && expected > self.wait {
            return Err(InvokeError::late(self.wait));
        }
        Ok(())
    }

    /// Counts one entry of `function` until the result is dropped.
    pub fn work(&self, function: &Function) -> Work<'_> {
        let cost = function.entry_us.load(Relaxed) + OVERHEAD_US;
        self.backlog.fetch_add(cost, Relaxed);
        Work { backlog: &self.backlog, cost }
    }

    /// Takes in what an entry took: a moving average, so that one odd request says little.
    pub fn learn(function: &Function, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX >> 8);
        let known = function.entry_us.load(Relaxed);
        let mean = if known == 0 { took } else { (known * 7 + took) / 8 };
        function.entry_us.store(mean, Relaxed);
    }
}
