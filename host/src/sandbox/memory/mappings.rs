//! How many memory mappings instances may have.
//!
//! The kernel counts the mappings of a process (`vm.max_map_count`), and at the limit every allocation of the whole
//! process fails. So instances take only a part of them; beyond it an instance does without an overlay, or is refused.
//! Must not know: what is mapped.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The kernel's default, for where its value cannot be read.
const DEFAULT: usize = 65_530;

/// The mappings that instances may have, and how many of them are taken.
#[derive(Debug)]
pub struct Mappings {
    limit: usize,
    used: AtomicUsize,
}

impl Mappings {
    /// Three quarters of those that are free now: the rest is for allocations and stacks.
    pub fn of_process() -> Arc<Mappings> {
        let most = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok().and_then(|text| text.trim().parse().ok());
        let now = std::fs::read("/proc/self/maps").map_or(0, |maps| maps.iter().filter(|byte| **byte == b'\n').count());
        Mappings::new(most.unwrap_or(DEFAULT).saturating_sub(now) / 4 * 3)
    }

    /// As many as `limit`.
    pub fn new(limit: usize) -> Arc<Mappings> {
        Arc::new(Mappings { limit, used: AtomicUsize::new(0) })
    }

    /// Takes `count` of them until the share is dropped; `None` where fewer are left.
    pub fn take(self: &Arc<Mappings>, count: usize) -> Option<Share> {
        let fits = |used: usize| used.checked_add(count).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Relaxed, Relaxed, fits).ok()?;
        Some(Share { mappings: Arc::clone(self), count })
    }

    /// Why an instance is refused.
    pub fn refusal(&self) -> String {
        format!(
            "all {} memory mappings for instances are taken (vm.max_map_count of the kernel bounds those of the process); \
             fewer --workers need fewer",
            self.limit
        )
    }
}

/// Some mappings.
#[derive(Debug)]
pub struct Share {
    mappings: Arc<Mappings>,
    count: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.mappings.used.fetch_sub(self.count, Relaxed);
    }
}

/// `pages`, which rise, with the smallest gaps between them filled so that at most `runs` runs are left; `None` where
/// that takes more than `more` further pages.
pub fn joined(pages: &[u32], runs: usize, more: usize) -> Option<Vec<u32>> {
    let mut gaps: Vec<u32> = pages.windows(2).map(|pair| pair[1] - pair[0] - 1).filter(|gap| *gap > 0).collect();
    gaps.sort_unstable();
    let fill = (gaps.len() + 1).saturating_sub(runs);
    let (filled, kept) = gaps.split_at(fill);
    if filled.iter().map(|gap| *gap as usize).sum::<usize>() > more {
        return None;
    }
    // Gaps of the size of the last one filled are filled as far as they have to be.
    let widest = filled.last().copied().unwrap_or(0);
    let mut equal = filled.iter().filter(|gap| **gap == widest).count();
    debug_assert!(kept.first().is_none_or(|gap| *gap >= widest));
    let mut all: Vec<u32> = Vec::with_capacity(pages.len() + more);
    for page in pages {
        if let Some(last) = all.last().copied() {
            let gap = page - last - 1;
            let fills = gap < widest || gap == widest && equal > 0;
            if gap > 0 && fills {
                equal -= usize::from(gap == widest);
                all.extend(last + 1..*page);
            }
        }
        all.push(*page);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn shares_end_at_the_limit_and_come_back() {
        let mappings = Mappings::new(10);
        let first = mappings.take(6).unwrap();
        assert!(mappings.take(5).is_none());
        let second = mappings.take(4);
        assert!(second.is_some() && mappings.take(1).is_none());
        drop(first);
        assert!(mappings.take(6).is_some());
    }

    #[test]
    fn the_smallest_gaps_are_filled() {
        let pages = [1, 2, 5, 7, 20, 22];
        assert_eq!(joined(&pages, 5, 0).unwrap(), pages);
        assert_eq!(joined(&pages, 3, 2).unwrap(), [1, 2, 5, 6, 7, 20, 21, 22]);
        assert_eq!(joined(&pages, 4, 1).unwrap(), [1, 2, 5, 6, 7, 20, 22]);
        assert_eq!(joined(&pages, 2, 4).unwrap(), [1, 2, 3, 4, 5, 6, 7, 20, 21, 22]);
        assert_eq!(joined(&pages, 2, 3), None);
        assert_eq!(joined(&[], 1, 0).unwrap(), [0; 0]);
    }
}
