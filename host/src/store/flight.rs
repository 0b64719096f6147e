//! What is being delivered or run, so that after a crash its possible causes are known.
//!
//! Each delivery has a slot in a file while it is under way. Slots are written and not synced: they survive the process,
//! which is enough, because a power failure says nothing about a delivery. What was under way when the process died is a
//! suspect, and is counted in the database. Suspects run one at a time: at the next crash only one of them can be the
//! cause. Must not know: what is delivered.
use super::{Store, StoreError, now_ms};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A message, job or reminder is given up when it was under way at this many crashes.
pub const MOST_CRASHES: u32 = 3;

/// Suspects: the number of crashes, and the time of the last, ms since the epoch.
const CRASHES: TableDefinition<u128, (u32, u64)> = TableDefinition::new("crashes");
/// A suspect that was not seen for this long is cleared: its message or job is gone.
const FORGOTTEN_MS: u64 = 30 * 24 * 3_600_000;
/// Bytes of a slot.
const SLOT: usize = 16;
/// The most slots that are read.
const MOST_SLOTS: usize = 1 << 20;

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    write.open_table(CRASHES)?;
    Ok(())
}

/// Identifies what is under way. Never 0, which marks a free slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(u128);

impl Id {
    /// The id of a thing of that kind with these names and that number.
    pub fn new(kind: &str, names: &[&str], number: u64) -> Id {
        let mut digest = Sha256::new();
        for name in std::iter::once(&kind).chain(names) {
            digest.update(name);
            digest.update([0]);
        }
        digest.update(number.to_le_bytes());
        let mut id = [0; SLOT];
        id.copy_from_slice(&digest.finalize()[..SLOT]);
        Id(u128::from_le_bytes(id).max(1))
    }
}

/// What is under way. Cheap to clone.
#[derive(Clone)]
pub struct Flights(Arc<Inner>);

struct Inner {
    /// Absent if it cannot be written: crashes are not counted then.
    file: Option<File>,
    slots: Mutex<Slots>,
    suspects: Mutex<HashMap<u128, u32>>,
    /// Whether there are suspects.
    suspicious: AtomicBool,
    /// Whether the server is stopping, so that nothing that ends now ends by a crash.
    stopping: AtomicBool,
    /// Admits one suspect.
    turn: Arc<Semaphore>,
    store: Store,
}

#[derive(Default)]
struct Slots {
    free: Vec<u64>,
    used: u64,
}

/// One delivery or run that is under way; it ends when this is dropped.
pub struct Flight {
    inner: Arc<Inner>,
    slot: u64,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Flights {
    /// Opens the file, and counts what was under way when the last process died. If that fails because the disk is full,
    /// there are no suspects.
    pub async fn open(path: &Path, store: Store) -> Flights {
        let (file, suspects) = match look(path, &store).await {
            Ok((file, suspects)) => (Some(file), suspects),
            Err(error) => {
                tracing::warn!("what was under way at a crash is not counted: {}: {error}", path.display());
                (None, HashMap::new())
            }
        };
        if !suspects.is_empty() {
            tracing::warn!(
                "{} deliveries or runs were under way at a crash; they go one at a time now",
                suspects.len()
            );
        }
        Flights(Arc::new(Inner {
            file,
            slots: Mutex::default(),
            suspicious: AtomicBool::new(!suspects.is_empty()),
            suspects: Mutex::new(suspects),
            stopping: AtomicBool::new(false),
            turn: Arc::new(Semaphore::new(1)),
            store,
        }))
    }

    /// At how many crashes it was under way.
    pub fn crashes(&self, id: Id) -> u32 {
        if !self.0.suspicious.load(Ordering::Relaxed) {
            return 0;
        }
        self.0.suspects.lock().unwrap_or_else(PoisonError::into_inner).get(&id.0).copied().unwrap_or(0)
    }

    /// Begins a delivery or run; a suspect waits until no other suspect is under way.
    pub async fn begin(&self, id: Id) -> Flight {
        let turn = match self.crashes(id) {
            0 => None,
            _ => Arc::clone(&self.0.turn).acquire_owned().await.ok(),
        };
        let slot = {
            let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.free.pop().unwrap_or_else(|| {
                slots.used += 1;
                slots.used - 1
            })
        };
        let flight = Flight { inner: Arc::clone(&self.0), slot, _turn: turn };
        flight.write(id.0);
        flight
    }

    /// Clears a suspect, because its outcome is recorded.
    pub async fn forget(&self, id: Id) -> Result<(), StoreError> {
        if self.crashes(id) == 0 {
            return Ok(());
        }
        self.0.suspects.lock().unwrap_or_else(PoisonError::into_inner).remove(&id.0);
        let forget = move |write: &WriteTransaction| Ok(write.open_table(CRASHES)?.remove(id.0)?.map(drop));
        self.0.store.writer.write(forget).await.map(drop)
    }

    /// Notes that the server stops: what that cuts off is not a suspect.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        if let Some(Err(error)) = self.0.file.as_ref().map(|file| file.set_len(0)) {
            tracing::warn!("what is under way may be taken for the cause of a crash: {error}");
        }
    }
}

