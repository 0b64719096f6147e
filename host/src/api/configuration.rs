//! `/configuration`: the operator writes what functions read. Only for the embedded default; a sidecar's store has tools of its own.
use super::ApiError;
use super::body::read;
use crate::store::{Configuration, Configured};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

/// Longest key, bytes.
const MAX_KEY_BYTES: usize = 1_024;

/// What the handlers need.
#[derive(Clone)]
pub struct Context {
    /// Where the items are.
    pub items: Configuration,
    /// Largest value, bytes.
    pub max_body_bytes: usize,
    /// A caller that comes through a Dapr sidecar is any other application.
    pub refuse_invoked: bool,
}

/// The routes.
pub fn routes(context: Context) -> Router {
    Router::new()
        .route("/configuration", get(list).fallback(not_allowed))
        .route("/configuration/{*key}", get(show).put(put).delete(remove).fallback(not_allowed))
        .layer(from_fn_with_state(context.clone(), refuse_invoked))
        .with_state(context)
}

/// Reading is refused too: items may be for this host's functions alone.
async fn refuse_invoked(State(context): State<Context>, request: Request, next: Next) -> Result<Response, ApiError> {
    if context.refuse_invoked && request.headers().contains_key("dapr-caller-app-id") {
        let detail = "configuration is not managed through service invocation; use the address of --listen";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    Ok(next.run(request).await)
}

async fn not_allowed(method: Method) -> ApiError {
    let detail = format!("{method} is not supported here; GET reads items, PUT sets one, DELETE removes one");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed", detail)
        .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, PUT, DELETE"))
}

fn described(item: &Configured) -> Value {
    json!({"value": item.value, "version": item.version.to_string(), "metadata": {}})
}

async fn list(State(context): State<Context>) -> Result<Response, ApiError> {
    let items = context.items.get(&[])?;
    let items: serde_json::Map<String, Value> =
        items.iter().map(|(key, item)| (key.clone(), described(item))).collect();
    Ok(axum::Json(json!({ "items": items })).into_response())
}

async fn show(State(context): State<Context>, Path(key): Path<String>) -> Result<Response, ApiError> {
    match context.items.get(std::slice::from_ref(&key))?.get(&key) {
        Some(item) => Ok(axum::Json(described(item)).into_response()),
        None => {
            let detail =
                format!("there is no configuration item {key:?}; GET /configuration lists those that there are");
            Err(ApiError::new(StatusCode::NOT_FOUND, "notFound", detail))
        }
    }
}

async fn put(State(context): State<Context>, Path(key): Path<String>, body: Body) -> Result<Response, ApiError> {
    if key.len() > MAX_KEY_BYTES {
        let detail = format!("the key has {} bytes; it may have {MAX_KEY_BYTES}", key.len());
        return Err(ApiError::bad_request(detail));
    }
    let body = read(body, context.max_body_bytes, "the value", "max_body_bytes").await?;
    let value = String::from_utf8(body.to_vec())
        .map_err(|e| ApiError::bad_request(format!("the value of {key:?} is no UTF-8 text: {e}")))?;
    let (item, created) = context.items.put(&key, value).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(described(&item))).into_response())
}

/// 204 also where there was none.
async fn remove(State(context): State<Context>, Path(key): Path<String>) -> Result<StatusCode, ApiError> {
    context.items.remove(&key).await?;
    Ok(StatusCode::NO_CONTENT)
}
