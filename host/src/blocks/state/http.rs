//! `/v1.0/state/{store}`: save, get, bulk get, delete, transaction, query.
use super::rfc3339;
use crate::allowance::{Allowance, Refused};
use crate::blocks::call::CallContext;
use crate::blocks::http::Context;
use crate::blocks::http::error::DaprApiError;
use crate::code::{Code, OpError};
use crate::components::Block;
use crate::http::status;
use crate::store::{Change, Item, Put};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

type Parameters = Query<BTreeMap<String, String>>;

#[derive(Deserialize)]
struct Save<'a> {
    #[serde(default)]
    key: String,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    etag: Option<Value>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    options: Map<String, Value>,
}

fn malformed(message: impl Into<String>) -> DaprApiError {
    DaprApiError::new(Code::MalformedRequest, message)
}

fn check_store(context: &Context, store: &str) -> Result<(), DaprApiError> {
    if context.components.has(Block::State, store) {
        return Ok(());
    }
    let message = format!("state store {store} is not found");
    let error = DaprApiError::new(Code::StateStoreNotFound, message);
    Err(error.rich("DAPR_STATE_NOT_FOUND", Some(("state", store))))
}

/// Why a key is none.
pub fn illegal_key(key: &str) -> Option<String> {
    if key.is_empty() {
        return Some("key cannot be empty".to_owned());
    }
    key.contains("||").then(|| format!("input key/keyPrefix '{key}' can't contain '||'"))
}

fn check_key(store: &str, key: &str) -> Result<(), DaprApiError> {
    match illegal_key(key) {
        None => Ok(()),
        Some(reason) if key.is_empty() => Err(malformed(reason)),
        Some(reason) => Err(malformed(reason).rich("DAPR_STATE_ILLEGAL_KEY", Some(("state", store)))),
    }
}

/// Several keys at once may have an empty one among them, as in Dapr.
fn check_among(store: &str, key: &str) -> Result<(), DaprApiError> {
    if key.is_empty() { Ok(()) } else { check_key(store, key) }
}

fn concurrency(value: Option<&str>) -> Result<bool, DaprApiError> {
    match value {
        None | Some("" | "last-write") => Ok(false),
        Some("first-write") => Ok(true),
        Some(other) => Err(malformed(format!("unrecognized concurrency model '{other}'"))),
    }
}

fn ttl(metadata: &Map<String, Value>, query: &BTreeMap<String, String>) -> Result<Option<u64>, DaprApiError> {
    let from_query = query.get("metadata.ttlInSeconds").map(String::as_str);
    let given = match metadata.get("ttlInSeconds") {
        None => from_query,
        Some(Value::String(text)) => Some(from_query.unwrap_or(text)),
        Some(_) => return Err(malformed("metadata values must be strings")),
    };
    parse_ttl(given).map_err(malformed)
}

/// A lifetime as metadata has it; `-1`, 0 and nothing mean for ever.
pub fn parse_ttl(given: Option<&str>) -> Result<Option<u64>, String> {
    let Some(text) = given.filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse::<i64>() {
        Ok(-1 | 0) => Ok(None),
        Ok(seconds) if seconds > 0 => Ok(Some(seconds.unsigned_abs())),
        _ => Err(format!("incorrect value for metadata 'ttlInSeconds': {text}")),
    }
}

impl Save<'_> {
    fn change(self, store: &str, put: bool, query: &BTreeMap<String, String>) -> Result<Change, DaprApiError> {
        check_among(store, &self.key)?;
        let etag = match self.etag {
            None | Some(Value::Null) => None,
            Some(Value::String(etag)) => Some(etag),
            // The JavaScript client's type for transactions.
            Some(Value::Object(mut object)) => match object.remove("value") {
                Some(Value::String(etag)) => Some(etag),
                _ => return Err(malformed(format!("the etag of {} must be a string", self.key))),
            },
            Some(_) => return Err(malformed(format!("the etag of {} must be a string", self.key))),
        };
        // The JavaScript client sends its enum's numbers: 1 is first-write.
        let first_write = match self.options.get("concurrency") {
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => concurrency(Some(text))?,
            _ => false,
        };
        let put = if put {
            let value = self.value.map_or_else(|| b"null".to_vec(), |value| value.get().as_bytes().to_vec());
            Some(Put { value, ttl_seconds: ttl(&self.metadata, query)? })
        } else {
            None
        };
        Ok(Change { key: self.key, put, etag, first_write })
    }
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

/// Items are saved one by one: each succeeds or fails for itself, and the first failure is told.
pub async fn save(
    State(context): State<Context>,
    Path(store): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    check_store(&context, &store)?;
    let items: Vec<Save> =
        serde_json::from_slice(&body).map_err(|e| malformed(format!("failed deserializing HTTP body: {e}")))?;
    for item in &items {
        check_key(&store, &item.key)?;
    }
    let changes: Vec<Change> =
        items.into_iter().map(|item| item.change(&store, true, &query)).collect::<Result<_, _>>()?;
    let cx = context.caller(&headers);
    let saves = changes.into_iter().map(|change| context.state.change(&cx, &store, change));
    match futures::future::join_all(saves).await.into_iter().find_map(Result::err) {
        Some(error) => Err(failed(Code::StateSave, &store, &error)),
        None => Ok(status::NO_CONTENT),
    }
}

