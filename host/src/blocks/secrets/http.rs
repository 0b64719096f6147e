//! `/v1.0/secrets/{store}`: one secret, or all of them. Callers are the operator's own programs: grants are the functions' affair.
use super::{Get, GetBulk, SecretStore, size};
use crate::blocks::api;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::{fields, metadata_of, served};
use crate::code::{Code, OpError};
use crate::components::Block;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get as getting;
use axum::{Json, Router};
use std::collections::BTreeMap;

type Context = api::Context<dyn SecretStore>;
type Parameters = Query<BTreeMap<String, String>>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes = Router::new()
        .route("/v1.0/secrets/{store}/bulk", getting(bulk))
        .route("/v1.0/secrets/{store}/{*key}", getting(get));
    served(routes, context, |_, _| false)
}

fn check_store(context: &Context, store: &str) -> Result<(), DaprApiError> {
    if context.has(Block::Secrets, store) {
        return Ok(());
    }
    let message = format!("failed finding secret store with key {store}");
    Err(DaprApiError::new(Code::SecretStoreNotFound, message))
}

fn failed(message: String) -> DaprApiError {
    DaprApiError::new(Code::SecretGet, message)
}

/// `{key: value}`.
async fn get(
    State(context): State<Context>,
    Path((store, key)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let get = Get { store, key, metadata: metadata_of(query) };
    let found = context.block.get(&context.caller(fields(&headers)), &get).await;
    match found.map_err(|e| failed(get.failure(&e.message)))? {
        Some(secret) => Ok(Json(secret).into_response()),
        None => Err(failed(get.absent())),
    }
}

/// `{name: {key: value}}`.
async fn bulk(
    State(context): State<Context>,
    Path(store): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let cx = context.caller(fields(&headers));
    let get = GetBulk { store, metadata: metadata_of(query) };
    let found = context.block.get_bulk(&cx, &get).await.map_err(|e| failed(get.failure(&e)))?;
    cx.allowance.cover(size(&found)).map_err(|e| {
        let e = OpError::from(e);
        let message = get.failure(&e);
        DaprApiError::new(e.code, message).with_status_of(&Code::ResultTooLarge)
    })?;
    Ok(Json(found).into_response())
}
