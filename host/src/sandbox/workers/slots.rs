//! The slots of one worker: which one serves whom, and which have invocations that wait in them.
//!
//! Must not know: jobs, what an entry does.
use super::worker::Shared;
use crate::budget::{Purse, sizing::KEPT_BY_THREAD};
use crate::sandbox::SandboxError;
use crate::sandbox::entry::slot::Slot;
use crate::sandbox::memory::guest::PAGE;
use crate::sandbox::memory::image::Snapshot;
use crate::sandbox::memory::pages::{Parked, Place, Tracker};
use crate::sandbox::metrics::ParkedCount;
use crate::sandbox::program::ffi::Engine;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// A worker's slots, at rest.
pub struct Slots {
    shared: Arc<Shared>,
    engine: Rc<Engine>,
    /// What they share.
    pub tracker: Tracker,
    /// Restored ones; the slot used last comes first.
    free: Vec<Slot>,
    /// Those with invocations that wait; the oldest first.
    kept: Vec<Kept>,
    /// Restores and rebindings since the last whole comparison.
    unverified: u32,
    /// Requests for which no slot was bound.
    misses: u32,
}

/// A slot in which an invocation waits, because what it waits for may come at once: then nothing has to be copied out and in.
struct Kept {
    slot: Slot,
    place: Arc<Place>,
    since: Instant,
}

/// Private pages that the slots at rest may hold together.
const HELD: usize = KEPT_BY_THREAD as usize / PAGE;
/// Invocations that wait in their slots.
const KEPT: usize = 2;
/// One that has waited so long makes room for another.
const STALE: Duration = Duration::from_millis(2);

/// What becomes of an invocation that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// It may stay in its slot: it goes on on this thread.
    Here,
    /// It may go on anywhere.
    Anywhere,
}

/// Every so many rebindings take the slot unused for longest.
const FORGET: u32 = 8;

impl Drop for Slots {
    fn drop(&mut self) {
        self.shared.counters.slots.fetch_sub((self.free.len() + self.kept.len()) as u64, Relaxed);
    }
}

impl Slots {
    /// One slot, for the calling thread.
    pub fn new(shared: Arc<Shared>, engine: Rc<Engine>) -> Result<Slots, SandboxError> {
        let base = Arc::clone(&shared.base);
        let (tracker, free, kept) = (Tracker::new(&shared.ground)?, Vec::new(), Vec::new());
        let mut slots = Slots { shared, engine, tracker, free, kept, unverified: 0, misses: 0 };
        let slot = slots.slot(&base)?;
        slots.free.push(slot);
        Ok(slots)
    }

    /// Takes the slot that an invocation waits in, or puts it into one. `keep`: it stays parked, too, if there is memory
    /// for that; whether it does.
    pub fn of(&mut self, parked: &Parked, keep: bool) -> Result<(Slot, bool), SandboxError> {
        if let Some(index) = self.kept_by(parked) {
            let slot = self.kept.remove(index).slot;
            let kept = keep && slot.pages.take_out(&parked.place, &mut self.tracker).is_ok();
            return Ok((slot, kept));
        }
        let mut slot = self.take(&parked.snapshot)?;
        match slot.pages.unpark(parked, keep, &mut self.tracker) {
            Ok(()) => Ok((slot, keep)),
            Err(error) => self.put(slot).and(Err(error)),
        }
    }

    fn slot(&mut self, snapshot: &Arc<Snapshot>) -> Result<Slot, SandboxError> {
        // The module has been instantiated before: what can be missing now is memory.
        let slot = Slot::new(&self.engine, self.shared.control, snapshot, &mut self.tracker).map_err(|e| match e {
            SandboxError::NoSlot(_) => e,
            other => SandboxError::NoSlot(other.to_string()),
        })?;
        self.shared.counters.slots.fetch_add(1, Relaxed);
        Ok(slot)
    }

