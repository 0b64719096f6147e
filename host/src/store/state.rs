//! Keys and values with Dapr's semantics: ETags that change with each write, first-write, expiry, ordered atomic
//! transactions. Keys are complete (callers add prefixes); values are bytes.
use super::quota;
use super::{Store, StoreError, now_ms};
use crate::quotas::{Quota, QuotaExceeded};
use bytes::Bytes;
use redb::{ReadOnlyTable, ReadableTable, TableDefinition, WriteTransaction};
use std::ops::ControlFlow;

const STATE: TableDefinition<&str, &[u8]> = TableDefinition::new("state");
const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters");
/// ETag (8 bytes) and expiry (8 bytes, ms since the epoch, 0: never) precede the value.
const HEAD: usize = 16;

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The value's bytes.
    pub value: Bytes,
    /// Changes with each write; opaque.
    pub etag: String,
    /// When it expires, ms since the Unix epoch.
    pub expires: Option<u64>,
}

/// One change of one key.
#[derive(Clone, Debug)]
pub struct Change {
    pub key: String,
    /// A new value; `None` deletes.
    pub put: Option<Put>,
    /// The ETag that the key must have; an empty one counts as absent.
    pub etag: Option<String>,
    /// Without an ETag: the key must not exist.
    pub first_write: bool,
}

/// A value to put.
#[derive(Clone, Debug)]
pub struct Put {
    /// The value's bytes.
    pub value: Vec<u8>,
    /// Lifetime, seconds; `None`: for ever.
    pub ttl_seconds: Option<u64>,
}

/// Why a change was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// The key has another ETag, does not exist, or exists although it must not.
    #[error("possible etag mismatch on key {key:?}")]
    Mismatch { key: String },
    /// A quota would be exceeded.
    #[error(transparent)]
    Quota(QuotaExceeded),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    let state = write.open_table(STATE)?;
    write.open_table(COUNTERS)?;
    quota::create(write, || {
        let counted = state.iter()?.map(|entry| {
            let (key, bytes) = entry?;
            Ok((key.value().to_owned(), quota::size(key.value(), bytes.value().len())))
        });
        quota::sums(counted)
    })
}

/// The state in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct State(Store);

impl State {
    /// The state in `store`.
    pub fn new(store: Store) -> State {
        State(store)
    }

    /// The value of a key, unless it has expired. `admit` gets its size before it is copied, and may refuse it.
    pub fn get<E: From<StoreError>>(
        &self,
        key: &str,
        admit: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<Option<Item>, E> {
        self.view()?.get(key, admit)
    }

    /// The state as of now.
    pub fn view(&self) -> Result<View, StoreError> {
        Ok(View(self.0.read()?.open_table(STATE)?))
    }

    /// Makes one change; returns the new ETag of a put.
    pub async fn change(&self, change: Change) -> Result<Option<String>, StateError> {
        let quota = self.0.quota.clone();
        let done = self.0.writer.write(move |write| {
            if let Err(refused) = allowed(write, [&change])? {
                return Ok(Err(refused));
            }
            if let Err(exceeded) = fits(write, &quota, std::slice::from_ref(&change))? {
                return Ok(Err(StateError::Quota(exceeded)));
            }
            apply(write, change).map(Ok)
        });
        done.await?
    }

    /// Makes all changes in order or none: every ETag is checked first, against the state before the transaction.
    pub async fn transact(&self, changes: Vec<Change>) -> Result<(), StateError> {
        let quota = self.0.quota.clone();
        let done = self.0.writer.write(move |write| {
            if let Err(refused) = allowed(write, &changes)? {
                return Ok(Err(refused));
            }
            if let Err(exceeded) = fits(write, &quota, &changes)? {
                return Ok(Err(StateError::Quota(exceeded)));
            }
            for change in changes {
                apply(write, change)?;
            }
            Ok(Ok(()))
        });
        done.await?
    }

    /// Removes expired keys, to free their space; returns how many.
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
                    let gone = |bytes: &[u8]| expires(bytes).is_some_and(|at| at <= now).then_some(bytes.len());
                    let gone = table.get(key.as_str())?.and_then(|found| gone(found.value()));
                    if let Some(bytes) = gone {
                        table.remove(key.as_str())?;
                        quota::count(write, &key, quota::size(&key, bytes), 0)?;
                        removed += 1;
                    }
                }
                Ok(removed)
            })
            .await
    }
}

/// The state as of one moment.
pub struct View(ReadOnlyTable<&'static str, &'static [u8]>);

