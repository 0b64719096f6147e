//! Locks in the embedded database. Each store has names of its own in it; a lock is on disk before its taker hears of it.
use super::{LockStore, TryLock, Unlock, UnlockStatus};
use crate::blocks::call::{CallContext, error, no_component};
use crate::code::{Code, OpError};
use crate::store::{Locks, StoreError, Unlocked};
use async_trait::async_trait;
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

#[async_trait]
impl LockStore for Embedded {
    async fn try_lock(&self, _: &CallContext, lock: &TryLock) -> Result<bool, OpError> {
        let name = self.name(&lock.store, &lock.resource)?;
        // Within the operator's ceiling, which has as many bits.
        let expiry = u32::try_from(lock.expiry_seconds).unwrap_or(u32::MAX);
        self.locks.take(name, lock.owner.clone(), expiry).await.map_err(|e| failed(&e))
    }

    async fn unlock(&self, _: &CallContext, unlock: &Unlock) -> Result<UnlockStatus, OpError> {
        let name = self.name(&unlock.store, &unlock.resource)?;
        let unlocked = self.locks.release(name, unlock.owner.clone()).await.map_err(|e| failed(&e))?;
        Ok(match unlocked {
            Unlocked::Free => UnlockStatus::Success,
            Unlocked::Absent => UnlockStatus::DoesNotExist,
            Unlocked::Foreign => UnlockStatus::BelongsToOthers,
        })
    }
}
