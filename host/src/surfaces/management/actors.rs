//! `/actors`: which function owns the actors of each type, and their transfer to another function.
//!
//! Part of the management API: its routes are merged into those of `/functions`, with the same guards.
use super::context::Context;
use crate::blocks::actors::Actor;
use crate::code::Code;
use crate::functions::FunctionName;
use crate::http::ApiError;
use crate::http::status;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

/// Largest body, bytes: it holds a name.
const MAX_BODY: usize = 4 << 10;

/// The routes.
pub fn routes() -> Router<Context> {
    // A sidecar ends an actor by `DELETE /actors/{type}/{id}`, and its id may be `owner`.
    let owner = get(show).post(hand_over).delete(|| async { status::OK }).fallback(not_allowed);
    Router::new().route("/actors", get(list).fallback(not_allowed)).route("/actors/{type}/owner", owner)
}

async fn not_allowed(method: Method) -> ApiError {
    let detail = format!("{method} is not supported here; GET shows owners, POST /actors/{{type}}/owner sets one");
    ApiError::new(Code::MethodNotAllowed, detail)
        .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"))
}

fn describe(context: &Context, kind: &str, owner: &FunctionName) -> Value {
    let exported = context.registry.actor(kind).is_some();
    json!({"type": kind, "function": owner.as_str(), "exported": exported})
}

async fn list(State(context): State<Context>) -> Result<Json<Value>, ApiError> {
    context.registry.refresh().await?;
    let owners = context.registry.owners();
    let owners: Vec<Value> = owners.iter().map(|(kind, owner)| describe(&context, kind, owner)).collect();
    Ok(Json(json!({ "actors": owners })))
}

async fn show(State(context): State<Context>, Path(kind): Path<String>) -> Result<Json<Value>, ApiError> {
    context.registry.refresh().await?;
    match context.registry.owners().get(&kind) {
        Some(owner) => Ok(Json(describe(&context, &kind, owner))),
        None => {
            let detail = format!("no function has exported the actor type {kind:?}");
            Err(ApiError::new(Code::NotFound, detail))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOwner {
    function: String,
}

/// Hands the actors of a type over. The function may come later.
async fn hand_over(
    State(context): State<Context>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        let detail = format!("the media type is {media_type:?}, but must be application/json");
        return Err(ApiError::new(Code::UnsupportedMediaType, detail));
    }
    // Any id: only the type matters.
    Actor::new(&kind, "any").map_err(ApiError::bad_request)?;
    let body = to_bytes(body, MAX_BODY).await;
    let body = body.map_err(|_| ApiError::bad_request(format!("the owner's JSON has more than {MAX_BODY} bytes")))?;
    let NewOwner { function } =
        serde_json::from_slice(&body).map_err(|e| ApiError::bad_request(format!("the owner's JSON: {e}")))?;
    let name = FunctionName::new(&function).map_err(|e| ApiError::bad_request(e.to_string()))?;
    context.registry.hand_over(&kind, name.clone()).await?;
    tracing::info!(function = name.as_str(), "the actors of type {kind} were handed to this function");
    Ok(Json(describe(&context, &kind, &name)).into_response())
}