impl Flight {
    fn write(&self, id: u128) {
        if let Some(file) = self.inner.file.as_ref().filter(|_| !self.inner.stopping.load(Ordering::SeqCst)) {
            // The disk has no room for a few bytes: a crash would not be counted.
            let _uncounted = file.write_all_at(&id.to_le_bytes(), self.slot * SLOT as u64);
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.write(0);
        self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner).free.push(self.slot);
    }
}

/// Reads and empties the file, and counts.
async fn look(path: &Path, store: &Store) -> Result<(File, HashMap<u128, u32>), std::io::Error> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX).min(MOST_SLOTS * SLOT);
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    let slots = bytes.chunks_exact(SLOT).filter_map(|slot| slot.try_into().ok().map(u128::from_le_bytes));
    let under_way: Vec<u128> = slots.filter(|id| *id != 0).collect();
    let suspects = store.writer.write(move |write| blame(write, &under_way)).await;
    let suspects = suspects.map_err(std::io::Error::other)?;
    file.set_len(0)?;
    Ok((file, suspects))
}

/// Counts a crash for what was under way; if that includes suspects, only for them.
fn blame(write: &WriteTransaction, under_way: &[u128]) -> Result<HashMap<u128, u32>, StoreError> {
    let (now, mut table) = (now_ms(), write.open_table(CRASHES)?);
    table.retain(|_, (_, last)| last.saturating_add(FORGOTTEN_MS) > now)?;
    let mut suspects = HashMap::new();
    for entry in table.iter()? {
        let (id, crashes) = entry?;
        suspects.insert(id.value(), crashes.value().0);
    }
    let known: Vec<u128> = under_way.iter().copied().filter(|id| suspects.contains_key(id)).collect();
    let blamed: &[u128] = if known.is_empty() { under_way } else { &known };
    for id in blamed {
        let crashes = suspects.entry(*id).or_default();
        *crashes += 1;
        table.insert(*id, (*crashes, now))?;
    }
    Ok(suspects)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn what_is_under_way_at_a_crash_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.redb"), 1 << 20).unwrap();
        let path = folder.path().join("in-flight");
        let open = async || Flights::open(&path, store.clone()).await;
        let [poison, innocent, later] = [1, 2, 3].map(|number| Id::new("message", &["topic", "f"], number));
        let crash = |flight: Flight| std::mem::forget(flight);
        let first = open().await;
        let ended = first.begin(later).await;
        for id in [poison, innocent] {
            crash(first.begin(id).await);
        }
        drop(ended);
        let second = open().await;
        assert_eq!([poison, innocent, later].map(|id| second.crashes(id)), [1, 1, 0]);
        crash(second.begin(poison).await);
        // Suspects run one at a time; nothing else waits for them or is blamed.
        let waits = second.begin(innocent);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), waits).await.is_err());
        crash(second.begin(later).await);
        let third = open().await;
        assert_eq!([poison, innocent, later].map(|id| third.crashes(id)), [2, 1, 0]);
        drop(third.begin(innocent).await);
        third.forget(innocent).await.unwrap();
        crash(third.begin(poison).await);
        let fourth = open().await;
        assert_eq!([poison, innocent, later].map(|id| fourth.crashes(id)), [MOST_CRASHES, 0, 0]);
        fourth.forget(poison).await.unwrap();
        // What a stop cuts off is not a suspect.
        crash(fourth.begin(later).await);
        fourth.stop();
        crash(fourth.begin(innocent).await);
        let fifth = open().await;
        assert_eq!([poison, innocent, later].map(|id| fifth.crashes(id)), [0, 0, 0]);
    }
}
