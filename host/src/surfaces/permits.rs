//! Permits that functions share, such as those for running jobs.
//!
//! A function gets a permit only while more permits are free than it holds, so that none takes all of them: one function
//! gets half, and another that comes later finds free ones at once. Must not know: what a permit is for.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// A number of permits. Cheap to clone.
#[derive(Clone)]
pub struct Permits(Arc<Shared>);

struct Shared {
    table: Mutex<Table>,
    freed: Notify,
    all: u64,
}

struct Table {
    free: u64,
    taken: HashMap<String, u64>,
}

/// Permits of a function, returned when dropped.
pub struct Permit {
    shared: Arc<Shared>,
    owner: String,
    count: u64,
}

impl Permits {
    /// `count` permits.
    pub fn new(count: u64) -> Permits {
        let table = Mutex::new(Table { free: count, taken: HashMap::new() });
        Permits(Arc::new(Shared { table, freed: Notify::new(), all: count }))
    }

    /// Takes `count` permits at once, if the function may have them now; never more than half of the permits.
    pub fn try_take(&self, owner: &str, count: u64) -> Option<Permit> {
        let count = count.min(self.0.all / 2).max(1);
        let mut table = self.0.table.lock().unwrap_or_else(PoisonError::into_inner);
        let own = table.taken.get(owner).copied().unwrap_or(0);
        if own + count > table.free {
            return None;
        }
        table.free -= count;
        *table.taken.entry(owner.to_owned()).or_default() += count;
        Some(Permit { shared: Arc::clone(&self.0), owner: owner.to_owned(), count })
    }

    /// Waits until [`Permits::try_take`] succeeds.
    pub async fn take(&self, owner: &str, count: u64) -> Permit {
        loop {
            let mut freed = std::pin::pin!(self.0.freed.notified());
            freed.as_mut().enable();
            if let Some(permit) = self.try_take(owner, count) {
                return permit;
            }
            freed.await;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut table = self.shared.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.free += self.count;
        if let Some(own) = table.taken.get_mut(&self.owner) {
            *own -= self.count;
            if *own == 0 {
                table.taken.remove(&self.owner);
            }
        }
        drop(table);
        self.shared.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_takes_all_permits() {
        let permits = Permits::new(64);
        let mut all: Vec<Permit> = std::iter::from_fn(|| permits.try_take("hog", 1)).collect();
        assert_eq!(all.len(), 32);
        for hog in 0..5 {
            all.extend(std::iter::from_fn(|| permits.try_take(&hog.to_string(), 1)));
        }
        assert_eq!(all.len(), 63, "16, 8, 4, 2 and 1 more");
        assert!(permits.try_take("hog", 1).is_none() && permits.try_take("victim", 1).is_some());
    }

    #[tokio::test]
    async fn permits_are_waited_for_and_given_back() {
        let permits = Permits::new(4);
        let taken = permits.take("a", 9).await;
        let waits = tokio::spawn({
            let permits = permits.clone();
            async move { permits.take("a", 1).await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(taken);
        assert!(waits.await.is_ok());
        assert!(std::iter::from_fn(|| permits.try_take("a", 1).map(std::mem::forget)).count() == 2);
    }
}
