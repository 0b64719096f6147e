//! Lanes: which workers serve an entry, so that short ones do not wait behind long ones.
//!
//! Each core has a worker for short entries, and one of lower priority for long ones: the kernel gives the core to a
//! short entry at once. A function's cost is learnt from its last entries. A short worker gives an entry [`SLICE`]: one
//! that takes longer is undone, and a long worker makes it again from its start. Must not know: jobs, slots.
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// Entries that take this much CPU time or more, µs, are long. A few times what an ordinary handler takes; an entry below it
/// delays others less than a scheduler's tick.
const LONG: u32 = 1_000;
/// The same, for the count of waiting entries.
pub const LONG_US: u64 = LONG as u64;

/// CPU time that a short worker gives one entry, and so the longest delay by a function whose cost is unknown.
pub const SLICE: Duration = Duration::from_millis(3);

/// What an entry counts for that used up its slice, µs: some ten short entries lead back from there, and after three more of them
/// some forty. A single one may be the machine's doing.
const OVERRUN: u32 = 2_000;

/// Short entries in a row after which a function is trusted; twice as many after each overrun.
const TRUST: u32 = 256;

/// No function is trusted with more CPU time than this, what functions usually may use.
const TRUSTED: Duration = Duration::from_millis(50);
/// What an entry of a trusted function counts for that was long: so many overruns.
const BREACH: u32 = 8;

/// A kind of worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Entries that are over soon.
    Short,
    /// The others.
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

/// What a function's entries cost lately.
#[derive(Debug, Default)]
pub struct Cost {
    /// A moving mean of CPU time, µs.
    mean: AtomicU32,
    /// Short entries since the last long one, as far as they count.
    streak: AtomicU32,
    /// Slices that were used up.
    overruns: AtomicU32,
}

impl Cost {
    /// The lane for the next entry.
    pub fn lane(&self) -> Lane {
        if self.mean.load(Relaxed) < LONG { Lane::Short } else { Lane::Long }
    }

    /// Whether entries are known to be short.
    pub fn cheap(&self) -> bool {
        self.known() && self.lane() == Lane::Short
    }

    /// Whether any entry has been taken into account.
    pub fn known(&self) -> bool {
        self.mean.load(Relaxed) != 0 || self.streak.load(Relaxed) != 0
    }

    /// Whether entries have been short for so long that a precaution is not worth its cost for one that may take
    /// `budget`.
    pub fn trusted(&self, budget: Duration) -> bool {
        budget <= TRUSTED && self.streak.load(Relaxed) >= self.trust()
    }

    fn trust(&self) -> u32 {
        TRUST << self.overruns.load(Relaxed).min(20)
    }

    /// Takes an entry into account: a quarter of it when it was dearer than usual, a sixteenth when it was cheaper. So one entry
    /// that uses up a usual budget is enough to leave the short lane, and some forty short ones lead back; an entry that
    /// was charged a scheduler's tick too much is not. Concurrent entries may overwrite each
    /// other's share; it is an estimate.
    pub fn charge(&self, cpu: Duration) {
        let (mean, seen) = (self.mean.load(Relaxed), u32::try_from(cpu.as_micros()).unwrap_or(u32::MAX));
        let next = if seen > mean { mean + (seen - mean) / 4 } else { mean - (mean - seen).div_ceil(16) };
        if next != mean {
            self.mean.store(next, Relaxed);
        }
        let streak = self.streak.load(Relaxed);
        if seen >= LONG {
            self.streak.store(0, Relaxed);
        } else if streak < self.trust() {
            self.streak.store(streak + 1, Relaxed);
        }
    }

    /// An entry used up its slice.
    pub fn overrun(&self) {
        self.overran(1);
    }

    /// An entry that was trusted took more than a slice.
    pub fn breach(&self) {
        self.overran(BREACH);
    }

    fn overran(&self, count: u32) {
        let before = self.overruns.fetch_add(count, Relaxed);
        self.mean.fetch_max(OVERRUN << (before + count - 1).min(3), Relaxed);
        self.streak.store(0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap(cost: &Cost, entries: usize) {
        (0..entries).for_each(|_| cost.charge(Duration::from_micros(40)));
    }

    #[test]
    fn one_long_entry_leaves_the_short_lane_and_many_short_ones_lead_back() {
        let cost = Cost::default();
        cost.charge(Duration::from_micros(40));
        assert_eq!(cost.lane(), Lane::Short);
        cost.charge(Duration::from_millis(50));
        assert_eq!(cost.lane(), Lane::Long);
        let back = (1..).find(|_| {
            cheap(&cost, 1);
            cost.lane() == Lane::Short
        });
        assert!(back.is_some_and(|entries| (15..60).contains(&entries)), "{back:?}");
    }

    #[test]
    fn trust_is_earned_once_and_dearer_after_each_overrun() {
        let cost = Cost::default();
        let trusted = || cost.trusted(TRUSTED);
        assert!(!cost.known() && !trusted());
        cheap(&cost, 255);
        assert!(cost.known() && !trusted());
        cheap(&cost, 1);
        assert!(trusted() && !cost.trusted(TRUSTED * 2));
        cost.overrun();
        assert_eq!((cost.lane(), trusted()), (Lane::Long, false));
        cheap(&cost, 511);
        assert_eq!((cost.lane(), trusted()), (Lane::Short, false));
        cheap(&cost, 1);
        assert!(trusted());
        cost.breach();
        cheap(&cost, 100_000);
        assert!(!trusted());
    }
}
