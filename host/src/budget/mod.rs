//! The memory budget of the process: a caller that needs memory for work in flight takes a share first, and returns it by
//! dropping it.
//!
//! Owns: how much is taken, by which owner, and who is refused. Must not know: what the memory is used for, how a
//! refusal is reported.
//!
//! Fairness: every function has a [`Purse`], and so have uploads and Dapr's API. A purse may hold at most as much as is
//! then left free. One purse gets half of the budget, two that flood get a third each, and there is always room for one
//! more (Choudhury and Hahne, "Dynamic queue length thresholds", 1998). Places in the queue are shared in the same way.
//!
//! # Layout
//! - [`machine`]: how much memory the cgroup or the machine has
//! - [`held`]: bytes that carry their share with them
//! - [`sizing`]: how much of the budget is left for work in flight
pub mod held;
pub mod machine;
pub mod sizing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The code of a refusal, in answers, logs and operations' errors.
pub const CODE: &str = "memoryBudget";
/// Bytes up to this number need no share, such as small bodies: the connection's share covers them.
pub const SMALL: usize = 8 << 10;
/// The setting, as refusals name it.
pub const SETTING: &str = "memory_budget_mb";

/// The memory for work in flight. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Total>);

#[derive(Debug)]
struct Total {
    limit: u64,
    used: AtomicU64,
    peak: AtomicU64,
    refused: AtomicU64,
}

/// One owner's part of the budget: a function's, the uploads', Dapr's API's. Cheap to clone. The default belongs to a
/// budget without a limit.
#[derive(Clone, Debug)]
pub struct Purse {
    total: Arc<Total>,
    held: Arc<AtomicU64>,
}

impl Default for Purse {
    fn default() -> Purse {
        Budget::new(u64::MAX).purse()
    }
}

/// A refusal: the budget has no room now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no memory for {wanted} more bytes: {used} of {limit} bytes are in use, {own} of them by this function or API (setting memory_budget_mb)"
)]
pub struct BudgetError {
    /// Bytes requested.
    pub wanted: u64,
    /// Bytes that the owner holds.
    pub own: u64,
    /// Bytes in use.
    pub used: u64,
    /// Bytes that the budget has for work in flight.
    pub limit: u64,
}

/// Part of the budget; dropping it returns it.
#[derive(Debug)]
pub struct Share {
    purse: Purse,
    bytes: u64,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: u64) -> Budget {
        Budget(Arc::new(Total { limit, used: AtomicU64::new(0), peak: AtomicU64::new(0), refused: AtomicU64::new(0) }))
    }

    /// A new owner.
    pub fn purse(&self) -> Purse {
        Purse { total: Arc::clone(&self.0), held: Arc::default() }
    }

    /// The limit, bytes.
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// Bytes taken now.
    pub fn used(&self) -> u64 {
        self.0.used.load(Relaxed)
    }

    /// The most bytes that were taken at once since the last call.
    pub fn peak(&self) -> u64 {
        self.0.peak.swap(self.used(), Relaxed)
    }

    /// Refusals since the start.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }
}

impl Purse {
    /// Takes `bytes`.
    pub fn take(&self, bytes: usize) -> Result<Share, BudgetError> {
        let mut share = self.none();
        share.grow(bytes)?;
        Ok(share)
    }

    /// An empty share, to grow later.
    pub fn none(&self) -> Share {
        Share { purse: self.clone(), bytes: 0 }
    }

    /// Takes a share for bytes that exist already; they keep it until their last clone or slice is dropped. Small ones
    /// need none.
    pub fn hold(&self, bytes: bytes::Bytes) -> Result<bytes::Bytes, BudgetError> {
        if bytes.len() <= SMALL {
            return Ok(bytes);
        }
        let share = self.take(bytes.len())?;
        Ok(held::hold(bytes, share))
    }

    /// Bytes held now.
    pub fn held(&self) -> u64 {
        self.held.load(Relaxed)
    }
}

impl Share {
    /// Bytes that the share covers.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes `more` bytes as well.
    pub fn grow(&mut self, more: usize) -> Result<(), BudgetError> {
        let more = more as u64;
        let Total { limit, used, peak, refused } = &*self.purse.total;
        let mut seen = used.load(Relaxed);
        loop {
            let own = self.purse.held();
            let left = limit.saturating_sub(seen).checked_sub(more);
            if more > 0 && left.is_none_or(|left| own.saturating_add(more) > left) {
                refused.fetch_add(1, Relaxed);
                return Err(BudgetError { wanted: more, own, used: seen, limit: *limit });
            }
            match used.compare_exchange_weak(seen, seen + more, Relaxed, Relaxed) {
                Ok(_) => {
                    if seen + more > peak.load(Relaxed) {
                        peak.store(seen + more, Relaxed);
                    }
                    break;
                }
                Err(now) => seen = now,
            }
        }
        self.add(more);
        Ok(())
    }

