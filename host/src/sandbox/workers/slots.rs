//! The slots of one worker: which one serves which function, and which have invocations that wait in them.
//!
//! Owns: the worker's instances and the engines that they run in. Must not know: jobs, what an entry does.
use super::engines::Engines;
use super::shared::Shared;
use crate::budget::{Purse, sizing::KEPT_BY_THREAD};
use crate::sandbox::SandboxError;
use crate::sandbox::entry::parked::Parked;
use crate::sandbox::entry::slot::Slot;
use crate::sandbox::memory::PAGE;
use crate::sandbox::memory::pages::{ParkedPages, Tracker};
use crate::sandbox::metrics::ParkedCount;
use crate::sandbox::program::snapshot::Snapshot;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Private pages that the slots at rest may hold together.
const MOST_PRIVATE: usize = KEPT_BY_THREAD as usize / PAGE;
/// Slots in which invocations may wait.
const MOST_OCCUPIED: usize = 2;
/// An invocation that has waited so long in its slot makes room for another.
const STALE: Duration = Duration::from_millis(2);
/// Every so many rebindings take the slot unused for longest.
const ROTATION: u32 = 8;

/// A worker's slots, at rest.
pub struct Slots {
    shared: Arc<Shared>,
    engines: Engines,
    /// What the slots share.
    pub tracker: Tracker,
    /// Restored slots; the one used last comes first.
    free: Vec<Slot>,
    /// Slots in which invocations wait; the oldest first.
    occupied: Vec<Occupied>,
    /// Restores and rebindings since the last whole comparison.
    unverified: u32,
    /// Requests for which no slot was bound.
    misses: u32,
}

/// A slot in which an invocation waits: what it waits for may come at once, and then no page has to be copied.
struct Occupied {
    slot: Slot,
    pages: Arc<ParkedPages>,
    since: Instant,
}

/// Where an invocation that waits may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResumesOn {
    /// On this thread: it may stay in its slot.
    ThisThread,
    /// On any thread.
    AnyThread,
}

impl Drop for Slots {
    fn drop(&mut self) {
        self.shared.counters.slots.fetch_sub((self.free.len() + self.occupied.len()) as u64, Relaxed);
    }
}

impl Slots {
    /// One slot of the sandbox's own program, for the calling thread.
    pub fn new(shared: Arc<Shared>) -> Result<Slots, SandboxError> {
        let (tracker, base) = (Tracker::new(&shared.kernel)?, shared.program.base_snapshot());
        let (engines, free, occupied) = Default::default();
        let mut slots = Slots { shared, engines, tracker, free, occupied, unverified: 0, misses: 0 };
        // Fails as the engine does; an instance that cannot be made lacks memory.
        slots.engines.of(base.program())?;
        let slot = slots.instantiate(&base)?;
        slots.free.push(slot);
        Ok(slots)
    }

    /// Takes the slot that an invocation waits in, or copies it into one. `keep`: it stays parked as well, if there is
    /// memory for that; returns whether it does.
    pub fn take_parked(&mut self, parked: &Parked, keep: bool) -> Result<(Slot, bool), SandboxError> {
        if let Some(index) = self.occupied_by(parked) {
            let slot = self.occupied.remove(index).slot;
            let copied = keep && slot.pages.copy_out(&parked.pages, &mut self.tracker).is_ok();
            return Ok((slot, copied));
        }
        let mut slot = self.take(&parked.snapshot)?;
        match slot.pages.copy_in(&parked.pages, keep, &mut self.tracker) {
            Ok(()) => Ok((slot, keep)),
            Err(error) => self.put(slot).and(Err(error)),
        }
    }

    /// Takes a slot bound to `snapshot` out of the rest: one that is, or a new one, or one of another function.
    pub fn take(&mut self, snapshot: &Arc<Snapshot>) -> Result<Slot, SandboxError> {
        if let Some(index) = self.free.iter().position(|slot| slot.holds(snapshot)) {
            return Ok(self.free.remove(index));
        }
        if self.free.len() + self.occupied.len() < self.shared.slots_per_worker {
            match self.instantiate(snapshot) {
                // The slots that there are have to do.
                Err(SandboxError::NoSlot(_)) if !(self.free.is_empty() && self.occupied.is_empty()) => {}
                result => return result,
            }
        }
        if self.free.is_empty() && !self.occupied.is_empty() {
            self.release(0)?;
            return self.take(snapshot);
        }
        if self.free.is_empty() {
            return self.instantiate(snapshot);
        }
        // The slot used last is in the processor's caches. Now and then it is the one unused for longest, so that no
        // slot stays bound to a function that is called no more.
        self.misses = self.misses.wrapping_add(1);
        let index = if self.misses.is_multiple_of(ROTATION) { self.free.len() - 1 } else { 0 };
        let slot = self.free.remove(index);
        self.rebind(slot, snapshot)
    }

