//! Locks in the embedded database. Each store has names of its own in it; a lock is on disk before its taker hears of it.
use super::{LockStore, UnlockStatus};
use crate::blocks::call::{CallContext, error, no_component};
use crate::code::{Code, OpError};
use crate::store::{Locks, StoreError, Unlocked};
use futures::future::BoxFuture;
use std::collections::BTreeMap;

/// The backend.
pub struct Embedded {
    /// The database.
    pub locks: Locks,
    /// What the names of each store begin with in the database.
    pub stores: BTreeMap<String, String>,
}

impl Embedded {
    /// The name as it is stored, which is Dapr's.
    fn name(&self, store: &str, resource: &str) -> Result<String, OpError> {
        let absent = || no_component(Code::ComponentNotFound, &format!("lock store {store} is"), self.stores.keys());
        let space = self.stores.get(store).ok_or_else(absent)?;
        if resource.contains("||") {
            let message = format!("the resource {resource:?} contains \"||\", which Dapr keeps for itself");
            return Err(error(Code::InvalidArgument, message));
        }
        Ok(format!("{space}{resource}"))
    }
}

fn failed(e: &StoreError) -> OpError {
    tracing::error!("{e}");
    error(Code::OperationFailed, e.to_string())
}

impl LockStore for Embedded {
    fn try_lock<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        resource: &'a str,
        owner: &'a str,
        expiry_seconds: u32,
    ) -> BoxFuture<'a, Result<bool, OpError>> {
        Box::pin(async move {
            let name = self.name(store, resource)?;
            self.locks.take(name, owner.to_owned(), expiry_seconds).await.map_err(|e| failed(&e))
        })
    }

    fn unlock<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        resource: &'a str,
        owner: &'a str,
    ) -> BoxFuture<'a, Result<UnlockStatus, OpError>> {
        Box::pin(async move {
            let name = self.name(store, resource)?;
            let unlocked = self.locks.release(name, owner.to_owned()).await.map_err(|e| failed(&e))?;
            Ok(match unlocked {
                Unlocked::Free => UnlockStatus::Success,
                Unlocked::Absent => UnlockStatus::DoesNotExist,
                Unlocked::Foreign => UnlockStatus::BelongsToOthers,
            })
        })
    }
}
