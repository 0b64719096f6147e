//! State in the embedded database. Each store has a key space of its own in it; keys get Dapr's prefix. [`look`]: queries.
pub mod look;

use super::query::{self, Found};
use super::unit::{Message, Read};
use super::{Commit, Get, GetMany, Query, Save, StateStore, Transact};
use crate::allowance::{self, Allowance, thread_cpu};
use crate::blocks::call::{CallContext, error, from_store, no_component, quota_exceeded};
use crate::blocks::pubsub::Brokers;
use crate::blocks::pubsub::embedded::wrapped;
use crate::code::{Code, OpError};
use crate::store::{self, Change, Item, Log, State, StateError, StoreError, View};
use async_trait::async_trait;
use look::{GiveUp, Look, Queries};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The backend.
pub struct Embedded {
    /// The database.
    pub state: State,
    /// The log in the same database.
    pub log: Log,
    /// The publisher of a unit's messages: this host.
    pub app_id: String,
    /// What the keys of each store begin with in the database.
    pub stores: BTreeMap<String, String>,
    /// Where a unit's messages may go.
    pub brokers: Arc<Brokers>,
    /// What queries may take.
    pub queries: Queries,
}

/// Values of one operation that are read on its worker's thread, bytes; more are read elsewhere.
const HERE: usize = 64 << 10;
/// Keys likewise.
const KEYS_HERE: usize = 256;

impl Embedded {
    fn space(&self, store: &str) -> Result<&str, OpError> {
        let absent = || no_component(Code::ComponentNotFound, &format!("state store {store} is"), self.stores.keys());
        self.stores.get(store).map(String::as_str).ok_or_else(absent)
    }
}

/// Why a read came to nothing.
enum ReadError {
    /// Sorting needs so many bytes.
    Outgrown(usize),
    Store(StoreError),
    Refused(OpError),
}

impl From<StoreError> for ReadError {
    fn from(e: StoreError) -> ReadError {
        ReadError::Store(e)
    }
}

impl From<allowance::Refused> for ReadError {
    fn from(e: allowance::Refused) -> ReadError {
        ReadError::Refused(e.into())
    }
}

impl From<ReadError> for OpError {
    fn from(e: ReadError) -> OpError {
        match e {
            ReadError::Outgrown(bytes) => error(Code::QueryTooLarge, format!("sorting takes {bytes} bytes of memory")),
            ReadError::Store(e) => from_store(&e),
            ReadError::Refused(e) => e,
        }
    }
}

fn refused(prefix: usize, e: StateError) -> OpError {
    match e {
        StateError::Mismatch { key } => {
            let key = key.get(prefix..).unwrap_or(&key);
            error(
                Code::EtagMismatch,
                format!(
                    "the ETag of {key:?} does not match: it was written or deleted meanwhile, or exists although this was to be its first write"
                ),
            )
        }
        StateError::Quota(exceeded) => quota_exceeded(&exceeded),
        StateError::Store(e) => from_store(&e),
    }
}

#[async_trait]
impl StateStore for Embedded {
    async fn get(&self, cx: &CallContext, get: &Get) -> Result<Option<Item>, OpError> {
        let (space, key) = (self.space(&get.store)?, &get.key);
        let found = self.state.get(&format!("{space}{key}"), |size| Ok::<_, ReadError>(cx.allowance.take(size)?));
        Ok(found?)
    }

    async fn get_many(
        &self,
        cx: &CallContext,
        GetMany { store, keys }: &GetMany,
    ) -> Result<Vec<Option<Item>>, OpError> {
        let space = self.space(store)?;
        let keys: Vec<String> = keys.iter().map(|key| format!("{space}{key}")).collect();
        let mut several = Several { view: self.state.view().map_err(|e| from_store(&e))?, found: HashMap::new() };
        let allowance = cx.allowance.clone();
        if !several.read(&keys, &allowance, HERE)? {
            let read = move || {
                let started = thread_cpu();
                let read = several.read(&keys, &allowance, usize::MAX);
                allowance.charge(thread_cpu().saturating_sub(started));
                Ok::<_, ReadError>((read?, several, keys))
            };
            let (_all, read, keys) =
                tokio::task::spawn_blocking(read).await.map_err(|e| error(Code::OperationFailed, e.to_string()))??;
            return Ok(read.listed(&keys));
        }
        Ok(several.listed(&keys))
    }

