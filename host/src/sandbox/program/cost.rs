//! What a function's entries cost lately: whether the next one is likely to be short.
//!
//! Must not know: lanes, workers, what becomes of an entry that takes long.
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// Entries that take this much CPU time or more, µs, are long. A few times what an ordinary handler takes; an entry
/// below it delays others less than a scheduler's tick.
const LONG: u32 = 1_000;
/// The same, for the count of waiting entries.
pub const LONG_US: u64 = LONG as u64;

/// An entry that used up its slice counts as so long, µs. About ten short entries then make the function short again;
/// about forty after three more such entries. A single one may be due to a busy machine.
const OVERRUN: u32 = 2_000;

/// Short entries in a row after which a function is trusted; twice as many after each overrun.
const TRUST: u32 = 256;

/// No function is trusted with more CPU time than this, what functions usually may use.
const TRUSTED: Duration = Duration::from_millis(50);
/// A long entry of a trusted function counts as so many overruns.
const BREACH: u32 = 8;

/// What the entries of one function cost lately.
#[derive(Debug, Default)]
pub struct Cost {
    /// A moving mean of CPU time, µs.
    mean: AtomicU32,
    /// Short entries since the last long one; counted up to the threshold of trust.
    streak: AtomicU32,
    /// Entries that used up their slice.
    overruns: AtomicU32,
}

impl Cost {
    /// Whether entries are short, as far as is known.
    pub fn short(&self) -> bool {
        self.mean.load(Relaxed) < LONG
    }

    /// Whether entries are known to be short.
    pub fn cheap(&self) -> bool {
        self.known() && self.short()
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

    /// Takes an entry into account: a quarter of it when it was dearer than usual, a sixteenth when it was cheaper. So
    /// one entry that uses up a usual budget is enough to leave the short lane, and about forty short ones make the
    /// function short again; an entry that was charged a scheduler's tick too much is not. Concurrent entries may
    /// overwrite each other's share; it is an estimate.
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
        assert!(cost.short());
        cost.charge(Duration::from_millis(50));
        assert!(!cost.short());
        let back = (1..).find(|_| {
            cheap(&cost, 1);
            cost.short()
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
        assert_eq!((cost.short(), trusted()), (false, false));
        cheap(&cost, 511);
        assert_eq!((cost.short(), trusted()), (true, false));
        cheap(&cost, 1);
        assert!(trusted());
        cost.breach();
        cheap(&cost, 100_000);
        assert!(!trusted());
    }
}
