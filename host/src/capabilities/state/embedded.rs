//! State in the embedded database. One store, under one name; keys get Dapr's app-id prefix.
use super::{DEFAULT_STORE, StateStore};
use crate::capabilities::{CallContext, error};
use crate::store::{Change, Item, State, StateError, StoreError};
use daplet_abi::op::{OpError, codes};
use futures::future::BoxFuture;

/// The backend.
pub struct Embedded {
    /// The database.
    pub state: State,
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
}
