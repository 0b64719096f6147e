//! State in the embedded database. Each store has a key space of its own in it; keys get Dapr's prefix.
use super::StateStore;
use super::query::{Found, Query};
use super::unit::{Message, Read, Unit};
use crate::capabilities::pubsub::Brokers;
use crate::capabilities::pubsub::embedded::wrapped;
use crate::capabilities::{CallContext, error, no_component};
use crate::store::{self, Change, Item, Log, State, StateError, StoreError};
use daplet_abi::op::{OpError, codes};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
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
}

impl Embedded {
    fn space(&self, store: &str) -> Result<&str, OpError> {
        let absent = || no_component(codes::NOT_FOUND, &format!("state store {store} is"), self.stores.keys());
        self.stores.get(store).map(String::as_str).ok_or_else(absent)
    }
}

fn failed(e: &StoreError) -> OpError {
    tracing::error!("{e}");
    error(codes::INTERNAL, e.to_string())
}

fn refused(prefix: usize, e: StateError) -> OpError {
    match e {
        StateError::Mismatch { key } => {
            let key = key.get(prefix..).unwrap_or(&key);
            error(
                codes::ETAG_MISMATCH,
                format!(
                    "the ETag of {key:?} does not match: it was written or deleted meanwhile, or exists although this was to be its first write"
                ),
            )
        }
        StateError::Store(e) => failed(&e),
    }
}

impl StateStore for Embedded {
    fn get<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Item>, OpError>> {
        Box::pin(async move {
            let space = self.space(store)?;
            self.state.get(&format!("{space}{key}")).map_err(|e| failed(&e))
        })
    }

    fn get_many<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        keys: Vec<String>,
    ) -> BoxFuture<'a, Result<Vec<Option<Item>>, OpError>> {
        Box::pin(async move {
            let space = self.space(store)?;
            let keys: Vec<String> = keys.iter().map(|key| format!("{space}{key}")).collect();
            self.state.get_many(&keys).map_err(|e| failed(&e))
        })
    }

    fn change<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        mut change: Change,
    ) -> BoxFuture<'a, Result<Option<String>, OpError>> {
        Box::pin(async move {
            let space = self.space(store)?;
            change.key.insert_str(0, space);
            self.state.change(change).await.map_err(|e| refused(space.len(), e))
        })
    }

    fn transact<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        mut changes: Vec<Change>,
    ) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async move {
            let space = self.space(store)?;
            for change in &mut changes {
                change.key.insert_str(0, space);
            }
            self.state.transact(changes).await.map_err(|e| refused(space.len(), e))
        })
    }

    /// Messages go into the log by the same commit, so none are left.
    fn commit<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        unit: Unit,
    ) -> BoxFuture<'a, Result<Vec<Message>, OpError>> {
        Box::pin(async move {
            let space = self.space(store)?;
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
        })
    }

    fn query<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        prefix: &'a str,
        query: &'a [u8],
    ) -> BoxFuture<'a, Result<Found<(String, Item)>, OpError>> {
        Box::pin(async move {
            let space = self.space(store)?;
            let plan = Query::parse(query).map_err(|reason| error(codes::INVALID_ARGUMENT, reason))?;
            let (state, whole) = (self.state.clone(), format!("{space}{prefix}"));
            // It reads all that there is: not on a thread that others wait for.
            let found = tokio::task::spawn_blocking(move || {
                let mut taken = Vec::new();
                state.each(&whole, |key, item| {
                    // With "||" in it, it is an actor's, or where keys have no prefix another store's.
                    let own = key.strip_prefix(whole.as_str()).filter(|key| !key.contains("||"));
                    if let (Some(value), Some(key)) = (plan.takes(&item.value), own) {
                        taken.push((value, (key.to_owned(), item)));
                    }
                })?;
                Ok(plan.page(taken))
            });
            let found = found.await.map_err(|e| error(codes::INTERNAL, e.to_string()))?;
            found.map_err(|e: StoreError| failed(&e))
        })
    }
}
