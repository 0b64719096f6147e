//! `/v1.0/actors/{type}/{id}/reminders/{name}` and `/timers/{name}`.
use super::Context;
use crate::blocks::actors::reminders::{NOT_HOSTED, Reminder, Timer, check};
use crate::blocks::http::error::{DaprApiError, parsed};
use crate::blocks::http::fields;
use crate::blocks::turn::Actor;
use crate::code::{Code, OpError};
use crate::http::status;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;

/// Type, id and name.
type At = Path<(String, String, String)>;

fn bad(message: String) -> DaprApiError {
    DaprApiError::new(Code::DaprBadRequest, message)
}

fn actor(kind: &str, id: &str, name: &str) -> Result<Actor, DaprApiError> {
    check(name).map_err(bad)?;
    Actor::new(kind, id).map_err(bad)
}

/// An actor whose reminders are known: those of a type that nobody exports are only kept.
fn hosted(context: &Context, kind: &str, id: &str, name: &str) -> Result<Actor, DaprApiError> {
    let actor = actor(kind, id, name)?;
    match context.registry.actor(kind) {
        Some(_) => Ok(actor),
        None => Err(DaprApiError::new(Code::ActorReminderNonHosted, NOT_HOSTED)),
    }
}

fn failed(code: Code, words: &'static str) -> impl Fn(OpError) -> DaprApiError {
    move |e| match e.code {
        Code::QuotaExceeded | Code::ActorReminderAlreadyExists => DaprApiError::new(e.code, e.message),
        _ => DaprApiError::new(code.clone(), format!("{words}: {}", e.message)),
    }
}

/// 204.
pub async fn set(
    State(context): State<Context>,
    Path((kind, id, name)): At,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    // `repeats` stands in the period.
    let reminder = Reminder { repeats: None, ..parsed(&body)? };
    let actor = hosted(&context, &kind, &id, &name)?;
    let failed = failed(Code::ActorReminderCreate, "error creating actor reminder");
    context.block.reminders.set(&context.caller(fields(&headers)), &actor, &name, reminder).await.map_err(failed)?;
    Ok(status::NO_CONTENT)
}

/// A reminder, and whose it is.
#[derive(Serialize)]
pub struct Told {
    #[serde(flatten)]
    reminder: Reminder,
    #[serde(rename = "actorID")]
    actor_id: String,
    #[serde(rename = "actorType")]
    actor_type: String,
}

/// 200 with the reminder, or 404.
pub async fn get(
    State(context): State<Context>,
    Path((kind, id, name)): At,
    headers: HeaderMap,
) -> Result<Json<Told>, DaprApiError> {
    let actor = hosted(&context, &kind, &id, &name)?;
    let failed = failed(Code::ActorReminderGet, "error getting actor reminder");
    let found = context.block.reminders.get(&context.caller(fields(&headers)), &actor, &name).await.map_err(failed)?;
    let reminder = found.ok_or_else(|| {
        let message = format!("actor reminder not found: {name}");
        DaprApiError::new(Code::ActorReminderNotFound, message)
    })?;
    Ok(Json(Told { reminder, actor_id: actor.id, actor_type: actor.kind }))
}

/// 204, whether there was one or not.
pub async fn delete(
    State(context): State<Context>,
    Path((kind, id, name)): At,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    let actor = hosted(&context, &kind, &id, &name)?;
    let failed = failed(Code::ActorReminderDelete, "error deleting actor reminder");
    context.block.reminders.delete(&context.caller(fields(&headers)), &actor, &name).await.map_err(failed)?;
    Ok(status::NO_CONTENT)
}

/// 204.
pub async fn set_timer(
    State(context): State<Context>,
    Path((kind, id, name)): At,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    let timer: Timer = parsed(&body)?;
    let actor = actor(&kind, &id, &name)?;
    let failed = |why: &str| {
        let message = format!("error creating actor timer: {why}");
        DaprApiError::new(Code::ActorTimerCreate, message)
    };
    if context.registry.actor(&kind).is_none() {
        return Err(failed(&format!("can't create timer for actor {actor}: actor type not registered")));
    }
    let set = context.block.timers.set(&context.caller(fields(&headers)), &actor, &name, timer).await;
    set.map(|()| status::NO_CONTENT).map_err(|e| failed(&e.message))
}

/// 204, whether there was one or not.
pub async fn delete_timer(
    State(context): State<Context>,
    Path((kind, id, name)): At,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    let actor = actor(&kind, &id, &name)?;
    let failed = failed(Code::DaprInternal, "error deleting actor timer");
    context.block.timers.delete(&context.caller(fields(&headers)), &actor, &name).await.map_err(failed)?;
    Ok(status::NO_CONTENT)
}