    /// Counts `more` bytes that are in use already, even if there is no room for them.
    pub fn charge(&mut self, more: usize) {
        self.purse.total.used.fetch_add(more as u64, Relaxed);
        self.add(more as u64);
    }

    /// Returns `less` bytes, at most all of them.
    pub fn shrink(&mut self, less: usize) {
        let less = self.bytes.min(less as u64);
        self.bytes -= less;
        self.purse.held.fetch_sub(less, Relaxed);
        self.purse.total.used.fetch_sub(less, Relaxed);
    }

    /// Grows or shrinks the share to `bytes`.
    pub fn resize(&mut self, bytes: usize) -> Result<(), BudgetError> {
        match usize::try_from(self.bytes).unwrap_or(usize::MAX) {
            now if now < bytes => self.grow(bytes - now),
            now => {
                self.shrink(now - bytes);
                Ok(())
            }
        }
    }

    /// Splits off a share of `bytes`, or of everything if this one has less.
    pub fn split(&mut self, bytes: usize) -> Share {
        let bytes = self.bytes.min(bytes as u64);
        self.bytes -= bytes;
        Share { purse: self.purse.clone(), bytes }
    }

    /// Merges another share of the same budget into this one.
    pub fn join(&mut self, mut other: Share) {
        // The two may belong to different purses.
        other.purse.held.fetch_sub(other.bytes, Relaxed);
        self.add(std::mem::take(&mut other.bytes));
    }

    fn add(&mut self, more: u64) {
        self.purse.held.fetch_add(more, Relaxed);
        self.bytes += more;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.purse.held.fetch_sub(self.bytes, Relaxed);
            self.purse.total.used.fetch_sub(self.bytes, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn shares_come_out_of_the_budget_and_go_back_to_it() {
        let budget = Budget::new(1_000);
        let (one, two) = (budget.purse(), budget.purse());
        let mut share = one.take(300).unwrap();
        share.grow(100).unwrap();
        assert_eq!((budget.used(), one.held(), share.bytes()), (400, 400, 400));
        share.resize(150).unwrap();
        share.shrink(50);
        assert_eq!((budget.used(), one.held()), (100, 100));
        let mut other = two.take(200).unwrap();
        other.join(share);
        assert_eq!((budget.used(), one.held(), two.held(), other.bytes()), (300, 0, 300, 300));
        let part = other.split(120);
        assert_eq!((part.bytes(), other.bytes(), two.held()), (120, 180, 300));
        drop(part);
        assert_eq!(budget.used(), 180);
        other.shrink(usize::MAX);
        drop(other);
        assert_eq!((budget.used(), two.held(), budget.refused()), (0, 0, 0));
    }

    #[test]
    fn a_refusal_takes_nothing_and_says_how_much_there_is() {
        let budget = Budget::new(1_000);
        let purse = budget.purse();
        let mut share = purse.take(400).unwrap();
        let error = share.grow(200).unwrap_err();
        assert_eq!(error, BudgetError { wanted: 200, own: 400, used: 400, limit: 1_000 });
        assert_eq!((budget.used(), share.bytes(), budget.refused()), (400, 400, 1));
        let text = error.to_string();
        assert!(text.contains("200") && text.contains("1000") && text.contains(SETTING), "{text}");
        assert!(purse.take(usize::MAX).is_err());
        assert!(share.grow(0).is_ok());
    }

    #[test]
    fn nobody_gets_all_and_there_is_room_for_one_more() {
        let budget = Budget::new(1_000);
        let flood = |purse: &Purse| {
            let mut share = purse.none();
            while share.grow(10).is_ok() {}
            share
        };
        let purses: Vec<Purse> = std::iter::repeat_with(|| budget.purse()).take(3).collect();
        let shares: Vec<Share> = purses.iter().map(flood).collect();
        let held: Vec<u64> = shares.iter().map(Share::bytes).collect();
        assert_eq!(held, [500, 250, 120]);
        // The first one gets no more before it has given back, the third one does as soon as it has.
        drop(shares.into_iter().next());
        assert!(purses[2].take(200).is_ok());
    }

    #[test]
    fn what_is_used_already_is_counted_above_the_limit() {
        let budget = Budget::new(100);
        let purse = budget.purse();
        let mut share = purse.none();
        share.charge(500);
        assert_eq!(budget.used(), 500);
        assert!(budget.purse().take(1).is_err());
        drop(share);
        assert!(purse.take(50).is_ok());
    }

    #[test]
    fn threads_that_take_and_give_leave_nothing_behind() {
        let budget = Budget::new(1 << 20);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let budget = budget.clone();
                scope.spawn(move || {
                    let purse = budget.purse();
                    for round in 0..20_000 {
                        let share = purse.take((round * 37 + thread) % 300_000);
                        assert!(budget.used() <= budget.limit());
                        drop(share);
                    }
                });
            }
        });
        assert_eq!(budget.used(), 0);
    }
}
