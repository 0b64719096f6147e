//! A slot's memory: binding to a snapshot, the private pages, restore, parking.
//!
//! A slot's memory is a private mapping of an image. A page once written stays private and is copied back after each entry;
//! the set of such pages grows only by page faults of the slot's own thread, so an unchanged fault counter proves the known
//! set complete (`docs/decisions/`, restore). Must not know: WasmEdge, JavaScript.
use super::guest::{self as memory, GuestMemory, MappedFile, PAGE, Run, Scanner, Usage};
use super::image::{Delta, Snapshot, ZEROS, engine};
use super::mappings::{self, Mappings, Share};
use super::probe::Shows;
use crate::budget::{self, BudgetError, Purse};
use crate::sandbox::SandboxError;
use crate::sandbox::metrics::ParkedCount;
use std::os::unix::fs::FileExt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Private pages above the snapshot's own that are copied back without a second thought.
const SLACK: usize = 256;
/// With more than that, they are dropped after this many restores.
const PATIENCE: u32 = 16;
/// With more than this, at once: copying them back would cost more than faulting a usual request's pages in again.
const HUGE: usize = 4096;

/// After this many restores to one snapshot the slot maps the snapshot's difference over the image, so that it is no longer
/// private: from then on only pages that requests really write are copied back. Costs a file of those pages, a mapping per
/// run of them, and a remapping when the slot is bound to another function. All else stays shared with the other slots, which
/// keeps the processor's caches warm where functions take turns.
const SETTLED: u32 = 256;

/// An invocation between two entries.
pub struct Parked {
    pub(in crate::sandbox) snapshot: Arc<Snapshot>,
    pub(in crate::sandbox) place: Arc<Place>,
    /// Whose memory it takes.
    pub(in crate::sandbox) memory: Purse,
    /// Counts it while it lives.
    _count: ParkedCount,
}

/// Where a parked invocation is.
#[derive(Debug)]
pub struct Place(Mutex<Where>);

#[derive(Debug)]
enum Where {
    /// In its slot. The share stands for pages that are more than a few.
    Slot(budget::Share),
    /// Outside: the pages that differ from its function's snapshot.
    Out(Delta, budget::Share),
    /// Nowhere: it has gone on, or there was no memory for it outside of its slot.
    Gone(Option<BudgetError>),
}

impl Place {
    fn at(&self) -> MutexGuard<'_, Where> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Parked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parked").field("place", &self.place).finish()
    }
}

impl Parked {
    /// Memory that it holds outside of a slot, bytes.
    pub fn weight(&self) -> usize {
        match &*self.place.at() {
            Where::Out(delta, _) => delta.weight(),
            Where::Slot(_) | Where::Gone(_) => 0,
        }
    }
}

/// What the slots of one thread share: the way to find private pages, and the thread's counters at rest.
pub struct Tracker {
    scanner: Scanner,
    ground: Arc<Ground>,
    rest: Usage,
    /// Scans made so far.
    pub scans: u64,
}

/// What the slots of all threads stand on.
#[derive(Debug)]
pub struct Ground {
    /// The fault counter is to be believed.
    faults: AtomicBool,
    /// The page scan works.
    scan: bool,
    mappings: Arc<Mappings>,
}

impl Ground {
    /// As the self-test found it.
    pub fn new(shows: Shows, mappings: Arc<Mappings>) -> Ground {
        Ground { faults: AtomicBool::new(shows.faults), scan: shows.scan, mappings }
    }

    /// A restore was found to be wrong: the fault counter is not believed any more.
    pub fn doubt(&self) {
        self.faults.store(false, Relaxed);
    }
}

impl Tracker {
    /// For the calling thread.
    pub fn new(ground: &Arc<Ground>) -> Result<Tracker, SandboxError> {
        let mut scanner = Scanner::new().map_err(engine)?;
        if !ground.scan {
            scanner.one_by_one();
        }
        Ok(Tracker { scanner, ground: Arc::clone(ground), rest: Usage::default(), scans: 0 })
    }

    /// Nothing that the thread has done since it left its last slot concerns a slot: other work's faults are no reason to scan.
    pub fn rests(&mut self) {
        self.rest = self.usage();
    }

    fn usage(&self) -> Usage {
        memory::thread_usage().unwrap_or_else(|| {
            self.ground.doubt();
            Usage::default()
        })
    }

