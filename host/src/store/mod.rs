//! The database of the embedded default: state with Dapr's semantics, and a log of messages with a cursor per subscriber.
//!
//! Owns: the file, durable commits, ETags, expiry, cursors. Must not know: HTTP, Dapr's words, functions.
//!
//! # Layout
//! - [`file`]: the file, opened again after faults of the disk
//! - [`writer`]: one thread that commits; writes that come at the same time share a commit
//! - [`state`]: keys and values; [`quota`]: how much of them there may be
//! - [`log`]: messages, and the subscribers they wait for
//! - [`configuration`]: items with versions, and notices of their changes
//! - [`lock`]: locks, their owners and expiry
//! - [`job`]: what must run, and when next
//! - [`flight`]: what was under way at a crash
//! - [`unit`]: changes and messages in one commit, if what was read is unchanged
pub mod configuration;
pub mod file;
pub mod flight;
pub mod job;
pub mod lock;
pub mod log;
pub mod quota;
pub mod state;
pub mod unit;
mod writer;

pub use configuration::{Configuration, Configured};
pub use flight::Flights;
pub use job::{Job, Jobs};
pub use lock::{Locks, Unlocked};
pub use log::{Backlog, DeadLetter, Log, Message};
pub use state::{Change, Item, Put, State, StateError, View};
pub use unit::{Guard, Unit};

use crate::quotas::{Quota, QuotaExceeded, Quotas};
use file::{DatabaseFile, OpenError};
use std::path::Path;
use std::sync::Arc;

/// A fault of the database.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be read or written.
    #[error("embedded store: {0}")]
    Database(Arc<redb::Error>),
    /// A stored record is not what was written.
    #[error("embedded store: the record {0:?} is damaged")]
    Damaged(String),
    /// There is no room for more.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// The writer has ended.
    #[error("embedded store: it has been closed")]
    Closed,
}

macro_rules! from_redb {
    ($($kind:ident),*) => {$(
        impl From<redb::$kind> for StoreError {
            fn from(error: redb::$kind) -> StoreError {
                StoreError::Database(Arc::new(error.into()))
            }
        }
    )*};
}
from_redb!(Error, TableError, StorageError);

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file cannot be opened.
    #[error(transparent)]
    File(#[from] OpenError),
    /// It could be opened, but not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    file: Arc<DatabaseFile>,
    writer: writer::Writer,
    quota: Quota,
}

impl Store {
    /// Opens or creates the file, with a cache of `cache` bytes.
    pub fn open(path: &Path, cache: usize) -> Result<Store, StartError> {
        let file = Arc::new(DatabaseFile::open(path, cache)?);
        file.prepare(|write| {
            state::create(write)?;
            configuration::create(write)?;
            log::create(write)?;
            flight::create(write)?;
            lock::create(write)?;
            job::create(write)
        })?;
        let writer = writer::Writer::start(Arc::clone(&file)).map_err(|_| StoreError::Closed)?;
        Ok(Store { file, writer, quota: Quotas::unlimited().state })
    }

    /// As [`Store::open`], with this quota of state.
    pub fn limited(self, quota: Quota) -> Store {
        Store { quota, ..self }
    }

    /// The file, to ask about its disk.
    pub fn file(&self) -> Arc<DatabaseFile> {
        Arc::clone(&self.file)
    }

    fn read(&self) -> Result<redb::ReadTransaction, StoreError> {
        Ok(self.file.read()?)
    }
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
