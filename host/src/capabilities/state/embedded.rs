//! State in the embedded database. One store, under one name; keys get Dapr's app-id prefix.
use super::query::{Found, Query};
use super::unit::{Message, Unit};
use super::{DEFAULT_STORE, StateStore};
use crate::capabilities::pubsub::embedded::wrapped;
use crate::capabilities::{CallContext, error};
use crate::store::{self, Change, Item, Log, State, StateError, StoreError};
use daplet_abi::op::{OpError, codes};
use futures::future::BoxFuture;

/// The backend.
pub struct Embedded {
    /// The database.
    pub state: State,
    /// The log in the same database.
    pub log: Log,
    /// The app-id that keys begin with.
    pub app_id: String,
}

impl Embedded {
    /// The key as it is stored.
    pub fn key(&self, key: &str) -> String {
        format!("{}||{key}", self.app_id)
    }

    fn check(store: &str) -> Result<(), OpError> {
        if store == DEFAULT_STORE {
            return Ok(());
        }
        let message =
            format!("state store {store} is not found; without a Dapr sidecar there is one, named \"{DEFAULT_STORE}\"");
        Err(error(codes::NOT_FOUND, message))
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
            Embedded::check(store)?;
            self.state.get(&self.key(key)).map_err(|e| failed(&e))
        })
    }

    fn get_many<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        keys: Vec<String>,
    ) -> BoxFuture<'a, Result<Vec<Option<Item>>, OpError>> {
        Box::pin(async move {
            Embedded::check(store)?;
            let keys: Vec<String> = keys.iter().map(|key| self.key(key)).collect();
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
            Embedded::check(store)?;
            change.key = self.key(&change.key);
            self.state.change(change).await.map_err(|e| refused(self.app_id.len() + 2, e))
        })
    }

    fn transact<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        mut changes: Vec<Change>,
    ) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async move {
            Embedded::check(store)?;
            for change in &mut changes {
                change.key = self.key(&change.key);
            }
            self.state.transact(changes).await.map_err(|e| refused(self.app_id.len() + 2, e))
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
            Embedded::check(store)?;
            let guard = |key: &str, etag: Option<String>| store::Guard { key: self.key(key), etag };
            let guards = unit.reads.into_iter().map(|read| guard(&read.key, read.etag)).collect();
            let changes = unit.changes.into_iter().map(|change| Change { key: self.key(&change.key), ..change });
            let message = |Message { pubsub, topic, message }| wrapped(cx, &self.app_id, &pubsub, &topic, &message);
            let messages = unit.messages.into_iter().map(message).collect::<Result<_, _>>()?;
            let unit = store::Unit { guards, changes: changes.collect(), messages };
            self.log.commit(unit).await.map_err(|e| refused(self.app_id.len() + 2, e))?;
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
            Embedded::check(store)?;
            let plan = Query::parse(query).map_err(|reason| error(codes::INVALID_ARGUMENT, reason))?;
            let (state, whole) = (self.state.clone(), self.key(prefix));
            // It reads all that there is: not on a thread that others wait for.
            let found = tokio::task::spawn_blocking(move || {
                let mut taken = Vec::new();
                state.each(&whole, |key, item| {
                    if let (Some(value), Some(key)) = (plan.takes(&item.value), key.strip_prefix(whole.as_str())) {
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
