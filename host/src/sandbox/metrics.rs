//! Counters of the sandbox. Must not know: how they are shown.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// A reading of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Slots alive.
    pub slots: u64,
    /// Slots thrown away since the start.
    pub retired: u64,
    /// Entries into the guest since the start.
    pub entries: u64,
    /// Entries that used up their slice and were made again, since the start.
    pub overruns: u64,
    /// Page scans since the start.
    pub scans: u64,
    /// Times that a slot was bound to another function since the start.
    pub rebinds: u64,
    /// Comparisons of a slot's whole memory with its snapshot since the start that found no difference.
    pub verified: u64,
    /// Invocations parked now.
    pub parked: u64,
    /// Jobs waiting for a worker now.
    pub queued: u64,
}

/// One line of the queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueLine {
    /// Its name.
    pub name: &'static str,
    /// Jobs in it.
    pub length: usize,
    /// Wait of its oldest job that may still be refused.
    pub oldest: Duration,
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Counters {
    pub slots: AtomicU64,
    pub retired: AtomicU64,
    pub entries: AtomicU64,
    pub overruns: AtomicU64,
    pub scans: AtomicU64,
    pub rebinds: AtomicU64,
    pub verified: AtomicU64,
    pub parked: AtomicU64,
    pub queued: AtomicUsize,
}

impl Counters {
    pub fn read(&self) -> Metrics {
        Metrics {
            slots: self.slots.load(Relaxed),
            retired: self.retired.load(Relaxed),
            entries: self.entries.load(Relaxed),
            overruns: self.overruns.load(Relaxed),
            scans: self.scans.load(Relaxed),
            rebinds: self.rebinds.load(Relaxed),
            verified: self.verified.load(Relaxed),
            parked: self.parked.load(Relaxed),
            queued: self.queued.load(Relaxed) as u64,
        }
    }
}

/// Counts one parked invocation for as long as it lives.
pub(in crate::sandbox) struct ParkedCount(Arc<Counters>);

impl ParkedCount {
    pub fn new(counters: &Arc<Counters>) -> ParkedCount {
        counters.parked.fetch_add(1, Relaxed);
        ParkedCount(Arc::clone(counters))
    }
}

impl Drop for ParkedCount {
    fn drop(&mut self) {
        self.0.parked.fetch_sub(1, Relaxed);
    }
}