/// A value in the database, not copied.
pub struct Seen<'a> {
    /// The value's bytes.
    pub value: &'a [u8],
    etag: u64,
    expires: Option<u64>,
}

impl Seen<'_> {
    /// Copies it.
    pub fn item(&self) -> Item {
        Item { value: Bytes::copy_from_slice(self.value), etag: self.etag.to_string(), expires: self.expires }
    }
}

impl View {
    /// The value of a key, unless it has expired. `admit` gets its size before it is copied, and may refuse it.
    pub fn get<E: From<StoreError>>(
        &self,
        key: &str,
        admit: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<Option<Item>, E> {
        let Some(found) = self.0.get(key).map_err(StoreError::from)? else { return Ok(None) };
        let Some(seen) = seen(key, found.value())? else { return Ok(None) };
        admit(seen.value.len())?;
        Ok(Some(seen.item()))
    }

    /// Passes the values whose keys begin with `prefix` to `show`, in the order of keys, until it breaks.
    pub fn each<E: From<StoreError>>(
        &self,
        prefix: &str,
        mut show: impl FnMut(&str, Seen<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        for entry in self.0.range(prefix..).map_err(StoreError::from)? {
            let (key, bytes) = entry.map_err(StoreError::from)?;
            if !key.value().starts_with(prefix) {
                break;
            }
            if let Some(seen) = seen(key.value(), bytes.value())?
                && show(key.value(), seen)?.is_break()
            {
                break;
            }
        }
        Ok(())
    }
}

fn expires(bytes: &[u8]) -> Option<u64> {
    let at = u64::from_le_bytes(bytes.get(8..HEAD)?.try_into().ok()?);
    (at != 0).then_some(at)
}

fn seen<'a>(key: &str, bytes: &'a [u8]) -> Result<Option<Seen<'a>>, StoreError> {
    let damaged = || StoreError::Damaged(key.to_owned());
    let etag = bytes.get(..8).and_then(|b| b.try_into().ok()).ok_or_else(damaged)?;
    let value = bytes.get(HEAD..).ok_or_else(damaged)?;
    let expires = expires(bytes);
    if expires.is_some_and(|at| at <= now_ms()) {
        return Ok(None);
    }
    Ok(Some(Seen { value, etag: u64::from_le_bytes(etag), expires }))
}

/// Whether the ETag rule of each change holds.
pub(super) fn allowed<'c>(
    write: &WriteTransaction,
    changes: impl IntoIterator<Item = &'c Change>,
) -> Result<Result<(), StateError>, StoreError> {
    let table = write.open_table(STATE)?;
    for change in changes {
        let wanted = change.etag.as_deref().filter(|etag| !etag.is_empty());
        if wanted.is_none() && !change.first_write {
            continue;
        }
        let now = match table.get(change.key.as_str())? {
            Some(found) => seen(&change.key, found.value())?.map(|now| now.etag),
            None => None,
        };
        let holds = match (wanted, now) {
            (Some(wanted), Some(etag)) => etag.to_string() == wanted,
            (Some(_), None) => false,
            (None, now) => now.is_none(),
        };
        if !holds {
            return Ok(Err(StateError::Mismatch { key: change.key.clone() }));
        }
    }
    Ok(Ok(()))
}

/// Whether the state may grow by these changes.
pub(super) fn fits(
    write: &WriteTransaction,
    quota: &Quota,
    changes: &[Change],
) -> Result<Result<(), QuotaExceeded>, StoreError> {
    let table = write.open_table(STATE)?;
    let stored = |key: &str| Ok(table.get(key)?.map_or(0, |found| quota::size(key, found.value().len())));
    let after = |change: &Change| change.put.as_ref().map_or(0, |put| quota::size(&change.key, HEAD + put.value.len()));
    quota::fits(write, quota, changes.iter().map(|change| (change.key.as_str(), after(change))), stored)
}

pub(super) fn apply(write: &WriteTransaction, change: Change) -> Result<Option<String>, StoreError> {
    let mut table = write.open_table(STATE)?;
    let key = change.key.as_str();
    let Some(put) = change.put else {
        let before = table.remove(key)?.map_or(0, |old| quota::size(key, old.value().len()));
        quota::count(write, key, before, 0)?;
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
    let before = table.insert(key, bytes.as_slice())?.map_or(0, |old| quota::size(key, old.value().len()));
    quota::count(write, key, before, quota::size(key, bytes.len()))?;
    Ok(Some(etag.to_string()))
}
