//! What the workers of a sandbox share: limits, counters, the watchdog.
use crate::sandbox::entry::watchdog::Watchdog;
use crate::sandbox::memory::pages::Kernel;
use crate::sandbox::metrics::Counters;
use crate::sandbox::program::Program;
use std::sync::Arc;
use std::time::Duration;

/// For all workers of one sandbox.
pub struct Shared {
    /// The program of which each worker has an instance ready.
    pub program: Arc<Program>,
    pub counters: Arc<Counters>,
    pub watchdog: Arc<Watchdog>,
    pub slots_per_worker: usize,
    pub queue_wait: Duration,
    pub verify_restore: u32,
    pub kernel: Arc<Kernel>,
}