    async fn save(&self, _: &CallContext, Save { store, mut change }: Save) -> Result<Option<String>, OpError> {
        let space = self.space(&store)?;
        change.key.insert_str(0, space);
        self.state.change(change).await.map_err(|e| refused(space.len(), e))
    }

    async fn transact(&self, _: &CallContext, Transact { store, mut changes }: Transact) -> Result<(), OpError> {
        let space = self.space(&store)?;
        for change in &mut changes {
            change.key.insert_str(0, space);
        }
        self.state.transact(changes).await.map_err(|e| refused(space.len(), e))
    }

    /// Messages go into the log by the same commit, so none are left.
    async fn commit(&self, cx: &CallContext, Commit { store, unit }: Commit) -> Result<Vec<Message>, OpError> {
        let space = self.space(&store)?;
        let key = |key: String| format!("{space}{key}");
        let guard = |read: Read| store::Guard { key: key(read.key), etag: read.etag };
        let guards = unit.reads.into_iter().map(guard).collect();
        let changes = unit.changes.into_iter().map(|change| Change { key: key(change.key), ..change });
        let message = |Message { pubsub, topic, message }| {
            self.brokers.may_publish(&self.app_id, &pubsub, &topic)?;
            wrapped(cx, &self.app_id, &pubsub, &topic, &message)
        };
        let messages = unit.messages.into_iter().map(message).collect::<Result<_, _>>()?;
        let unit = store::Unit { guards, changes: changes.collect(), messages };
        self.log.commit(unit).await.map_err(|e| refused(space.len(), e))?;
        Ok(Vec::new())
    }

    async fn query(
        &self,
        cx: &CallContext,
        Query { store, prefix, query }: &Query,
    ) -> Result<Found<(String, Item)>, OpError> {
        let space = self.space(store)?;
        let plan = query::Query::parse(query).map_err(|reason| error(Code::InvalidArgument, reason))?;
        let _place = self.queries.place(&cx.function).await;
        let look = Look {
            view: self.state.view().map_err(|e| from_store(&e))?,
            prefix: format!("{space}{prefix}"),
            allowance: cx.allowance.clone(),
            limits: self.queries.limits,
            given_up: Arc::default(),
        };
        let _ends_with_its_caller = GiveUp(Arc::clone(&look.given_up));
        look.start(plan).await
    }
}

/// Values of several keys, each read once.
struct Several {
    view: View,
    found: HashMap<String, Option<Item>>,
}

impl Several {
    /// Reads what is lacking until there are `most` bytes, or too many keys for that; whether all is read.
    fn read(&mut self, keys: &[String], allowance: &Allowance, most: usize) -> Result<bool, ReadError> {
        let mut bytes = 0;
        if most < usize::MAX && keys.len() > KEYS_HERE {
            return Ok(false);
        }
        for key in keys {
            if self.found.contains_key(key) {
                continue;
            }
            if bytes > most {
                return Ok(false);
            }
            let item = self.view.get(key, |size| {
                bytes += size;
                Ok::<_, ReadError>(allowance.take(size)?)
            })?;
            self.found.insert(key.clone(), item);
        }
        Ok(true)
    }

    /// In the order of the keys; the same value several times costs nothing more.
    fn listed(&self, keys: &[String]) -> Vec<Option<Item>> {
        keys.iter().map(|key| self.found.get(key).cloned().flatten()).collect()
    }
}
