//! An instance's memory, bound to contents: which pages are private, and how they are restored.
//!
//! The memory is a private mapping of an image. A page once written stays private and is copied back after each entry;
//! the set of such pages grows only by page faults of the instance's own thread, so an unchanged fault counter proves
//! the known set complete (docs/decisions/010-restore.md). Must not know: WasmEdge, JavaScript.
//!
//! # Layout
//! - [`tracker`]: whether a thread may have made further pages private
//! - [`unfolded`]: the bound difference as whole pages
//! - [`overlay`]: the bound difference as a mapping of its own
//! - [`parking`]: the pages of invocations that wait
//! - [`verify`]: the whole memory compared with the bound contents
mod overlay;
mod parking;
mod tracker;
mod unfolded;
mod verify;

pub use parking::ParkedPages;
pub use tracker::{Kernel, Tracker};

use super::contents::Contents;
use super::delta::Delta;
use super::guest::{GuestMemory, Run};
use super::mappings::Share;
use super::{PAGE, ZEROS};
use crate::sandbox::SandboxError;
use std::ptr::NonNull;
use std::sync::Arc;
use unfolded::Unfolded;

/// Private pages beyond the difference that a usual request may leave: they are copied back after each.
const SLACK: usize = 256;
/// With more than that, the private pages are dropped after this many restores.
const PATIENCE: u32 = 16;
/// With more than this, at once: copying them back would cost more than faulting a usual request's pages in again.
const HUGE: usize = 4096;
/// Mappings of an instance, generously: a worker with one instance has 4, its stacks among them.
const MAPPINGS: usize = 8;

/// An instance's memory.
pub struct Pages {
    memory: GuestMemory,
    bound: Arc<Contents>,
    /// Private pages, in order. Complete whenever the instance is at rest.
    known: Vec<u32>,
    /// How to copy them back; made from `known` and `bound`, whose contents it points into.
    plan: Vec<Run>,
    /// The pages of the bound difference, whole.
    unfolded: Unfolded,
    /// Always private: the watchdog's thread writes here.
    control_page: u32,
    large_rounds: u32,
    /// Restores since the contents were bound.
    rounds: u32,
    /// Whether the memory maps the bound difference over its image; where it does not, the difference is private.
    overlaid: bool,
    /// The mappings of an overlay.
    overlay: Option<Share>,
    /// Those of the memory itself.
    _share: Share,
}

impl Pages {
    /// Maps the contents into `memory`.
    pub fn new(
        memory: GuestMemory,
        control: u32,
        bound: Arc<Contents>,
        tracker: &mut Tracker,
    ) -> Result<Pages, SandboxError> {
        let mappings = tracker.mappings();
        let share = mappings.take(MAPPINGS).ok_or_else(|| SandboxError::NoSlot(mappings.refusal()))?;
        let mut pages = Pages {
            memory,
            bound,
            known: vec![],
            plan: vec![],
            unfolded: Unfolded::default(),
            control_page: control / PAGE as u32,
            large_rounds: 0,
            rounds: 0,
            overlaid: false,
            overlay: None,
            _share: share,
        };
        pages.remap()?;
        tracker.at_rest();
        Ok(pages)
    }

    /// What it is restored to.
    pub fn bound(&self) -> &Arc<Contents> {
        &self.bound
    }

    /// Number of private pages now.
    pub fn private(&self) -> usize {
        self.known.len()
    }

    /// Private pages that are usual for the bound contents.
    fn usual(&self) -> usize {
        self.bound.delta().len() + SLACK
    }

    fn remap(&mut self) -> Result<(), SandboxError> {
        self.memory.map(self.bound.image().file()).map_err(SandboxError::memory)?;
        (self.overlaid, self.overlay) = (false, None);
        self.known.clear();
        self.refill();
        Ok(())
    }

    /// Leaves no page private but the one that the watchdog writes.
    fn only_control(&mut self) {
        self.known.clear();
        self.known.push(self.control_page);
        self.memory.touch(self.control_page);
        self.plan();
    }

