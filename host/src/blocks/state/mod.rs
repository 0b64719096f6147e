//! State: values by their keys, in named stores.
//!
//! Owns: the requests, which check themselves, and what a store does with them. Must not know: who asks, where values are kept.
//!
//! # Layout
//! - [`unit`]: a unit of work
//! - [`query`]: Dapr's language of queries
pub mod component;
pub mod embedded;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod query;
pub mod sidecar;
pub mod unit;

use super::call::CallContext;
use crate::code::OpError;
use crate::store::{Change, Item};
use async_trait::async_trait;
use bytes::Bytes;
use query::Found;
use serde::Deserialize;
use unit::{Message, Unit};

/// The store of a request that names none.
pub const DEFAULT_STORE: &str = "statestore";

/// Reads one value: `state.get`.
#[derive(Clone, Debug, Deserialize)]
pub struct Get {
    /// The store.
    #[serde(default = "default_store")]
    pub store: String,
    /// The key.
    #[serde(default)]
    pub key: String,
    /// How recent the value must be.
    #[serde(default)]
    pub consistency: Consistency,
}

/// Reads several values: `state.getMany`. A key that stands there twice is read once.
#[derive(Clone, Debug, Deserialize)]
pub struct GetMany {
    /// The store.
    #[serde(default = "default_store")]
    pub store: String,
    /// The keys. One may be empty, as in Dapr.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// Makes one change: `state.put`, `state.delete`.
#[derive(Clone, Debug)]
pub struct Save {
    /// The store.
    pub store: String,
    /// The change.
    pub change: Change,
}

/// Makes several changes in their order, or none of them: `state.transact`.
#[derive(Clone, Debug)]
pub struct Transact {
    /// The store.
    pub store: String,
    /// The changes.
    pub changes: Vec<Change>,
}

/// Makes the changes of a unit of work, or none of them: `state.commit`.
#[derive(Debug)]
pub struct Commit {
    /// The store.
    pub store: String,
    /// The unit.
    pub unit: Unit,
}

/// Looks for values: `state.query`.
#[derive(Clone, Debug)]
pub struct Query {
    /// The store.
    pub store: String,
    /// What the keys of results begin with; results are named without it.
    pub prefix: String,
    /// The query, a JSON text.
    pub query: Bytes,
}

/// How recent a value must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consistency {
    /// As the store likes.
    #[default]
    Eventual,
    /// The latest that was acknowledged.
    Strong,
}

/// What becomes of a write without an ETag where the key has a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concurrency {
    /// It replaces the value.
    #[default]
    LastWrite,
    /// It is refused.
    FirstWrite,
}

/// Why a request is invalid, in Dapr's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There is no key.
    #[error("key cannot be empty")]
    NoKey,
    /// The key has Dapr's separator in it.
    #[error("input key/keyPrefix '{0}' can't contain '||'")]
    Reserved(String),
    /// The word is not one of [`Concurrency`].
    #[error("unrecognized concurrency model '{0}'")]
    Concurrency(String),
    /// A lifetime that is not a number of seconds.
    #[error("incorrect value for metadata 'ttlInSeconds': {0}")]
    Lifetime(String),
}

impl Get {
    /// Reads a key as the store likes.
    pub fn new(store: &str, key: String) -> Get {
        Get { store: store.to_owned(), key, consistency: Consistency::default() }
    }

    /// Refuses a key that no store may have.
    pub fn check(&self) -> Result<(), Invalid> {
        check_key(&self.key)
    }
}

impl GetMany {
    /// Refuses a key that no store may have.
    pub fn check(&self) -> Result<(), Invalid> {
        self.keys.iter().try_for_each(|key| check_among(key))
    }
}

impl Save {
    /// Refuses a key that no store may have.
    pub fn check(&self) -> Result<(), Invalid> {
        check_key(&self.change.key)
    }
}

impl Transact {
    /// Refuses a key that no store may have.
    pub fn check(&self) -> Result<(), Invalid> {
        self.changes.iter().try_for_each(|change| check_among(&change.key))
    }
}

impl Concurrency {
    /// The words of Dapr's API; an empty one counts as absent.
    pub fn parse(word: &str) -> Result<Concurrency, Invalid> {
        match word {
            "" | "last-write" => Ok(Concurrency::LastWrite),
            "first-write" => Ok(Concurrency::FirstWrite),
            other => Err(Invalid::Concurrency(other.to_owned())),
        }
    }
}

fn check_key(key: &str) -> Result<(), Invalid> {
    if key.is_empty() { Err(Invalid::NoKey) } else { check_among(key) }
}

/// Several keys at once may have an empty one among them, as in Dapr.
fn check_among(key: &str) -> Result<(), Invalid> {
    if key.contains("||") { Err(Invalid::Reserved(key.to_owned())) } else { Ok(()) }
}

/// A lifetime in seconds as metadata has it; `-1`, 0 and an empty text mean for ever.
fn lifetime(given: Option<&str>) -> Result<Option<u64>, Invalid> {
    let Some(text) = given.filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse::<i64>() {
        Ok(-1 | 0) => Ok(None),
        Ok(seconds) if seconds > 0 => Ok(Some(seconds.unsigned_abs())),
        _ => Err(Invalid::Lifetime(text.to_owned())),
    }
}

fn default_store() -> String {
    DEFAULT_STORE.to_owned()
}

/// Where state is kept. Keys are whole; values are JSON texts.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The value of a key.
    async fn get(&self, cx: &CallContext, get: &Get) -> Result<Option<Item>, OpError>;
    /// The values of the keys, in their order.
    async fn get_many(&self, cx: &CallContext, get: &GetMany) -> Result<Vec<Option<Item>>, OpError>;
    /// One change; the new ETag where the backend reports it.
    async fn save(&self, cx: &CallContext, save: Save) -> Result<Option<String>, OpError>;
    /// All changes in order, or none.
    async fn transact(&self, cx: &CallContext, transact: Transact) -> Result<(), OpError>;
    /// The changes of a unit, in order, or none of them; `ETAG_MISMATCH` when something is not as it was read. Returns the messages
    /// that did not go with them.
    async fn commit(&self, cx: &CallContext, commit: Commit) -> Result<Vec<Message>, OpError>;
    /// A page of results.
    async fn query(&self, cx: &CallContext, query: &Query) -> Result<Found<(String, Item)>, OpError>;
}

/// A moment as Dapr writes it.
pub fn rfc3339(ms: u64) -> String {
    let moment = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.map_or_else(String::new, |moment| moment.to_string())
}
