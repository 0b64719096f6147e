//! `/v1.0/state/{store}`: save, get, bulk get, delete, transaction, query.
mod listed;
mod saved;

use super::{Consistency, Get, GetMany, StateStore, Transact, check_key, rfc3339};
use crate::blocks::api;
use crate::blocks::http::error::{DaprApiError, parsed};
use crate::blocks::http::{fields, served};
use crate::code::{Code, OpError};
use crate::components::Block;
use crate::http::status;
use crate::store::{Change, Item};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get as getting, post};
use listed::{Listed, Results, answer};
use saved::{Saved, first_write, refused};
use serde::Deserialize;
use std::collections::BTreeMap;

type Context = api::Context<dyn StateStore>;
type Parameters = Query<BTreeMap<String, String>>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let named = |posted: MethodRouter<Context>| posted.get(get_named).delete(delete_named);
    let routes = Router::new()
        .route("/v1.0/state/{store}", post(save).put(save))
        .route("/v1.0/state/{store}/bulk", named(post(bulk_get).put(bulk_get)))
        .route("/v1.0/state/{store}/transaction", named(post(transaction).put(transaction)))
        .route("/v1.0/state/{store}/{*key}", getting(get).delete(delete))
        .route("/v1.0-alpha1/state/{store}/query", post(query).put(query));
    served(routes, context, |shared, store| !shared.has(Block::State, store))
}

fn check_store(context: &Context, store: &str) -> Result<(), DaprApiError> {
    if context.components.has(Block::State, store) {
        return Ok(());
    }
    let message = format!("state store {store} is not found");
    let error = DaprApiError::new(Code::StateStoreNotFound, message);
    Err(error.rich("DAPR_STATE_NOT_FOUND", Some(("state", store))))
}

fn failed(code: Code, store: &str, error: &OpError) -> DaprApiError {
    let message = format!("failed operation in state store {store}: {}", error.message);
    match &error.code {
        Code::EtagMismatch => DaprApiError::new(code, message).with_status_of(&error.code),
        own @ (Code::ResultTooLarge | Code::QueryTooLarge | Code::QuotaExceeded | Code::MemoryBudget) => {
            DaprApiError::new(own.clone(), message)
        }
        _ => DaprApiError::new(code, message),
    }
}

/// Items are saved one by one: each succeeds or fails for itself, and the first failure is reported.
async fn save(
    State(context): State<Context>,
    Path(store): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    check_store(&context, &store)?;
    let items: Vec<Saved> = parsed(&body)?;
    for item in &items {
        check_key(&item.key).map_err(|reason| refused(&store, reason))?;
    }
    let changes: Vec<Change> =
        items.into_iter().map(|item| item.change(&store, true, &query)).collect::<Result<_, _>>()?;
    let cx = context.caller(fields(&headers));
    let saves = changes.into_iter().map(|change| context.block.save(&cx, super::Save { store: store.clone(), change }));
    match futures::future::join_all(saves).await.into_iter().find_map(Result::err) {
        Some(error) => Err(failed(Code::StateSave, &store, &error)),
        None => Ok(status::NO_CONTENT),
    }
}

