//! `/v1.0/actors/{type}/{id}/reminders/{name}` and `/timers/{name}`.
use super::Context;
use crate::blocks::actors::reminders::{NOT_HOSTED, Named, Reminder, SetReminder, SetTimer, Timer};
use crate::blocks::http::error::{DaprApiError, parsed};
use crate::blocks::http::fields;
use crate::code::{Code, OpError};
use crate::http::status;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;

/// Type, id and name.
type At = Path<(String, String, String)>;

fn named(Path((kind, id, name)): &At) -> Result<Named, DaprApiError> {
    Named::parse(kind, id, name).map_err(|message| DaprApiError::new(Code::DaprBadRequest, message))
}

/// A reminder of a type that a function exports; reminders of other types are stored, but cannot be used.
fn hosted(context: &Context, at: &At) -> Result<Named, DaprApiError> {
    let of = named(at)?;
    match context.registry.actor(&of.actor.kind) {
        Some(_) => Ok(of),
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
    at: At,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    // `repeats` stands in the period.
    let reminder = Reminder { repeats: None, ..parsed(&body)? };
    let of = hosted(&context, &at)?;
    let failed = failed(Code::ActorReminderCreate, "error creating actor reminder");
    let set = SetReminder { of, reminder };
    context.block.reminders.set(&context.caller(fields(&headers)), set).await.map_err(failed)?;
    Ok(status::NO_CONTENT)
}

/// A reminder with its actor.
#[derive(Serialize)]
pub struct Owned {
    #[serde(flatten)]
    reminder: Reminder,
    #[serde(rename = "actorID")]
    actor_id: String,
    #[serde(rename = "actorType")]
    actor_type: String,
}

/// 200 with the reminder, or 404.
pub async fn get(State(context): State<Context>, at: At, headers: HeaderMap) -> Result<Json<Owned>, DaprApiError> {
    let of = hosted(&context, &at)?;
    let failed = failed(Code::ActorReminderGet, "error getting actor reminder");
    let found = context.block.reminders.get(&context.caller(fields(&headers)), &of).await.map_err(failed)?;
    let reminder = found.ok_or_else(|| {
        let message = format!("actor reminder not found: {}", of.name);
        DaprApiError::new(Code::ActorReminderNotFound, message)
    })?;
    Ok(Json(Owned { reminder, actor_id: of.actor.id, actor_type: of.actor.kind }))
}

/// 204, whether there was one or not.
pub async fn delete(State(context): State<Context>, at: At, headers: HeaderMap) -> Result<StatusCode, DaprApiError> {
    let of = hosted(&context, &at)?;
    let failed = failed(Code::ActorReminderDelete, "error deleting actor reminder");
    context.block.reminders.delete(&context.caller(fields(&headers)), &of).await.map_err(failed)?;
    Ok(status::NO_CONTENT)
}

/// 204.
pub async fn set_timer(
    State(context): State<Context>,
    at: At,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    let timer: Timer = parsed(&body)?;
    let of = named(&at)?;
    let failed = |why: &str| {
        let message = format!("error creating actor timer: {why}");
        DaprApiError::new(Code::ActorTimerCreate, message)
    };
    if context.registry.actor(&of.actor.kind).is_none() {
        return Err(failed(&format!("can't create timer for actor {}: actor type not registered", of.actor)));
    }
    let set = context.block.timers.set(&context.caller(fields(&headers)), SetTimer { of, timer }).await;
    set.map(|()| status::NO_CONTENT).map_err(|e| failed(&e.message))
}

/// 204, whether there was one or not.
pub async fn delete_timer(
    State(context): State<Context>,
    at: At,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    let of = named(&at)?;
    let failed = failed(Code::DaprInternal, "error deleting actor timer");
    context.block.timers.delete(&context.caller(fields(&headers)), &of).await.map_err(failed)?;
    Ok(status::NO_CONTENT)
}
