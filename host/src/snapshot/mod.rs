//! The cache of loaded functions: snapshots by what they were made of, weighed in bytes, each made once.
//!
//! Owns: keys, eviction, single flight. Must not know: where sources come from, what a snapshot is used for.
use crate::sandbox::Snapshot;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use std::future::Future;
use std::sync::Arc;

/// What a snapshot was made of: the guest and the frame it loaded.
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

/// Loaded functions, the least useful dropped first. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SnapshotCache {
    cache: Cache<SnapshotKey, Arc<Loaded>>,
}

impl SnapshotCache {
    /// A cache of at most `max_bytes` bytes.
    pub fn new(max_bytes: u64) -> SnapshotCache {
        let weigher = |_: &SnapshotKey, loaded: &Arc<Loaded>| u32::try_from(loaded.weight()).unwrap_or(u32::MAX);
        SnapshotCache { cache: Cache::builder().max_capacity(max_bytes).weigher(weigher).build() }
    }

    /// The loaded function, made by `load` if it is not here. Of several callers at once one loads and all get its result;
    /// a failure is given to those who waited for it and not kept.
    pub async fn get_or_load<E: Send + Sync + 'static>(
        &self,
        key: SnapshotKey,
        load: impl Future<Output = Result<Loaded, E>>,
    ) -> Result<Arc<Loaded>, Arc<E>> {
        self.cache.try_get_with(key, async { load.await.map(Arc::new) }).await
    }

    /// The loaded function, if it is here.
    pub async fn get(&self, key: &SnapshotKey) -> Option<Arc<Loaded>> {
        self.cache.get(key).await
    }

    /// Puts a loaded function in, as an upload does that has just loaded it.
    pub async fn insert(&self, key: SnapshotKey, loaded: Arc<Loaded>) {
        self.cache.insert(key, loaded).await;
    }

    /// Drops one.
    pub async fn remove(&self, key: &SnapshotKey) {
        self.cache.invalidate(key).await;
    }

    /// Brings [`SnapshotCache::len`] and [`SnapshotCache::bytes`] up to date, which otherwise lag behind.
    pub async fn settle(&self) {
        self.cache.run_pending_tasks().await;
    }

    /// Functions kept now, about.
    pub fn len(&self) -> u64 {
        self.cache.entry_count()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes kept now, about.
    pub fn bytes(&self) -> u64 {
        self.cache.weighted_size()
    }
}
