//! The registry: which functions there are. The truth; every snapshot can be made again from it.
//!
//! Owns: the durable table and the live map over it. redb commits are on disk before they return, so an upload that was
//! acknowledged survives a crash (docs/decisions/008-embedded-database.md).
use super::source::LineMap;
use super::{Function, FunctionName, Record};
use crate::snapshot::SnapshotKey;
use crate::store::file::{DatabaseFile, OpenError};
use redb::{ReadableTable, TableDefinition};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Semaphore, watch};

const FUNCTIONS: TableDefinition<&str, &[u8]> = TableDefinition::new("functions");

/// A fault of the registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be opened.
    #[error("function registry: {0}")]
    File(#[from] OpenError),
    /// The database cannot be read or written.
    #[error("function registry: {0}")]
    Database(#[from] redb::Error),
    /// A stored record cannot be read.
    #[error("function registry: the record of {name} is damaged: {reason}")]
    Damaged {
        /// The function.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The thread that writes died.
    #[error("function registry: the writer was cancelled")]
    Cancelled,
}

macro_rules! from_redb {
    ($($kind:ident),*) => {$(
        impl From<redb::$kind> for RegistryError {
            fn from(error: redb::$kind) -> RegistryError {
                RegistryError::Database(error.into())
            }
        }
    )*};
}
from_redb!(TableError, StorageError);

/// The table of functions. Cheap to share by `Arc`.
pub struct Registry {
    file: Arc<DatabaseFile>,
    live: RwLock<BTreeMap<FunctionName, Arc<Function>>>,
    changed: watch::Sender<u64>,
    guest: [u8; 32],
}

impl Registry {
    /// Opens the table; `guest` is the digest that snapshot keys begin with.
    pub fn open(path: &Path, guest: [u8; 32]) -> Result<Registry, RegistryError> {
        let file = Arc::new(DatabaseFile::open(path)?);
        file.write(|write| write.open_table(FUNCTIONS).map(drop).map_err(RegistryError::from))?;
        let registry = Registry { file, live: RwLock::default(), changed: watch::Sender::new(0), guest };
        let mut live = BTreeMap::new();
        for entry in registry.file.read()?.open_table(FUNCTIONS)?.iter()? {
            let (name, bytes) = entry?;
            let damaged = |reason: String| RegistryError::Damaged { name: name.value().to_owned(), reason };
            let checked = FunctionName::new(name.value()).map_err(|e| damaged(e.to_string()))?;
            let record = serde_json::from_slice(bytes.value()).map_err(|e| damaged(e.to_string()))?;
            let function = registry.function(checked.clone(), record);
            live.insert(checked, function);
        }
        *registry.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        Ok(registry)
    }

    /// A live version of a record.
    pub fn function(&self, name: FunctionName, record: Record) -> Arc<Function> {
        let frame = super::upload::load_frame(&name, &record);
        Arc::new(Function {
            label: name.as_str().into(),
            grants: Arc::new(record.grants.clone()),
            key: SnapshotKey::new(&self.guest, &frame),
            lines: record.map.as_deref().and_then(LineMap::new),
            permits: Arc::new(Semaphore::new(
                usize::try_from(record.limits.concurrency).unwrap_or(Semaphore::MAX_PERMITS),
            )),
            demand: super::Demand::default(),
            // They were checked when the function was uploaded.
            routers: super::routes::routers(&record.exports.subscriptions).unwrap_or_default(),
            name,
            record,
        })
    }

    /// The live version of a function.
    pub fn get(&self, name: &str) -> Option<Arc<Function>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All functions, by name.
    pub fn list(&self) -> Vec<Arc<Function>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Ticks with each change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Stores a version, on disk when this returns, and makes it live; the version that was live before.
    pub async fn put(&self, function: Arc<Function>) -> Result<Option<Arc<Function>>, RegistryError> {
        let name = function.name.to_string();
        let bytes = serde_json::to_vec(&function.record)
            .map_err(|e| RegistryError::Damaged { name: name.clone(), reason: e.to_string() })?;
        self.write(move |table| table.insert(name.as_str(), bytes.as_slice()).map(drop)).await?;
        let before = self.live.write().unwrap_or_else(PoisonError::into_inner).insert(function.name.clone(), function);
        self.changed.send_modify(|tick| *tick += 1);
        Ok(before)
    }

    /// Removes a function, on disk when this returns; the version that was live.
    pub async fn remove(&self, name: &FunctionName) -> Result<Option<Arc<Function>>, RegistryError> {
        if self.get(name.as_str()).is_none() {
            return Ok(None);
        }
        let key = name.to_string();
        self.write(move |table| table.remove(key.as_str()).map(drop)).await?;
        let removed = self.live.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        self.changed.send_modify(|tick| *tick += 1);
        Ok(removed)
    }

    /// Runs one durable change on a thread that may block.
    async fn write(
        &self,
        change: impl FnOnce(&mut redb::Table<'_, &'static str, &'static [u8]>) -> Result<(), redb::StorageError>
        + Send
        + 'static,
    ) -> Result<(), RegistryError> {
        let file = Arc::clone(&self.file);
        let done =
            tokio::task::spawn_blocking(move || file.write(|write| Ok(change(&mut write.open_table(FUNCTIONS)?)?)));
        done.await.map_err(|_| RegistryError::Cancelled)?
    }
}
