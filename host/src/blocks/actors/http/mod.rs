//! `/v1.0/actors/{type}/{id}`: methods and state; [`super::reminders`] has the rest.
pub mod reminders;

use super::{Actor, Write};
use crate::blocks::http::Context;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::json::Json;
use crate::code::{Code, OpError};
use crate::http::status;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// An actor that can be: well named, of a type that a function exports.
pub fn hosted(context: &Context, kind: &str, id: &str) -> Result<Actor, DaprApiError> {
    let actor = Actor::new(kind, id).map_err(|message| DaprApiError::new(Code::DaprBadRequest, message))?;
    match context.registry.actor(kind) {
        Some(_) => Ok(actor),
        None => Err(DaprApiError::new(Code::ActorInstanceMissing, "actor instance is missing".to_owned())),
    }
}

/// 200 with what the method returned.
pub async fn call(
    State(context): State<Context>,
    Path((kind, id, method)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, DaprApiError> {
    let actor = Actor::new(&kind, &id).map_err(|message| DaprApiError::new(Code::DaprBadRequest, message))?;
    let failed = |e: OpError| {
        let status = if e.code == Code::ActorNoAddress { Code::ActorNoAddress } else { Code::ActorInvokeMethod };
        DaprApiError::new(e.code, e.message).with_status_of(&status).with_info("DAPR_ACTOR_INVOKE_METHOD", &e.details)
    };
    let result = context.actors.call(&context.caller(&headers), actor, &method, body).await.map_err(failed)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], result).into_response())
}

/// 200 with the value, or 204.
pub async fn get(
    State(context): State<Context>,
    Path((kind, id, key)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    let actor = hosted(&context, &kind, &id)?;
    let failed = |e: OpError| {
        let message = format!("error getting actor state: {}", e.message);
        DaprApiError::new(Code::ActorStateGet, message)
    };
    let found = context.actors.get(&context.caller(&headers), &actor, &key).await.map_err(failed)?;
    Ok(match found {
        Some(value) => ([(header::CONTENT_TYPE, "application/json")], value).into_response(),
        None => status::NO_CONTENT.into_response(),
    })
}

#[derive(Deserialize)]
struct Operation {
    operation: String,
    request: Request,
}

/// A key, and what it is set to, as it is written.
#[derive(Deserialize)]
struct Request {
    key: String,
    value: Option<Json>,
}

/// The writes of a transaction.
fn writes(body: &[u8]) -> Result<Vec<Write>, String> {
    let operations: Vec<Operation> = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let write = |Operation { operation, request: Request { key, value } }| match operation.as_str() {
        // An absent value and `null` are one to Dapr.
        "upsert" => Ok(Write { key, value: Some(value.unwrap_or_else(|| Json::of(&())).into_raw()) }),
        "delete" => Ok(Write { key, value: None }),
        other => Err(format!("the operation {other:?} is neither upsert nor delete")),
    };
    operations.into_iter().map(write).collect()
}

/// 204.
pub async fn save(
    State(context): State<Context>,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    let writes = writes(&body)
        .map_err(|e| DaprApiError::new(Code::MalformedRequest, format!("failed deserializing HTTP body: {e}")))?;
    let actor = hosted(&context, &kind, &id)?;
    let failed = |e: OpError| {
        let message = format!("error saving actor transaction state: {}", e.message);
        DaprApiError::new(Code::ActorStateTransactionSave, message)
    };
    context.actors.save(&context.caller(&headers), &actor, writes).await.map_err(failed)?;
    Ok(status::NO_CONTENT)
}