/// 200 with the value's JSON text, 204 when absent.
pub async fn get(
    State(context): State<Context>,
    Path((store, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    check_key(&store, &key)?;
    let cx = context.caller(&headers);
    match context.state.get(&cx, &store, &key).await {
        Ok(Some(item)) => Ok(value(item)),
        Ok(None) => Ok(status::NO_CONTENT.into_response()),
        Err(error) => Err(failed(Code::StateGet, &store, &error)),
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
pub async fn bulk_get(
    State(context): State<Context>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let BulkGet { keys } =
        serde_json::from_slice(&body).map_err(|e| malformed(format!("failed deserializing HTTP body: {e}")))?;
    let keys = keys.unwrap_or_default();
    for key in &keys {
        check_among(&store, key)?;
    }
    let cx = context.caller(&headers);
    let failed = |e: OpError| failed(Code::StateBulkGet, &store, &e);
    let items = context.state.get_many(&cx, &store, &keys).await.map_err(failed)?;
    let listed: Vec<Listed> = keys.iter().zip(&items).map(|(key, item)| Listed::new(key, item.as_ref())).collect();
    answer(&listed, listed.iter(), &cx.allowance).map_err(|e| failed(e.into()))
}

/// A value as bulk get and queries list it: spliced in as it is kept, digit by digit.
#[derive(Serialize)]
struct Listed<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

impl<'a> Listed<'a> {
    fn new(key: &'a str, item: Option<&'a Item>) -> Listed<'a> {
        let data = item.and_then(|item| serde_json::from_slice::<&RawValue>(&item.value).ok());
        let lost = item.is_some() && data.is_none();
        Listed {
            key,
            data,
            etag: item.map(|item| item.etag.as_str()),
            metadata: item.and_then(|item| item.expires).map(|at| ("ttlExpireTime", rfc3339(at))).into_iter().collect(),
            error: lost.then_some("the value is not JSON: get it alone, or by gRPC"),
        }
    }

    /// Bytes in the answer, roughly.
    fn size(&self) -> usize {
        64 + self.key.len() + self.data.map_or(0, |data| data.get().len())
    }
}

/// An answer with values in it, within what an answer may have.
fn answer<'a, 'b: 'a>(
    body: &impl Serialize,
    listed: impl Iterator<Item = &'a Listed<'b>>,
    allowance: &Allowance,
) -> Result<Response, Refused> {
    let size: usize = listed.map(Listed::size).sum();
    allowance.cover(size)?;
    let mut text = Vec::with_capacity(size + 64);
    // Nothing in it can fail to be JSON.
    let _written = serde_json::to_writer(&mut text, body);
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// 204 also when the key was absent; `If-Match` guards.
pub async fn delete(
    State(context): State<Context>,
    Path((store, key)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    check_store(&context, &store)?;
    check_key(&store, &key)?;
    let etag =
        headers.get(header::IF_MATCH).and_then(|etag| etag.to_str().ok()).map(|etag| etag.trim_matches('"').to_owned());
    let _checked = concurrency(query.get("concurrency").map(String::as_str))?;
    let change = Change { key, put: None, etag, first_write: false };
    let done = context.state.change(&context.caller(&headers), &store, change).await;
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
    request: Save<'a>,
}

/// All or nothing, in order. As in Dapr every failure is a 500, an ETag's too.
pub async fn transaction(
    State(context): State<Context>,
    Path(store): Path<String>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    check_store(&context, &store)?;
    let Transaction { operations } =
        serde_json::from_slice(&body).map_err(|e| malformed(format!("failed deserializing HTTP body: {e}")))?;
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
    let cx: CallContext = context.caller(&headers);
    let done = context.state.transact(&cx, &store, changes).await;
    done.map(|()| status::NO_CONTENT).map_err(|error| {
        let message = format!("error while executing state transaction: {}", error.message);
        if error.code == Code::QuotaExceeded {
            return DaprApiError::new(Code::QuotaExceeded, message);
        }
        DaprApiError::new(Code::StateTransaction, message)
    })
}

/// A page of what the query takes; 204 when that is nothing.
pub async fn query(
    State(context): State<Context>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let cx = context.caller(&headers);
    let failed = |e: OpError| match e.code {
        Code::InvalidArgument => malformed(format!("failed query in state store {store}: {}", e.message)),
        _ => failed(Code::StateQuery, &store, &e),
    };
    let found = context.state.query(&cx, &store, "", &body).await.map_err(failed)?;
    if found.results.is_empty() {
        return Ok(status::NO_CONTENT.into_response());
    }
    let results: Vec<Listed> = found.results.iter().map(|(key, item)| Listed::new(key, Some(item))).collect();
    let page = Results { results, token: &found.token };
    answer(&page, page.results.iter(), &cx.allowance).map_err(|e| failed(e.into()))
}

#[derive(Serialize)]
struct Results<'a> {
    results: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    token: &'a str,
}

/// `/bulk` and `/transaction` as keys: only what is posted there has another meaning.
fn named(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// [`get`] of a key that is called like a path of its own.
pub async fn get_named(
    state: State<Context>,
    Path(store): Path<String>,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    get(state, Path((store, named(uri.path()))), headers).await
}

/// [`delete`] of one.
pub async fn delete_named(
    state: State<Context>,
    Path(store): Path<String>,
    query: Parameters,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    delete(state, Path((store, named(uri.path()))), query, headers).await
}