    /// Takes a slot bound to `snapshot` out of the rest: the one that is, or a new one, or one of another function.
    pub fn take(&mut self, snapshot: &Arc<Snapshot>) -> Result<Slot, SandboxError> {
        if let Some(index) = self.free.iter().position(|slot| Arc::ptr_eq(slot.pages.bound(), snapshot)) {
            return Ok(self.free.remove(index));
        }
        if self.free.len() + self.kept.len() < self.shared.slots_per_worker {
            match self.slot(snapshot) {
                // Fewer have to do.
                Err(SandboxError::NoSlot(_)) if !(self.free.is_empty() && self.kept.is_empty()) => {}
                result => return result,
            }
        }
        if self.free.is_empty() && !self.kept.is_empty() {
            self.release(0)?;
            return self.take(snapshot);
        }
        if self.free.is_empty() {
            return self.slot(snapshot);
        }
        // The slot used last is in the processor's caches. Now and then it is the one unused for longest, or what a slot was
        // bound to once would stay bound for ever.
        self.misses = self.misses.wrapping_add(1);
        let index = if self.misses.is_multiple_of(FORGET) { self.free.len() - 1 } else { 0 };
        let mut slot = self.free.remove(index);
        self.shared.counters.rebinds.fetch_add(1, Relaxed);
        match slot.pages.bind(snapshot, &mut self.tracker).and_then(|()| self.verify(&slot)) {
            Ok(()) => Ok(slot),
            Err(error) => {
                self.retire(slot);
                Err(error)
            }
        }
    }

    /// Puts a restored slot back.
    pub fn put(&mut self, mut slot: Slot) -> Result<(), SandboxError> {
        let mut restored = slot.pages.restore(&mut self.tracker);
        if restored.is_ok() && self.held() + slot.pages.private() > HELD {
            restored = self.give_back(&mut slot);
        }
        let restored = restored.and_then(|()| self.verify(&slot));
        match restored {
            Ok(()) => self.free.insert(0, slot),
            Err(_) => self.retire(slot),
        }
        restored
    }

    /// Private pages of the slots at rest.
    fn held(&self) -> usize {
        self.free.iter().map(|slot| slot.pages.private()).sum()
    }

    /// Has the largest of the slots at rest, of which `slot` becomes one, give its pages back.
    fn give_back(&mut self, slot: &mut Slot) -> Result<(), SandboxError> {
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
                self.shared.ground.doubt();
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

    fn kept_by(&self, parked: &Parked) -> Option<usize> {
        self.kept.iter().position(|kept| Arc::ptr_eq(&kept.place, &parked.place))
    }

    /// Makes sure that an invocation can go on anywhere.
    pub fn let_go(&mut self, parked: &Parked) -> Result<(), SandboxError> {
        self.kept_by(parked).map_or(Ok(()), |index| self.release(index))
    }

    /// Frees a slot that an invocation waits in; one that has been given up meanwhile is not taken out.
    fn release(&mut self, index: usize) -> Result<(), SandboxError> {
        let Kept { slot, place, .. } = self.kept.remove(index);
        if Arc::strong_count(&place) > 1 {
            // Where there is no memory for it, it ends when it is to go on.
            let _refused = slot.pages.take_out(&place, &mut self.tracker);
        }
        self.put(slot)
    }

    /// Parks what waits in `slot`: there, if it may and there is room, or outside. Its pages take a share of `memory`.
    pub fn park(&mut self, slot: Slot, memory: &Purse, waits: Waits) -> Result<Parked, SandboxError> {
        let parked = match slot.pages.keep(memory, ParkedCount::new(&self.shared.counters)) {
            Ok(parked) => parked,
            Err(error) => return self.put(slot).and(Err(error)),
        };
        if waits == Waits::Here && self.kept.len() == KEPT && self.kept[0].since.elapsed() > STALE {
            self.release(0)?;
        }
        if waits == Waits::Here && self.kept.len() < KEPT {
            self.kept.push(Kept { slot, place: Arc::clone(&parked.place), since: Instant::now() });
        } else {
            let taken = slot.pages.take_out(&parked.place, &mut self.tracker);
            self.put(slot)?;
            taken.map_err(SandboxError::NoMemory)?;
        }
        Ok(parked)
    }
}
