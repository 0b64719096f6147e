//! `/v1.0/actors/{type}/{id}`: methods and state; [`super::reminders`] has the rest.
mod reminders;

use super::{Actor, ActorBlock, Call, Get, Save, Write};
use crate::blocks::api;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::{fields, served};
use crate::blocks::json::Json;
use crate::code::{Code, OpError};
use crate::http::status;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get as getting, post};
use serde::Deserialize;

type Context = api::Context<ActorBlock>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes = Router::new()
        .route("/v1.0/actors/{type}/{id}/method/{method}", any(call))
        .route("/v1.0/actors/{type}/{id}/state", post(save).put(save))
        .route("/v1.0/actors/{type}/{id}/state/{*key}", getting(get))
        .route(
            "/v1.0/actors/{type}/{id}/reminders/{name}",
            post(reminders::set).put(reminders::set).get(reminders::get).delete(reminders::delete),
        )
        .route(
            "/v1.0/actors/{type}/{id}/timers/{name}",
            post(reminders::set_timer).put(reminders::set_timer).delete(reminders::delete_timer),
        );
    served(routes, context, |shared, kind| shared.registry.actor(kind).is_none())
}

/// An actor that can be: well named, of a type that a function exports.
fn hosted(context: &Context, kind: &str, id: &str) -> Result<Actor, DaprApiError> {
    let actor = Actor::new(kind, id).map_err(|message| DaprApiError::new(Code::DaprBadRequest, message))?;
    match context.registry.actor(kind) {
        Some(_) => Ok(actor),
        None => Err(DaprApiError::new(Code::ActorInstanceMissing, "actor instance is missing".to_owned())),
    }
}

/// 200 with what the method returned.
async fn call(
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
    let call = Call { actor, method, data: body };
    let result = context.block.actors.call(&context.caller(fields(&headers)), call).await.map_err(failed)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], result).into_response())
}

/// 200 with the value, or 204.
async fn get(
    State(context): State<Context>,
    Path((kind, id, key)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    let actor = hosted(&context, &kind, &id)?;
    let failed = |e: OpError| {
        let message = format!("error getting actor state: {}", e.message);
        DaprApiError::new(Code::ActorStateGet, message)
    };
    let get = Get { actor, key };
    let found = context.block.actors.get(&context.caller(fields(&headers)), &get).await.map_err(failed)?;
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
async fn save(
    State(context): State<Context>,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    let writes = writes(&body).map_err(DaprApiError::unreadable)?;
    let actor = hosted(&context, &kind, &id)?;
    let failed = |e: OpError| {
        let message = format!("error saving actor transaction state: {}", e.message);
        DaprApiError::new(Code::ActorStateTransactionSave, message)
    };
    let save = Save { actor, writes };
    context.block.actors.save(&context.caller(fields(&headers)), save).await.map_err(failed)?;
    Ok(status::NO_CONTENT)
}
