//! Locks in a store of the Dapr sidecar.
use super::{LockStore, TryLock, Unlock, UnlockStatus};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::code::{Code, OpError};
use crate::dapr::Sidecar;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

/// The backend.
pub struct Dapr(pub Sidecar);

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    success: bool,
}

#[derive(Deserialize)]
struct Released {
    #[serde(default)]
    status: i32,
}

fn broken(e: &serde_json::Error) -> OpError {
    error(Code::OperationFailed, format!("the sidecar's JSON: {e}"))
}

#[async_trait]
impl LockStore for Dapr {
    async fn try_lock(&self, cx: &CallContext, lock: &TryLock) -> Result<bool, OpError> {
        let TryLock { store, resource, owner, expiry_seconds } = lock;
        let body = json!({"resourceId": resource, "lockOwner": owner, "expiryInSeconds": expiry_seconds});
        let body = body.to_string().into_bytes();
        let answer = self.0.try_lock(store, body, cx.trace()).await.map_err(from_dapr)?;
        let Locked { success } = serde_json::from_slice(&answer.body).map_err(|e| broken(&e))?;
        Ok(success)
    }

    async fn unlock(&self, cx: &CallContext, unlock: &Unlock) -> Result<UnlockStatus, OpError> {
        let Unlock { store, resource, owner } = unlock;
        let body = json!({"resourceId": resource, "lockOwner": owner}).to_string().into_bytes();
        let answer = self.0.unlock(store, body, cx.trace()).await.map_err(from_dapr)?;
        let Released { status } = serde_json::from_slice(&answer.body).map_err(|e| broken(&e))?;
        Ok(match status {
            0 => UnlockStatus::Success,
            1 => UnlockStatus::DoesNotExist,
            2 => UnlockStatus::BelongsToOthers,
            _ => UnlockStatus::InternalError,
        })
    }
}