    fn rebind(&mut self, mut slot: Slot, snapshot: &Arc<Snapshot>) -> Result<Slot, SandboxError> {
        if !slot.runs(snapshot.program()) {
            self.retire(slot);
            return self.instantiate(snapshot);
        }
        self.shared.counters.rebinds.fetch_add(1, Relaxed);
        match slot.bind(snapshot, &mut self.tracker).and_then(|()| self.verify(&slot)) {
            Ok(()) => Ok(slot),
            Err(error) => {
                self.retire(slot);
                Err(error)
            }
        }
    }

    fn instantiate(&mut self, snapshot: &Arc<Snapshot>) -> Result<Slot, SandboxError> {
        // The program has been instantiated before: what can be missing now is memory.
        let no_slot = |e| match e {
            SandboxError::NoSlot(_) => e,
            other => SandboxError::NoSlot(other.to_string()),
        };
        let engine = self.engines.of(snapshot.program()).map_err(no_slot)?;
        let slot = Slot::new(&engine, snapshot, &mut self.tracker).map_err(no_slot)?;
        self.shared.counters.slots.fetch_add(1, Relaxed);
        Ok(slot)
    }

    /// Restores a slot and puts it back.
    pub fn put(&mut self, mut slot: Slot) -> Result<(), SandboxError> {
        let mut restored = slot.pages.restore(&mut self.tracker);
        if restored.is_ok() && self.private() + slot.pages.private() > MOST_PRIVATE {
            restored = self.shrink_largest(&mut slot);
        }
        let restored = restored.and_then(|()| self.verify(&slot));
        match restored {
            Ok(()) => self.free.insert(0, slot),
            Err(_) => self.retire(slot),
        }
        restored
    }

    /// Private pages of the slots at rest.
    fn private(&self) -> usize {
        self.free.iter().map(|slot| slot.pages.private()).sum()
    }

    /// Has the largest of the slots at rest, of which `slot` becomes one, give its pages back.
    fn shrink_largest(&mut self, slot: &mut Slot) -> Result<(), SandboxError> {
        let largest = self.free.iter_mut().max_by_key(|slot| slot.pages.private());
        match largest.filter(|largest| largest.pages.private() > slot.pages.private()) {
            Some(largest) => largest.pages.shrink(&mut self.tracker),
            None => slot.pages.shrink(&mut self.tracker),
        }
    }

    /// Compares the whole memory with its snapshot, every so often.
    fn verify(&mut self, slot: &Slot) -> Result<(), SandboxError> {
        if self.shared.verify_restore == 0 {
            return Ok(());
        }
        self.unverified += 1;
        if self.unverified >= self.shared.verify_restore {
            self.unverified = 0;
            if let Err(error) = slot.pages.verify(&self.tracker) {
                tracing::error!(
                    "{error}; the slot is thrown away, and every restore looks at the page table from now on"
                );
                self.shared.kernel.distrust_faults();
                return Err(error);
            }
            self.shared.counters.verified.fetch_add(1, Relaxed);
        }
        Ok(())
    }

    /// Throws a slot away.
    pub fn retire(&self, slot: Slot) {
        drop(slot);
        self.shared.counters.slots.fetch_sub(1, Relaxed);
        self.shared.counters.retired.fetch_add(1, Relaxed);
    }

    fn occupied_by(&self, parked: &Parked) -> Option<usize> {
        self.occupied.iter().position(|occupied| Arc::ptr_eq(&occupied.pages, &parked.pages))
    }

    /// Makes sure that an invocation can go on anywhere.
    pub fn vacate(&mut self, parked: &Parked) -> Result<(), SandboxError> {
        self.occupied_by(parked).map_or(Ok(()), |index| self.release(index))
    }

    /// Frees a slot that an invocation waits in. One that was given up meanwhile is not copied out.
    fn release(&mut self, index: usize) -> Result<(), SandboxError> {
        let Occupied { slot, pages, .. } = self.occupied.remove(index);
        if Arc::strong_count(&pages) > 1 {
            // Without memory for the copy, the invocation fails when it goes on.
            let _refused = slot.pages.copy_out(&pages, &mut self.tracker);
        }
        self.put(slot)
    }

    /// Parks the invocation that waits in `slot`: there, if it may stay and there is room, else outside. Its pages take
    /// a share of `memory`.
    pub fn park(&mut self, slot: Slot, memory: &Purse, resumes: ResumesOn) -> Result<Parked, SandboxError> {
        let pages = match slot.pages.park(memory) {
            Ok(pages) => pages,
            Err(error) => return self.put(slot).and(Err(error)),
        };
        let parked = Parked {
            snapshot: Arc::clone(slot.snapshot()),
            pages: Arc::clone(&pages),
            memory: memory.clone(),
            _count: ParkedCount::new(&self.shared.counters),
        };
        let stays = resumes == ResumesOn::ThisThread;
        if stays && self.occupied.len() == MOST_OCCUPIED && self.occupied[0].since.elapsed() > STALE {
            self.release(0)?;
        }
        if stays && self.occupied.len() < MOST_OCCUPIED {
            self.occupied.push(Occupied { slot, pages, since: Instant::now() });
        } else {
            let copied = slot.pages.copy_out(&pages, &mut self.tracker);
            self.put(slot)?;
            copied.map_err(SandboxError::NoMemory)?;
        }
        Ok(parked)
    }
}
