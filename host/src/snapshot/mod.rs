//! The cache of loaded functions: snapshots by the guest and the source that they were made from, weighed in bytes.
//!
//! Owns: keys, eviction, single flight. A lookup looks in memory, then on disk, and then evaluates the function.
//! Must not know: where sources come from, what a snapshot is used for.
//!
//! # Layout
//! - [`disk`]: the folder of snapshots, its budget and its writer
//! - [`file`]: the form of one file
pub mod disk;
mod file;

pub use disk::Disk;

use crate::sandbox::Snapshot;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Identifies a snapshot: digest of the guest and of the frame that it loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotKey([u8; 32]);

impl SnapshotKey {
    /// `guest`: digest of the guest's Wasm ([`SnapshotKey::guest`]); `load`: the frame given to
    /// [`crate::sandbox::Sandbox::load`], source and parameters.
    pub fn new(guest: &[u8; 32], load: &[u8]) -> SnapshotKey {
        SnapshotKey(Sha256::new().chain_update(guest).chain_update(load).finalize().into())
    }

    /// Digest of a guest's Wasm.
    pub fn guest(wasm: &[u8]) -> [u8; 32] {
        Sha256::digest(wasm).into()
    }
}

/// A loaded function.
#[derive(Debug)]
pub struct Loaded {
    /// What to handle events with.
    pub snapshot: Arc<Snapshot>,
    /// The frame of its [`daplet_abi::load::LoadReport`].
    pub report: Vec<u8>,
}

impl Loaded {
    fn weight(&self) -> usize {
        self.snapshot.weight() + self.report.len() + size_of::<Loaded>() + size_of::<SnapshotKey>()
    }
}

/// How lookups went, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Found in memory.
    pub hits: u64,
    /// Read from disk.
    pub read: u64,
    /// Evaluated.
    pub made: u64,
}

#[derive(Debug, Default)]
struct Counters {
    hits: AtomicU64,
    read: AtomicU64,
    made: AtomicU64,
}

/// Loaded functions, the least useful dropped first. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SnapshotCache {
    cache: Cache<SnapshotKey, Arc<Loaded>>,
    disk: Option<Arc<Disk>>,
    counters: Arc<Counters>,
}

impl SnapshotCache {
    /// A cache of at most `max_bytes` bytes of memory, over `disk` where there is one.
    pub fn new(max_bytes: u64, disk: Option<Disk>) -> SnapshotCache {
        let weigher = |_: &SnapshotKey, loaded: &Arc<Loaded>| u32::try_from(loaded.weight()).unwrap_or(u32::MAX);
        let cache = Cache::builder().max_capacity(max_bytes).weigher(weigher).build();
        SnapshotCache { cache, disk: disk.map(Arc::new), counters: Arc::default() }
    }

    /// The loaded function: from memory, from disk, or made by `load`. One of several callers at once does that, and
    /// all of them get its result; a failure goes to those that waited for it and is not cached.
    pub async fn get_or_load<E: Send + Sync + 'static>(
        &self,
        key: SnapshotKey,
        load: impl Future<Output = Result<Loaded, E>>,
    ) -> Result<Arc<Loaded>, Arc<E>> {
        let find = async {
            if let Some(disk) = &self.disk
                && let Some(loaded) = disk.get(key).await
            {
                self.counters.read.fetch_add(1, Relaxed);
                return Ok(Arc::new(loaded));
            }
            self.counters.made.fetch_add(1, Relaxed);
            let loaded = Arc::new(load.await?);
            if let Some(disk) = &self.disk {
                disk.offer(key, Arc::clone(&loaded));
            }
            Ok(loaded)
        };
        self.cache.try_get_with(key, find).await
    }

    /// The loaded function, if it is in memory.
    pub async fn get(&self, key: &SnapshotKey) -> Option<Arc<Loaded>> {
        let found = self.cache.get(key).await;
        self.counters.hits.fetch_add(found.is_some().into(), Relaxed);
        found
    }

    /// Puts a loaded function in memory, as an upload does that has just loaded it.
    pub async fn insert(&self, key: SnapshotKey, loaded: Arc<Loaded>) {
        self.cache.insert(key, loaded).await;
    }

    /// Has a loaded function written to disk.
    pub async fn keep(&self, key: SnapshotKey, loaded: Arc<Loaded>) {
        if let Some(disk) = &self.disk {
            disk.put(key, loaded).await;
        }
    }

    /// Drops one, from memory and disk.
    pub async fn remove(&self, key: &SnapshotKey) {
        self.cache.invalidate(key).await;
        if let Some(disk) = &self.disk {
            disk.remove(*key).await;
        }
    }

    /// Waits until the disk has every snapshot given to it so far.
    pub async fn flush(&self) {
        if let Some(disk) = &self.disk {
            disk.flush().await;
        }
    }

    /// How lookups went.
    pub fn lookups(&self) -> Lookups {
        let Counters { hits, read, made } = &*self.counters;
        Lookups { hits: hits.load(Relaxed), read: read.load(Relaxed), made: made.load(Relaxed) }
    }

    /// Bytes on disk.
    pub fn disk_bytes(&self) -> u64 {
        self.disk.as_ref().map_or(0, |disk| disk.bytes())
    }

    /// Brings [`SnapshotCache::len`] and [`SnapshotCache::bytes`] up to date, which otherwise lag behind.
    pub async fn settle(&self) {
        self.cache.run_pending_tasks().await;
    }

    /// Number of functions in memory, approximately.
    pub fn len(&self) -> u64 {
        self.cache.entry_count()
    }

    /// Whether no function is in memory.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in memory, approximately.
    pub fn bytes(&self) -> u64 {
        self.cache.weighted_size()
    }
}
