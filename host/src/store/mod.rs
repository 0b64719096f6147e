//! The database of the embedded default: state with Dapr's semantics, and a log of messages with a cursor per subscriber.
//!
//! Owns: the file, durable commits, ETags, expiry, cursors. Must not know: HTTP, Dapr's words, functions.
//!
//! # Layout
//! - [`writer`]: one thread that commits; writes that come at the same time share a commit
//! - [`state`]: keys and values
//! - [`log`]: messages and cursors
pub mod log;
pub mod state;
mod writer;

pub use log::{Log, Message};
pub use state::{Change, Item, Put, State, StateError};

use redb::{Database, ReadableDatabase};
use std::path::Path;
use std::sync::Arc;

/// A fault of the database.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened, read or written.
    #[error("embedded store: {0}")]
    Database(Arc<redb::Error>),
    /// A stored record is not what was written.
    #[error("embedded store: the record {0:?} is damaged")]
    Damaged(String),
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
from_redb!(DatabaseError, TransactionError, TableError, StorageError, CommitError);

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
    writer: writer::Writer,
}

impl Store {
    /// Opens or creates the file.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        let database = Arc::new(Database::create(path)?);
        let write = database.begin_write()?;
        state::create(&write)?;
        log::create(&write)?;
        write.commit()?;
        let writer = writer::Writer::start(Arc::clone(&database)).map_err(|_| StoreError::Closed)?;
        Ok(Store { database, writer })
    }

    fn read(&self) -> Result<redb::ReadTransaction, StoreError> {
        Ok(self.database.begin_read()?)
    }
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
