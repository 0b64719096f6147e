//! `/v1.0-alpha1/lock/{store}` and `/unlock/{store}`.
use super::{Invalid, Locks, TryLock, Unlock};
use crate::blocks::api;
use crate::blocks::http::error::{DaprApiError, parsed};
use crate::blocks::http::{fields, served};
use crate::code::Code;
use crate::components::Block;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

type Context = api::Context<Locks>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes =
        Router::new().route("/v1.0-alpha1/lock/{store}", post(lock)).route("/v1.0-alpha1/unlock/{store}", post(unlock));
    served(routes, context, |shared, store| !shared.has(Block::Lock, store))
}

/// Both calls' body; Dapr takes its protocol's own names too.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    #[serde(alias = "resource_id")]
    resource_id: String,
    #[serde(alias = "lock_owner")]
    lock_owner: String,
    #[serde(alias = "expiry_in_seconds")]
    expiry_in_seconds: i64,
}

/// Refuses an invalid request, then one of a store that does not exist, in Dapr's order.
fn check(context: &Context, store: &str, valid: Result<(), Invalid>) -> Result<(), DaprApiError> {
    valid.map_err(|reason| DaprApiError::malformed(reason.words(store)))?;
    if context.has(Block::Lock, store) {
        return Ok(());
    }
    let message = format!("lock store {store} not found");
    Err(DaprApiError::new(Code::LockStoreNotFound, message))
}

fn failed(code: Code, what: &str, message: &str) -> DaprApiError {
    DaprApiError::new(code, format!("{what}: {message}"))
}

/// 200 with `success`, whether it was taken or not.
async fn lock(
    State(context): State<Context>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, DaprApiError> {
    let Body { resource_id: resource, lock_owner: owner, expiry_in_seconds: expiry_seconds } = parsed(&body)?;
    let lock = TryLock { store, resource, owner, expiry_seconds };
    check(&context, &lock.store, lock.check(context.block.longest))?;
    let taken = context.block.store.try_lock(&context.caller(fields(&headers)), &lock).await;
    let success = taken.map_err(|e| failed(Code::TryLock, "failed to try acquiring lock", &e.message))?;
    Ok(Json(json!({ "success": success })))
}

/// 200 with the status's number, whatever it is.
async fn unlock(
    State(context): State<Context>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, DaprApiError> {
    let Body { resource_id: resource, lock_owner: owner, .. } = parsed(&body)?;
    let unlock = Unlock { store, resource, owner };
    check(&context, &unlock.store, unlock.check())?;
    let released = context.block.store.unlock(&context.caller(fields(&headers)), &unlock).await;
    let status = released.map_err(|e| failed(Code::Unlock, "failed to release lock", &e.message))?;
    Ok(Json(json!({ "status": status as i32 })))
}