    /// Copies the bound contents over every page that is private or belongs to their difference.
    fn refill(&mut self) {
        self.unfolded.set(&self.bound);
        merge(&mut self.known, self.unfolded.numbers());
        merge(&mut self.known, &[self.control_page]);
        self.memory.touch(self.control_page);
        self.plan();
        self.copy();
    }

    /// The bound page; `None` for zeros.
    fn expected(&self, page: u32) -> Option<&[u8]> {
        self.unfolded.page(page).or_else(|| self.bound.image().page(page))
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

    fn write(&self, delta: &Delta) {
        delta.each(|page, offset, line| {
            self.memory.write(page * PAGE as u32 + offset as u32, line);
        });
    }

    /// Binds other contents. Only at rest.
    pub fn bind(&mut self, contents: &Arc<Contents>, tracker: &mut Tracker) -> Result<(), SandboxError> {
        if Arc::ptr_eq(&self.bound, contents) {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.bound, Arc::clone(contents));
        // The plan points into the contents that may go away here.
        self.plan.clear();
        self.rounds = 0;
        if Arc::ptr_eq(before.image(), self.bound.image()) && !self.overlaid {
            self.exchange(before.delta());
        } else {
            self.remap()?;
        }
        tracker.at_rest();
        Ok(())
    }

    /// From one difference at rest to another of the same image: only the lines of both are touched.
    fn exchange(&mut self, before: &Delta) {
        self.unfolded.set(&self.bound);
        merge(&mut self.known, self.unfolded.numbers());
        before.each(|page, offset, line| {
            let image = self.bound.image().page(page).unwrap_or(ZEROS);
            self.memory.write(page * PAGE as u32 + offset as u32, &image[offset..][..line.len()]);
        });
        self.write(self.bound.delta());
        self.plan();
    }

    /// Completes the set of private pages after an entry. `force`: another thread wrote into the memory.
    pub fn find_private(&mut self, tracker: &mut Tracker, force: bool) -> Result<(), SandboxError> {
        if tracker.faulted() || force {
            tracker.scan(&self.memory, &mut self.known)?;
            merge(&mut self.known, &[self.control_page]);
            self.plan();
        }
        Ok(())
    }

    /// The pages that differ from the bound contents. Only between [`Pages::find_private`] and [`Pages::restore`].
    pub fn difference(&self) -> Delta {
        let pages =
            self.known.iter().map(|page| (*page, self.memory.page(*page), self.expected(*page).unwrap_or(ZEROS)));
        Delta::between(pages)
    }

    /// What is in the memory now, as contents. The memory must be bound to an image as it is. Only after
    /// [`Pages::find_private`].
    pub fn contents(&self) -> Result<Contents, SandboxError> {
        Contents::over(self.bound.image(), self.difference())
    }

    /// Makes the memory the bound contents again. Only after [`Pages::find_private`].
    pub fn restore(&mut self, tracker: &mut Tracker) -> Result<(), SandboxError> {
        let large = self.known.len() > self.usual();
        self.large_rounds = if large { self.large_rounds + 1 } else { 0 };
        if self.known.len() > HUGE || self.large_rounds >= PATIENCE {
            return self.shrink(tracker);
        }
        self.copy();
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds == overlay::ROUNDS && self.bound.delta().len() > 0 {
            self.overlay_difference(tracker.mappings())?;
            tracker.at_rest();
        }
        Ok(())
    }

    /// Gives the private pages back to the kernel. Only where all of them would be restored, or are.
    pub fn shrink(&mut self, tracker: &mut Tracker) -> Result<(), SandboxError> {
        self.large_rounds = 0;
        self.memory.forget().map_err(SandboxError::memory)?;
        if self.overlaid {
            self.only_control();
        } else {
            self.known.clear();
            self.refill();
        }
        tracker.at_rest();
        Ok(())
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
