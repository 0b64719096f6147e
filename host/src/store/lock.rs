//! Locks: a name, its owner, and when it expires. An expired lock is free at once.
//!
//! Must not know: what a lock guards. Names are complete; callers add prefixes.
use super::{Store, StoreError, now_ms};
use redb::{ReadableTable, TableDefinition, WriteTransaction};

/// Owner and expiry, ms since the epoch.
const LOCKS: TableDefinition<&str, (&str, u64)> = TableDefinition::new("locks");

/// The outcome of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlocked {
    /// The lock is free now.
    Free,
    /// It was not held.
    Absent,
    /// Another owner holds it.
    Foreign,
}

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    write.open_table(LOCKS)?;
    Ok(())
}

/// The locks in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct Locks(Store);

impl Locks {
    /// The locks in `store`.
    pub fn new(store: Store) -> Locks {
        Locks(store)
    }

    /// Takes a lock; returns false if it is held, even by the same owner.
    pub async fn take(&self, name: String, owner: String, seconds: u32) -> Result<bool, StoreError> {
        let taken = self.0.writer.write(move |write| {
            let mut table = write.open_table(LOCKS)?;
            let now = now_ms();
            if table.get(name.as_str())?.is_some_and(|held| held.value().1 > now) {
                return Ok(false);
            }
            let until = now.saturating_add(u64::from(seconds) * 1_000);
            table.insert(name.as_str(), (owner.as_str(), until))?;
            Ok(true)
        });
        taken.await
    }

    /// Releases a lock.
    pub async fn release(&self, name: String, owner: String) -> Result<Unlocked, StoreError> {
        let released = self.0.writer.write(move |write| {
            let mut table = write.open_table(LOCKS)?;
            let (own, live) = match table.get(name.as_str())? {
                Some(held) => (held.value().0 == owner, held.value().1 > now_ms()),
                None => return Ok(Unlocked::Absent),
            };
            match (own, live) {
                (false, true) => Ok(Unlocked::Foreign),
                (own, live) => {
                    table.remove(name.as_str())?;
                    Ok(if own && live { Unlocked::Free } else { Unlocked::Absent })
                }
            }
        });
        released.await
    }

    /// Removes expired locks, to free their space; returns how many.
    pub async fn purge(&self) -> Result<usize, StoreError> {
        let now = now_ms();
        let expired = {
            let read = self.0.read()?;
            let table = read.open_table(LOCKS)?;
            let mut found = Vec::new();
            for entry in table.iter()? {
                let (name, held) = entry?;
                if held.value().1 <= now {
                    found.push(name.value().to_owned());
                }
            }
            found
        };
        if expired.is_empty() {
            return Ok(0);
        }
        let removed = self.0.writer.write(move |write| {
            let mut table = write.open_table(LOCKS)?;
            let mut removed = 0;
            for name in expired {
                // Another owner may have taken it meanwhile.
                if table.get(name.as_str())?.is_some_and(|held| held.value().1 <= now) {
                    table.remove(name.as_str())?;
                    removed += 1;
                }
            }
            Ok(removed)
        });
        removed.await
    }
}
