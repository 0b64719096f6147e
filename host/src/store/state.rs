//! Keys and values with Dapr's semantics: ETags that change with each write, first-write, expiry, ordered atomic
//! transactions. Keys are whole (prefixes are the caller's); values are bytes.
use super::{Store, StoreError, now_ms};
use redb::{ReadableTable, TableDefinition, WriteTransaction};

const STATE: TableDefinition<&str, &[u8]> = TableDefinition::new("state");
const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters");
/// ETag (8 bytes) and expiry (8 bytes, ms since the epoch, 0: never) stand before the value.
const HEAD: usize = 16;

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The value's bytes.
    pub value: Vec<u8>,
    /// Changes with each write; opaque.
    pub etag: String,
    /// When it expires, ms since the Unix epoch.
    pub expires: Option<u64>,
}

/// One change of one key.
#[derive(Clone, Debug)]
pub struct Change {
    /// The key.
    pub key: String,
    /// A new value; none deletes.
    pub put: Option<Put>,
    /// The ETag that the key must have; empty counts as none.
    pub etag: Option<String>,
    /// Without an ETag, the key must not exist.
    pub first_write: bool,
}

/// A value to put.
#[derive(Clone, Debug)]
pub struct Put {
    /// The value's bytes.
    pub value: Vec<u8>,
    /// Lifetime, seconds; none: for ever.
    pub ttl_seconds: Option<u64>,
}

/// Why a change was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// The key has another ETag, does not exist, or exists although it must not.
    #[error("possible etag mismatch on key {key:?}")]
    Mismatch {
        /// The key.
        key: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    write.open_table(STATE)?;
    write.open_table(COUNTERS)?;
    Ok(())
}

/// The state in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct State(Store);

impl State {
    /// The state of that store.
    pub fn new(store: Store) -> State {
        State(store)
    }

    /// The value of a key, unless it has expired.
    pub fn get(&self, key: &str) -> Result<Option<Item>, StoreError> {
        let read = self.0.read()?;
        let table = read.open_table(STATE)?;
        let Some(found) = table.get(key)? else { return Ok(None) };
        decode(key, found.value())
    }

    /// The values of several keys, as of one moment.
    pub fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Item>>, StoreError> {
        let read = self.0.read()?;
        let table = read.open_table(STATE)?;
        keys.iter()
            .map(|key| match table.get(key.as_str())? {
                Some(found) => decode(key, found.value()),
                None => Ok(None),
            })
            .collect()
    }

    /// Shows every value whose key begins with `prefix`, in the order of keys, as of one moment.
    pub fn each(&self, prefix: &str, mut show: impl FnMut(&str, Item)) -> Result<(), StoreError> {
        let read = self.0.read()?;
        let table = read.open_table(STATE)?;
        for entry in table.range(prefix..)? {
            let (key, bytes) = entry?;
            if !key.value().starts_with(prefix) {
                break;
            }
            if let Some(item) = decode(key.value(), bytes.value())? {
                show(key.value(), item);
            }
        }
        Ok(())
    }

    /// Makes one change; the new ETag of a put.
    pub async fn change(&self, change: Change) -> Result<Option<String>, StateError> {
        let done = self.0.writer.write(move |write| {
            if let Err(key) = allowed(write, &change)? {
                return Ok(Err(StateError::Mismatch { key }));
            }
            apply(write, change).map(Ok)
        });
        done.await?
    }

    /// Makes all changes in order or none: every ETag is checked first, against the state before the transaction.
    pub async fn transact(&self, changes: Vec<Change>) -> Result<(), StateError> {
        let done = self.0.writer.write(move |write| {
            for change in &changes {
                if let Err(key) = allowed(write, change)? {
                    return Ok(Err(StateError::Mismatch { key }));
                }
            }
            for change in changes {
                apply(write, change)?;
            }
            Ok(Ok(()))
        });
        done.await?
    }

    /// Removes what has expired; how many keys. Reads do not need it: to them an expired key is absent already.
    pub async fn purge(&self) -> Result<usize, StoreError> {
        let now = now_ms();
        let expired: Vec<String> = {
            let read = self.0.read()?;
            let table = read.open_table(STATE)?;
            let mut found = Vec::new();
            for entry in table.iter()? {
                let (key, bytes) = entry?;
                if expires(bytes.value()).is_some_and(|at| at <= now) {
                    found.push(key.value().to_owned());
                }
            }
            found
        };
        if expired.is_empty() {
            return Ok(0);
        }
        self.0
            .writer
            .write(move |write| {
                let mut table = write.open_table(STATE)?;
                let mut removed = 0;
                for key in expired {
                    // It may have been written again meanwhile.
                    let gone = table.get(key.as_str())?.is_some_and(|b| expires(b.value()).is_some_and(|at| at <= now));
                    if gone {
                        table.remove(key.as_str())?;
                        removed += 1;
                    }
                }
                Ok(removed)
            })
            .await
    }
}

fn expires(bytes: &[u8]) -> Option<u64> {
    let at = u64::from_le_bytes(bytes.get(8..HEAD)?.try_into().ok()?);
    (at != 0).then_some(at)
}

fn decode(key: &str, bytes: &[u8]) -> Result<Option<Item>, StoreError> {
    let damaged = || StoreError::Damaged(key.to_owned());
    let etag = bytes.get(..8).and_then(|b| b.try_into().ok()).ok_or_else(damaged)?;
    let value = bytes.get(HEAD..).ok_or_else(damaged)?;
    let expires = expires(bytes);
    if expires.is_some_and(|at| at <= now_ms()) {
        return Ok(None);
    }
    Ok(Some(Item { value: value.to_vec(), etag: u64::from_le_bytes(etag).to_string(), expires }))
}

/// Whether a change's ETag rule holds; the key when it does not.
pub(super) fn allowed(write: &WriteTransaction, change: &Change) -> Result<Result<(), String>, StoreError> {
    let wanted = change.etag.as_deref().filter(|etag| !etag.is_empty());
    if wanted.is_none() && !change.first_write {
        return Ok(Ok(()));
    }
    let table = write.open_table(STATE)?;
    let now = match table.get(change.key.as_str())? {
        Some(found) => decode(&change.key, found.value())?,
        None => None,
    };
    let holds = match (wanted, &now) {
        (Some(wanted), Some(item)) => item.etag == wanted,
        (Some(_), None) => false,
        (None, now) => now.is_none(),
    };
    Ok(if holds { Ok(()) } else { Err(change.key.clone()) })
}

pub(super) fn apply(write: &WriteTransaction, change: Change) -> Result<Option<String>, StoreError> {
    let mut table = write.open_table(STATE)?;
    let Some(put) = change.put else {
        table.remove(change.key.as_str())?;
        return Ok(None);
    };
    let mut counters = write.open_table(COUNTERS)?;
    let etag = counters.get("etag")?.map_or(0, |last| last.value()) + 1;
    counters.insert("etag", etag)?;
    let expires = put.ttl_seconds.map_or(0, |seconds| now_ms().saturating_add(seconds.saturating_mul(1_000)));
    let mut bytes = Vec::with_capacity(HEAD + put.value.len());
    bytes.extend_from_slice(&etag.to_le_bytes());
    bytes.extend_from_slice(&expires.to_le_bytes());
    bytes.extend_from_slice(&put.value);
    table.insert(change.key.as_str(), bytes.as_slice())?;
    Ok(Some(etag.to_string()))
}