    /// Whether the thread may have made further pages private since it rested.
    fn grown(&mut self) -> bool {
        let now = self.usage();
        let before = std::mem::replace(&mut self.rest, now);
        now.faults != before.faults || !self.ground.faults.load(Relaxed)
    }

    /// CPU time of the thread when it last left a slot at rest, ns.
    pub fn cpu(&self) -> u64 {
        self.rest.cpu
    }
}

/// A slot's memory, bound to a snapshot.
pub struct Pages {
    memory: GuestMemory,
    bound: Arc<Snapshot>,
    /// Private pages, in order. Complete whenever the slot is at rest.
    known: Vec<u32>,
    /// How to copy them back; made from `known` and `bound`, whose contents it points into.
    plan: Vec<Run>,
    /// The pages of the bound snapshot's difference, whole: number and contents.
    whole: (Vec<u32>, Vec<u8>),
    /// Always private: the watchdog's thread writes here.
    control_page: u32,
    large_rounds: u32,
    /// Restores since the snapshot was bound.
    rounds: u32,
    /// Whether the memory maps the bound snapshot's difference over its image; until settled, the difference is private.
    overlaid: bool,
    /// The mappings of an overlay.
    overlay: Option<Share>,
    /// Those of the memory itself.
    _share: Share,
}

/// Mappings of an instance, generously: a worker with one slot has 4, its stacks among them.
const SLOT: usize = 8;
/// Runs of pages that an overlay may have at most: each costs two mappings.
const RUNS: usize = 32;
/// Pages that an overlay may have beyond the difference, to have so few runs.
const BETWEEN: usize = 128;

impl Pages {
    /// Maps the snapshot into `memory`.
    pub fn new(
        memory: GuestMemory,
        control: u32,
        bound: Arc<Snapshot>,
        tracker: &mut Tracker,
    ) -> Result<Pages, SandboxError> {
        let control_page = control / PAGE as u32;
        let mappings = &tracker.ground.mappings;
        let share = mappings.take(SLOT).ok_or_else(|| SandboxError::NoSlot(mappings.refusal()))?;
        let mut pages = Pages {
            memory,
            bound,
            known: vec![],
            plan: vec![],
            whole: Default::default(),
            control_page,
            large_rounds: 0,
            rounds: 0,
            overlaid: false,
            overlay: None,
            _share: share,
        };
        pages.remap()?;
        tracker.rests();
        Ok(pages)
    }

    /// The snapshot that it is restored to.
    pub fn bound(&self) -> &Arc<Snapshot> {
        &self.bound
    }

    /// Private pages now.
    pub fn private(&self) -> usize {
        self.known.len()
    }

    /// Bytes beyond what a usual slot has anyway.
    pub fn beyond_usual(&self) -> usize {
        if self.known.len() > self.bound.delta.len() + SLACK { self.known.len() * PAGE } else { 0 }
    }

    fn remap(&mut self) -> Result<(), SandboxError> {
        self.memory.map(&self.bound.image.file).map_err(engine)?;
        (self.overlaid, self.overlay) = (false, None);
        self.known.clear();
        self.refill();
        Ok(())
    }

    /// Maps the bound snapshot's difference over its image, where that takes few mappings. Only when restored.
    fn settle_down(&mut self, mappings: &Arc<Mappings>) -> Result<(), SandboxError> {
        let Some(numbers) = mappings::joined(&self.whole.0, RUNS, BETWEEN) else { return Ok(()) };
        let runs = numbers.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count() + 1;
        let Some(share) = mappings.take(2 * runs) else { return Ok(()) };
        let fill = |file: &std::fs::File| {
            let mut pages = numbers.iter().zip(0u64..);
            pages.try_for_each(|(page, at)| file.write_all_at(self.expected(*page).unwrap_or(ZEROS), at * PAGE as u64))
        };
        let overlaid = MappedFile::new(numbers.len() * PAGE, fill).and_then(|file| {
            self.memory.map(&self.bound.image.file)?;
            self.memory.overlay(&file, &numbers)
        });
        if overlaid.is_err() {
            // Without memory for it the slot goes on as it was.
            return self.remap();
        }
        (self.overlaid, self.overlay) = (true, Some(share));
        self.only_control();
        Ok(())
    }

    /// Nothing is private but the page that the watchdog writes.
    fn only_control(&mut self) {
        self.known.clear();
        self.known.push(self.control_page);
        self.memory.touch(self.control_page);
        self.plan();
    }