/// 200 with the value's JSON text, 204 when absent.
async fn get(
    State(context): State<Context>,
    Path((store, key)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let strong = query.get("consistency").is_some_and(|word| word == "strong");
    let get = Get { store, key, consistency: if strong { Consistency::Strong } else { Consistency::Eventual } };
    get.check().map_err(|reason| refused(&get.store, reason))?;
    match context.block.get(&context.caller(fields(&headers)), &get).await {
        Ok(Some(item)) => Ok(value(item)),
        Ok(None) => Ok(status::NO_CONTENT.into_response()),
        Err(error) => Err(failed(Code::StateGet, &get.store, &error)),
    }
}

fn value(item: Item) -> Response {
    let mut response = ([(header::CONTENT_TYPE, "application/json")], item.value).into_response();
    if let Ok(etag) = item.etag.parse() {
        response.headers_mut().insert(header::ETAG, etag);
    }
    if let Some(Ok(at)) = item.expires.map(|at| rfc3339(at).parse()) {
        response.headers_mut().insert("metadata.ttlexpiretime", at);
    }
    response
}

#[derive(Deserialize)]
struct BulkGet {
    #[serde(default)]
    keys: Option<Vec<String>>,
}

/// Every key, in order, as often as it was asked for; a missing one has only its name. Each value is read once.
async fn bulk_get(
    State(context): State<Context>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let BulkGet { keys } = parsed(&body)?;
    let get = GetMany { store, keys: keys.unwrap_or_default() };
    get.check().map_err(|reason| refused(&get.store, reason))?;
    let cx = context.caller(fields(&headers));
    let failed = |e: OpError| failed(Code::StateBulkGet, &get.store, &e);
    let items = context.block.get_many(&cx, &get).await.map_err(failed)?;
    let listed: Vec<Listed> = get.keys.iter().zip(&items).map(|(key, item)| Listed::new(key, item.as_ref())).collect();
    answer(&listed, listed.iter(), &cx.allowance).map_err(|e| failed(e.into()))
}

/// 204 also when the key was absent; `If-Match` guards.
async fn delete(
    State(context): State<Context>,
    Path((store, key)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    check_store(&context, &store)?;
    check_key(&key).map_err(|reason| refused(&store, reason))?;
    let etag =
        headers.get(header::IF_MATCH).and_then(|etag| etag.to_str().ok()).map(|etag| etag.trim_matches('"').to_owned());
    let first_write = first_write(&store, query.get("concurrency").map_or("", String::as_str))?;
    let change = Change { key, put: None, etag, first_write };
    let save = super::Save { store: store.clone(), change };
    let done = context.block.save(&context.caller(fields(&headers)), save).await;
    done.map(|_| status::NO_CONTENT).map_err(|e| failed(Code::StateDelete, &store, &e))
}

#[derive(Deserialize)]
struct Transaction<'a> {
    #[serde(borrow, default)]
    operations: Vec<Operation<'a>>,
}

#[derive(Deserialize)]
struct Operation<'a> {
    operation: String,
    #[serde(borrow)]
    request: Saved<'a>,
}

/// All or nothing, in order. As in Dapr every failure is a 500, an ETag's too.
async fn transaction(
    State(context): State<Context>,
    Path(store): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    check_store(&context, &store)?;
    let Transaction { operations } = parsed(&body)?;
    let mut changes = Vec::new();
    for Operation { operation, request } in operations {
        let put = match operation.as_str() {
            "upsert" => true,
            "delete" => false,
            other => {
                let message = format!("operation type {other} not supported");
                return Err(DaprApiError::new(Code::NotSupportedStateOperation, message));
            }
        };
        changes.push(request.change(&store, put, &query)?);
    }
    let cx = context.caller(fields(&headers));
    let done = context.block.transact(&cx, Transact { store, changes }).await;
    done.map(|()| status::NO_CONTENT).map_err(|error| {
        let message = format!("error while executing state transaction: {}", error.message);
        if error.code == Code::QuotaExceeded {
            return DaprApiError::new(Code::QuotaExceeded, message);
        }
        DaprApiError::new(Code::StateTransaction, message)
    })
}

/// A page of what the query takes; 204 when that is nothing.
async fn query(
    State(context): State<Context>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let cx = context.caller(fields(&headers));
    let failed = |e: OpError| match e.code {
        Code::InvalidArgument => DaprApiError::malformed(format!("failed query in state store {store}: {}", e.message)),
        _ => failed(Code::StateQuery, &store, &e),
    };
    let query = super::Query { store: store.clone(), prefix: String::new(), query: body };
    let found = context.block.query(&cx, &query).await.map_err(failed)?;
    if found.results.is_empty() {
        return Ok(status::NO_CONTENT.into_response());
    }
    let results: Vec<Listed> = found.results.iter().map(|(key, item)| Listed::new(key, Some(item))).collect();
    let page = Results { results, token: &found.token };
    answer(&page, page.results.iter(), &cx.allowance).map_err(|e| failed(e.into()))
}

/// `/bulk` and `/transaction` as keys: only what is posted there has another meaning.
fn named(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// [`get`] of a key that is called like a path of its own.
async fn get_named(
    state: State<Context>,
    Path(store): Path<String>,
    query: Parameters,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    get(state, Path((store, named(uri.path()))), query, headers).await
}

/// [`delete`] of one.
async fn delete_named(
    state: State<Context>,
    Path(store): Path<String>,
    query: Parameters,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    delete(state, Path((store, named(uri.path()))), query, headers).await
}
