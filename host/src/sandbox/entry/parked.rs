//! An invocation between two entries.
use crate::budget::Purse;
use crate::sandbox::memory::pages::ParkedPages;
use crate::sandbox::metrics::ParkedCount;
use crate::sandbox::program::snapshot::Snapshot;
use std::sync::Arc;

/// An invocation that waits. Dropping it gives it up.
pub struct Parked {
    pub(in crate::sandbox) snapshot: Arc<Snapshot>,
    pub(in crate::sandbox) pages: Arc<ParkedPages>,
    /// Whose memory it takes.
    pub(in crate::sandbox) memory: Purse,
    /// Counts it while it lives.
    pub(in crate::sandbox) _count: ParkedCount,
}

impl std::fmt::Debug for Parked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parked").field("pages", &self.pages).finish()
    }
}

impl Parked {
    /// Memory that it holds outside of an instance, bytes.
    pub fn weight(&self) -> usize {
        self.pages.weight()
    }
}
