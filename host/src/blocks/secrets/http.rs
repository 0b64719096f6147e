//! `/v1.0/secrets/{store}`: one secret, or all of them. Callers are the operator's own programs: grants are the functions' affair.
use super::size;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::{Context, metadata_of};
use crate::code::{Code, OpError};
use crate::components::Block;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;

type Parameters = Query<BTreeMap<String, String>>;

fn check_store(context: &Context, store: &str) -> Result<(), DaprApiError> {
    if context.components.has(Block::Secrets, store) {
        return Ok(());
    }
    let message = format!("failed finding secret store with key {store}");
    Err(DaprApiError::new(Code::SecretStoreNotFound, message))
}

fn failed(message: String) -> DaprApiError {
    DaprApiError::new(Code::SecretGet, message)
}

/// What Dapr says of a secret that cannot be had.
pub fn not_had(store: &str, key: &str, reason: &str) -> String {
    format!("failed getting secret with key {key} from secret store {store}: {reason}")
}

/// What Dapr says when the secrets cannot be had at once.
pub fn none_had(store: &str, error: &OpError) -> String {
    format!("failed getting secrets from secret store {store}: {}", error.message)
}

/// As Dapr's `local.file` a secret that is not there is a failure.
pub fn absent(key: &str) -> String {
    format!("secret {key} not found")
}

/// `{key: value}`.
pub async fn get(
    State(context): State<Context>,
    Path((store, key)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let found = context.secrets.get(&context.caller(&headers), &store, &key, &metadata_of(query)).await;
    match found.map_err(|e| failed(not_had(&store, &key, &e.message)))? {
        Some(secret) => Ok(Json(secret).into_response()),
        None => Err(failed(not_had(&store, &key, &absent(&key)))),
    }
}

/// `{name: {key: value}}`.
pub async fn bulk(
    State(context): State<Context>,
    Path(store): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let cx = context.caller(&headers);
    let found = context.secrets.get_bulk(&cx, &store, &metadata_of(query)).await;
    let found = found.map_err(|e| failed(none_had(&store, &e)))?;
    cx.allowance.cover(size(&found)).map_err(|e| {
        let e = OpError::from(e);
        let message = none_had(&store, &e);
        DaprApiError::new(e.code, message).with_status_of(&Code::ResultTooLarge)
    })?;
    Ok(Json(found).into_response())
}