    /// Copies the bound snapshot over every page that is private or belongs to its difference.
    fn refill(&mut self) {
        self.unfold();
        merge(&mut self.known, &self.whole.0);
        merge(&mut self.known, &[self.control_page]);
        self.memory.touch(self.control_page);
        self.plan();
        self.copy();
    }

    /// Makes whole pages of the bound snapshot's difference.
    fn unfold(&mut self) {
        let (numbers, bytes) = &mut self.whole;
        numbers.clear();
        numbers.extend(self.bound.delta.numbers());
        bytes.clear();
        for page in numbers.iter() {
            match self.bound.image.page(*page) {
                Some(page) => bytes.extend_from_slice(page),
                None => bytes.resize(bytes.len() + PAGE, 0),
            }
        }
        let mut last = (u32::MAX, 0);
        self.bound.delta.each(|page, offset, line| {
            if last.0 != page {
                last = (page, numbers.binary_search(&page).unwrap_or(0) * PAGE);
            }
            bytes[last.1 + offset..][..line.len()].copy_from_slice(line);
        });
    }

    /// The bound snapshot's page; `None` for zeros.
    fn expected(&self, page: u32) -> Option<&[u8]> {
        match self.whole.0.binary_search(&page) {
            Ok(index) => Some(&self.whole.1[index * PAGE..][..PAGE]),
            Err(_) => self.bound.image.page(page),
        }
    }

    fn plan(&mut self) {
        let mut plan = std::mem::take(&mut self.plan);
        plan.clear();
        for page in &self.known {
            let source = self.expected(*page).map(|bytes| NonNull::from(bytes).cast());
            if !plan.last_mut().is_some_and(|run: &mut Run| run.extend(*page, source)) {
                plan.push(Run { first: *page, pages: 1, source });
            }
        }
        self.plan = plan;
    }

    fn copy(&self) {
        self.plan.iter().for_each(|run| self.memory.fill(run));
    }

    /// Binds another snapshot. Only at rest.
    pub fn bind(&mut self, snapshot: &Arc<Snapshot>, tracker: &mut Tracker) -> Result<(), SandboxError> {
        if Arc::ptr_eq(&self.bound, snapshot) {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.bound, Arc::clone(snapshot));
        // The plan points into the snapshot that may go away here.
        self.plan.clear();
        self.rounds = 0;
        if Arc::ptr_eq(&before.image, &self.bound.image) && !self.overlaid {
            self.turn(&before);
        } else {
            self.remap()?;
        }
        tracker.rests();
        Ok(())
    }

    /// From one snapshot at rest to another of the same image: only the lines of the two differences are touched.
    fn turn(&mut self, before: &Snapshot) {
        self.unfold();
        merge(&mut self.known, &self.whole.0);
        before.delta.each(|page, offset, line| {
            let image = self.bound.image.page(page).unwrap_or(ZEROS);
            self.memory.write(page * PAGE as u32 + offset as u32, &image[offset..][..line.len()]);
        });
        self.bound.delta.each(|page, offset, line| {
            self.memory.write(page * PAGE as u32 + offset as u32, line);
        });
        self.plan();
    }

    /// Puts a parked invocation's pages in place of the snapshot's. `keep`: they stay parked, too.
    pub fn unpark(&mut self, parked: &Parked, keep: bool, tracker: &mut Tracker) -> Result<(), SandboxError> {
        let mut place = parked.place.at();
        let delta = match &*place {
            Where::Out(delta, _share) => delta,
            Where::Gone(Some(refused)) => return Err(SandboxError::NoMemory(*refused)),
            Where::Slot(_) | Where::Gone(None) => {
                return Err(SandboxError::Engine("a parked invocation lies in another slot".to_owned()));
            }
        };
        delta.each(|page, offset, line| {
            self.memory.write(page * PAGE as u32 + offset as u32, line);
        });
        let count = self.known.len();
        merge(&mut self.known, &delta.numbers().collect::<Vec<_>>());
        if self.known.len() != count {
            self.plan();
        }
        if !keep {
            *place = Where::Gone(None);
        }
        // Between this and the entry's end only the guest and its host calls touch the memory.
        tracker.rests();
        Ok(())
    }

    /// Completes the known set after an entry. `force`: another thread wrote into the memory.
    pub fn settle(&mut self, tracker: &mut Tracker, force: bool) -> Result<(), SandboxError> {
        if tracker.grown() || force {
            tracker.scanner.private(&self.memory, &mut self.known).map_err(engine)?;
            merge(&mut self.known, &[self.control_page]);
            tracker.scans += 1;
            self.plan();
        }
        Ok(())
    }

