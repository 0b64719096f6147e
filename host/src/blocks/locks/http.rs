//! `/v1.0-alpha1/lock/{store}` and `/unlock/{store}`.
use super::{UnlockStatus, expiry};
use crate::blocks::http::Context;
use crate::blocks::http::error::DaprApiError;
use crate::code::Code;
use crate::components::Block;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

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

/// Why a call is refused before the store is asked: Dapr's code and message, in Dapr's order. Always the caller's fault.
pub fn refusal(context: &Context, store: &str, resource: &str, owner: &str) -> Option<(Code, String)> {
    if resource.is_empty() {
        return Some((Code::MalformedRequest, format!("ResourceId is empty in lock store {store}")));
    }
    if owner.is_empty() {
        return Some((Code::MalformedRequest, format!("LockOwner is empty in lock store {store}")));
    }
    let known = context.components.has(Block::Lock, store);
    (!known).then(|| (Code::LockStoreNotFound, format!("lock store {store} not found")))
}

/// Why a lifetime is none.
pub fn check_expiry(context: &Context, store: &str, seconds: i64) -> Result<u32, String> {
    expiry(seconds, context.max_lock_seconds)
        .map_err(|e| format!("ExpiryInSeconds is not positive in lock store {store}: {e}"))
}

fn malformed(message: String) -> DaprApiError {
    DaprApiError::new(Code::MalformedRequest, message)
}

fn parse(body: &[u8]) -> Result<Body, DaprApiError> {
    serde_json::from_slice(body).map_err(|e| malformed(format!("failed deserializing HTTP body: {e}")))
}

fn check(context: &Context, store: &str, body: &Body) -> Result<(), DaprApiError> {
    let refused = |(code, message)| DaprApiError::new(code, message);
    refusal(context, store, &body.resource_id, &body.lock_owner).map_or(Ok(()), |refusal| Err(refused(refusal)))
}

fn failed(code: Code, what: &str, message: &str) -> DaprApiError {
    DaprApiError::new(code, format!("{what}: {message}"))
}

/// 200 with `success`, whether it was taken or not.
pub async fn lock(
    State(context): State<Context>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, DaprApiError> {
    let body = parse(&body)?;
    let expiry = check_expiry(&context, &store, body.expiry_in_seconds).map_err(malformed)?;
    check(&context, &store, &body)?;
    let cx = context.caller(&headers);
    let taken = context.lock.try_lock(&cx, &store, &body.resource_id, &body.lock_owner, expiry).await;
    let success = taken.map_err(|e| failed(Code::TryLock, "failed to try acquiring lock", &e.message))?;
    Ok(Json(json!({ "success": success })))
}

/// 200 with the status's number, whatever it is.
pub async fn unlock(
    State(context): State<Context>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, DaprApiError> {
    let body = parse(&body)?;
    check(&context, &store, &body)?;
    let cx = context.caller(&headers);
    let released = context.lock.unlock(&cx, &store, &body.resource_id, &body.lock_owner).await;
    let status: UnlockStatus = released.map_err(|e| failed(Code::Unlock, "failed to release lock", &e.message))?;
    Ok(Json(json!({ "status": status as i32 })))
}
