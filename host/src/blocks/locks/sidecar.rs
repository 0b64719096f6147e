//! Locks in a store of the Dapr sidecar.
use super::{LockStore, UnlockStatus};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::code::{Code, OpError};
use crate::dapr::Sidecar;
use futures::future::BoxFuture;
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

impl LockStore for Dapr {
    fn try_lock<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        resource: &'a str,
        owner: &'a str,
        expiry_seconds: u32,
    ) -> BoxFuture<'a, Result<bool, OpError>> {
        Box::pin(async move {
            let body = json!({"resourceId": resource, "lockOwner": owner, "expiryInSeconds": expiry_seconds});
            let body = body.to_string().into_bytes();
            let answer = self.0.try_lock(store, body, cx.trace()).await.map_err(from_dapr)?;
            let Locked { success } = serde_json::from_slice(&answer.body).map_err(|e| broken(&e))?;
            Ok(success)
        })
    }

    fn unlock<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        resource: &'a str,
        owner: &'a str,
    ) -> BoxFuture<'a, Result<UnlockStatus, OpError>> {
        Box::pin(async move {
            let body = json!({"resourceId": resource, "lockOwner": owner}).to_string().into_bytes();
            let answer = self.0.unlock(store, body, cx.trace()).await.map_err(from_dapr)?;
            let Released { status } = serde_json::from_slice(&answer.body).map_err(|e| broken(&e))?;
            Ok(match status {
                0 => UnlockStatus::Success,
                1 => UnlockStatus::DoesNotExist,
                2 => UnlockStatus::BelongsToOthers,
                _ => UnlockStatus::InternalError,
            })
        })
    }
}
