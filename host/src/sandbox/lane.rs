//! Lanes: which workers serve an entry, so that short ones do not wait behind long ones.
//!
//! Each core has a worker for short entries, and one of lower priority for long ones: the kernel gives the core to the short
//! entry as soon as it comes. What a function costs is learnt from its last entries. Must not know: jobs, slots.
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// Entries that take this much CPU time or more, µs, are long. A few times what an ordinary handler takes; an entry below it
/// delays others less than a scheduler's tick.
const LONG: u32 = 1_000;
/// The same, for whoever counts what waits.
pub const LONG_US: u64 = LONG as u64;

/// A kind of worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Entries that are over soon.
    Short,
    /// The others, and evaluations, which may take half a second.
    Long,
}

impl Lane {
    /// Both.
    pub const ALL: [Lane; 2] = [Lane::Short, Lane::Long];

    /// In the names of threads.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Short => "short",
            Lane::Long => "long",
        }
    }
}

/// What a function's entries cost lately: a moving mean of CPU time, µs.
#[derive(Debug, Default)]
pub struct Cost(AtomicU32);

impl Cost {
    /// The lane for the next entry.
    pub fn lane(&self) -> Lane {
        if self.0.load(Relaxed) < LONG { Lane::Short } else { Lane::Long }
    }

    /// Takes an entry into account: a quarter of it when it was dearer than usual, a sixteenth when it was cheaper. So one entry
    /// that uses up a usual budget is enough to leave the short lane, and some forty short ones lead back; an entry that
    /// was charged a scheduler's tick too much is not. Concurrent entries may overwrite each
    /// other's share; it is an estimate.
    pub fn charge(&self, cpu: Duration) {
        let (mean, seen) = (self.0.load(Relaxed), u32::try_from(cpu.as_micros()).unwrap_or(u32::MAX));
        let next = if seen > mean { mean + (seen - mean) / 4 } else { mean - (mean - seen).div_ceil(16) };
        if next != mean {
            self.0.store(next, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_entry_leaves_the_short_lane_and_many_short_ones_lead_back() {
        let cost = Cost::default();
        cost.charge(Duration::from_micros(40));
        assert_eq!(cost.lane(), Lane::Short);
        cost.charge(Duration::from_millis(50));
        assert_eq!(cost.lane(), Lane::Long);
        let back = (1..).find(|_| {
            cost.charge(Duration::from_micros(40));
            cost.lane() == Lane::Short
        });
        assert!(back.is_some_and(|entries| (15..60).contains(&entries)), "{back:?}");
    }
}
