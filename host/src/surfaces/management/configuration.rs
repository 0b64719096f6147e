//! `/configuration`: the operator writes the items that functions read. Only for the embedded default; a sidecar's store
//! has tools of its own. `?store=` selects one of several stores.
use crate::blocks::configuration::DEFAULT_CONFIGURATION_STORE;
use crate::budget::Purse;
use crate::code::Code;
use crate::http::ApiError;
use crate::http::flight::held_answers;
use crate::http::status;
use crate::http::whole::read;
use crate::store::{Configuration, Configured};
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest key, bytes.
const MAX_KEY_BYTES: usize = 1_024;

/// What the handlers need.
#[derive(Clone)]
pub struct Context {
    /// Where the items are, by store.
    pub stores: Arc<BTreeMap<String, Configuration>>,
    /// Largest value, bytes.
    pub max_api_body_bytes: usize,
    /// What bodies and answers hold of the process's memory.
    pub memory: Purse,
    /// A caller that comes through a Dapr sidecar is any other application.
    pub refuse_invoked: bool,
}

/// The routes.
pub fn routes(context: Context) -> Router {
    let memory = context.memory.clone();
    let router = Router::new()
        .route("/configuration", get(list).fallback(not_allowed))
        .route("/configuration/{*key}", get(show).put(put).delete(remove).fallback(not_allowed))
        .layer(from_fn_with_state(context.clone(), refuse_invoked))
        .with_state(context);
    held_answers(router, memory, |unread| ApiError::unread(unread).into_response())
}

/// Reading is refused too: items may be only for this host's functions.
async fn refuse_invoked(State(context): State<Context>, request: Request, next: Next) -> Result<Response, ApiError> {
    if context.refuse_invoked && request.headers().contains_key("dapr-caller-app-id") {
        let detail = "configuration is not managed through service invocation; use the address of --listen";
        return Err(ApiError::new(Code::Forbidden, detail));
    }
    Ok(next.run(request).await)
}

/// The store of a request: the one that it names, the default, or the only one.
struct Store(Configuration);

#[derive(Deserialize)]
struct Wanted {
    store: Option<String>,
}

impl FromRequestParts<Context> for Store {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Store, ApiError> {
        let wanted = Query::<Wanted>::from_request_parts(parts, context).await;
        let Query(Wanted { store }) = wanted.map_err(|e| ApiError::bad_request(format!("the query: {e}")))?;
        let stores = &context.stores;
        let names = || stores.keys().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let found = match &store {
            Some(name) => stores.get(name),
            None => stores.get(DEFAULT_CONFIGURATION_STORE).or(stores.values().next().filter(|_| stores.len() == 1)),
        };
        let absent = || match store {
            Some(name) => {
                let detail = format!("there is no configuration store {name:?}; existing: {}", names());
                ApiError::new(Code::NotFound, detail)
            }
            None => ApiError::bad_request(format!("say which store with ?store=; there are {}", names())),
        };
        found.cloned().map(Store).ok_or_else(absent)
    }
}

async fn not_allowed(method: Method) -> ApiError {
    let detail = format!("{method} is not supported here; GET reads items, PUT sets one, DELETE removes one");
    ApiError::new(Code::MethodNotAllowed, detail)
        .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, PUT, DELETE"))
}

fn described(item: &Configured) -> Value {
    json!({"value": item.value, "version": item.version.to_string(), "metadata": {}})
}

async fn list(Store(kept): Store) -> Result<Response, ApiError> {
    let items = kept.get(&[])?;
    let items: serde_json::Map<String, Value> =
        items.iter().map(|(key, item)| (key.clone(), described(item))).collect();
    Ok(axum::Json(json!({ "items": items })).into_response())
}

async fn show(Store(kept): Store, Path(key): Path<String>) -> Result<Response, ApiError> {
    match kept.get(std::slice::from_ref(&key))?.get(&key) {
        Some(item) => Ok(axum::Json(described(item)).into_response()),
        None => {
            let detail = format!("there is no configuration item {key:?}; GET /configuration lists the existing items");
            Err(ApiError::new(Code::NotFound, detail))
        }
    }
}

async fn put(
    State(context): State<Context>,
    Store(kept): Store,
    Path(key): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    if key.len() > MAX_KEY_BYTES {
        let detail = format!("the key has {} bytes; it may have {MAX_KEY_BYTES}", key.len());
        return Err(ApiError::bad_request(detail));
    }
    let body = read(body, context.max_api_body_bytes, "the value", "max_api_body_bytes", &context.memory).await?;
    let value = String::from_utf8(body.to_vec())
        .map_err(|e| ApiError::bad_request(format!("the value of {key:?} is not UTF-8 text: {e}")))?;
    let (item, created) = kept.put(&key, value).await?;
    let status = if created { status::CREATED } else { status::OK };
    Ok((status, axum::Json(described(&item))).into_response())
}

/// 204 also if it did not exist.
async fn remove(Store(kept): Store, Path(key): Path<String>) -> Result<StatusCode, ApiError> {
    kept.remove(&key).await?;
    Ok(status::NO_CONTENT)
}