    /// The pages that differ from the bound snapshot. Only between `settle` and `restore`.
    pub fn difference(&self) -> Delta {
        let pages =
            self.known.iter().map(|page| (*page, self.memory.page(*page), self.expected(*page).unwrap_or(ZEROS)));
        Delta::between(pages)
    }

    fn same(&self, page: u32) -> bool {
        self.expected(page).unwrap_or(ZEROS) == self.memory.page(page)
    }

    /// A new snapshot of what is in the memory now, which must be bound to the base image. Only after `settle`.
    pub fn snapshot(&self) -> Result<Snapshot, SandboxError> {
        Snapshot::from_delta(&self.bound.image, self.difference())
    }

    /// Parks what is in the memory now, and leaves it there. Only after `settle`; `take_out` comes before anything else.
    pub fn keep(&self, memory: &Purse, count: ParkedCount) -> Result<Parked, SandboxError> {
        let share = memory.take(self.beyond_usual()).map_err(SandboxError::NoMemory)?;
        let place = Arc::new(Place(Mutex::new(Where::Slot(share))));
        Ok(Parked { snapshot: Arc::clone(&self.bound), place, memory: memory.clone(), _count: count })
    }

    /// Takes out what was left in the memory, if there is a share for it. Only after `settle`.
    pub fn take_out(&self, place: &Place, tracker: &mut Tracker) -> Result<(), BudgetError> {
        let mut at = place.at();
        let taken = match std::mem::replace(&mut *at, Where::Gone(None)) {
            Where::Slot(mut share) => share.resize(self.known.len() * PAGE).and_then(|()| {
                let delta = self.difference();
                // It is smaller than the pages that it was found in.
                share.resize(delta.weight().min(self.known.len() * PAGE))?;
                Ok(Where::Out(delta, share))
            }),
            other => Ok(other),
        };
        let refused = taken.as_ref().err().copied();
        *at = taken.unwrap_or_else(|refused| Where::Gone(Some(refused)));
        drop(at);
        // Only host memory was written since `settle`; its faults are no reason to scan.
        tracker.rests();
        refused.map_or(Ok(()), Err)
    }

    /// Makes the memory the snapshot again. Only after `settle`.
    pub fn restore(&mut self, tracker: &mut Tracker) -> Result<(), SandboxError> {
        let large = self.known.len() > self.bound.delta.len() + SLACK;
        self.large_rounds = if large { self.large_rounds + 1 } else { 0 };
        if self.known.len() > HUGE || self.large_rounds >= PATIENCE {
            return self.shrink(tracker);
        }
        self.copy();
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds == SETTLED && self.bound.delta.len() > 0 {
            self.settle_down(&tracker.ground.mappings)?;
            tracker.rests();
        }
        Ok(())
    }

    /// Gives back the private pages. Only where all would be restored or is.
    pub fn shrink(&mut self, tracker: &mut Tracker) -> Result<(), SandboxError> {
        self.large_rounds = 0;
        self.memory.forget().map_err(engine)?;
        if self.overlaid {
            self.only_control();
        } else {
            self.known.clear();
            self.refill();
        }
        tracker.rests();
        Ok(())
    }

    /// Compares the whole memory with the snapshot, by a way that shares nothing with `restore` but the snapshot.
    pub fn verify(&self, tracker: &Tracker) -> Result<(), SandboxError> {
        let mut private = Vec::new();
        tracker.scanner.read(&self.memory, &mut private).map_err(engine)?;
        // A page that is neither private nor of the snapshot is a hole of its file; to read it would fill it.
        let shared = self.bound.image.filled().chain(self.whole.0.iter().copied());
        match shared.chain(private.iter().copied()).find(|page| !self.same(*page)) {
            None => Ok(()),
            Some(page) => Err(SandboxError::Engine(format!(
                "page {page} differs from the snapshot after a restore (known {}, private {})",
                self.known.binary_search(&page).is_ok(),
                private.binary_search(&page).is_ok(),
            ))),
        }
    }
}

/// Adds `more` to `pages`; both in rising order.
fn merge(pages: &mut Vec<u32>, more: &[u32]) {
    if more.iter().all(|page| pages.binary_search(page).is_ok()) {
        return;
    }
    pages.extend_from_slice(more);
    pages.sort_unstable();
    pages.dedup();
}
