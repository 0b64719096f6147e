//! Entries that used up their slice: the instance becomes what it was before.
use super::Worker;
use crate::sandbox::SandboxError;
use crate::sandbox::entry::slot::{Ending, Entered, Slot};
use std::sync::atomic::Ordering::Relaxed;

impl Worker {
    /// Makes an entry that used up its slice as if it had never been.
    pub(super) fn undo(&mut self, mut slot: Slot, entered: &Entered) -> Result<(), SandboxError> {
        slot.snapshot().cost().overrun();
        self.shared.counters.overruns.fetch_add(1, Relaxed);
        if matches!(entered.ending, Ending::Trapped(_)) {
            self.slots.retire(slot);
            return Ok(());
        }
        match slot.pages.find_private(&mut self.slots.tracker, true) {
            Ok(()) => self.slots.put(slot),
            Err(error) => {
                self.slots.retire(slot);
                Err(error)
            }
        }
    }
}
