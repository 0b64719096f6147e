//! Reminders and timers of actors: as over HTTP, and all reminders of a type. Data is bytes, which an actor is given as text in base64.
use super::Call;
use crate::blocks::actors::embedded::Embedded;
use crate::blocks::actors::reminders::{NOT_HOSTED, Named, Reminder, SetReminder, SetTimer, Timer, When};
use crate::blocks::grpc::proto;
use crate::blocks::jobs::grpc as jobs;
use crate::blocks::json::Json;
use crate::blocks::turn::Actor;
use crate::code::{Code, OpError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use tonic::Status;

/// What Dapr keeps a reminder's data in.
const BYTES: &str = "type.googleapis.com/google.protobuf.BytesValue";

fn named(kind: &str, id: &str, name: &str) -> Result<Named, Status> {
    Named::parse(kind, id, name).map_err(Status::invalid_argument)
}

fn hosted<T>(call: &Call<T>, kind: &str) -> Result<(), Status> {
    match call.context.registry.actor(kind) {
        Some(_) => Ok(()),
        None => Err(Status::permission_denied(NOT_HOSTED)),
    }
}

fn stored<T>(call: &Call<T>) -> Result<&Embedded, Status> {
    call.context.block.stored.as_ref().ok_or_else(|| Status::internal("reminders are the sidecar's"))
}

fn failed(words: &'static str) -> impl Fn(OpError) -> Status {
    move |e| match e.code {
        Code::ActorReminderAlreadyExists => Status::already_exists(e.message),
        _ => Status::internal(format!("{words}{}", e.message)),
    }
}

fn when(due_time: String, period: String, ttl: String) -> When {
    When { due_time: Some(due_time), period: Some(period), ttl: Some(ttl) }
}

fn given(data: &[u8]) -> Option<Json> {
    (!data.is_empty()).then(|| Json::of(&STANDARD.encode(data)))
}

fn any(data: Option<Json>) -> Option<prost_types::Any> {
    let json = data?.get().as_bytes().to_vec();
    Some(prost_types::Any { type_url: BYTES.to_owned(), value: json.encode_to_vec() })
}

pub async fn set(call: Call<proto::RegisterActorReminderRequest>) -> Result<(), Status> {
    let asked = call.message.clone();
    let of = named(&asked.actor_type, &asked.actor_id, &asked.name)?;
    hosted(&call, &of.actor.kind)?;
    let reminder = Reminder {
        when: when(asked.due_time, asked.period, asked.ttl),
        repeats: None,
        data: given(&asked.data),
        overwrite: asked.overwrite,
        failure_policy: asked.failure_policy.and_then(|policy| policy.policy).map(jobs::policy),
    };
    let set = call.context.block.reminders.set(&call.caller(), SetReminder { of, reminder }).await;
    set.map_err(failed("error creating actor reminder: "))
}

pub async fn get(call: Call<proto::GetActorReminderRequest>) -> Result<proto::GetActorReminderResponse, Status> {
    let of = named(&call.message.actor_type, &call.message.actor_id, &call.message.name)?;
    hosted(&call, &of.actor.kind)?;
    let found = call.context.block.reminders.get(&call.caller(), &of).await;
    let found = found.map_err(failed("error getting actor reminder: "))?;
    let Reminder { when: When { due_time, period, ttl }, data, .. } =
        found.ok_or_else(|| Status::not_found(format!("actor reminder not found: {}", of.name)))?;
    let Actor { kind: actor_type, id: actor_id } = of.actor;
    Ok(proto::GetActorReminderResponse { actor_type, actor_id, due_time, period, ttl, data: any(data) })
}

pub async fn delete(call: Call<proto::UnregisterActorReminderRequest>) -> Result<(), Status> {
    let of = named(&call.message.actor_type, &call.message.actor_id, &call.message.name)?;
    hosted(&call, &of.actor.kind)?;
    let deleted = call.context.block.reminders.delete(&call.caller(), &of).await;
    deleted.map_err(failed("error deleting actor reminder: "))
}

/// The id, if the request is for one actor.
fn of_one(kind: &str, id: Option<&String>) -> Result<Option<String>, Status> {
    let id = id.filter(|id| !id.is_empty());
    // A type alone is checked with any id.
    Actor::new(kind, id.map_or("any", String::as_str)).map_err(Status::invalid_argument)?;
    Ok(id.cloned())
}

pub async fn list(call: Call<proto::ListActorRemindersRequest>) -> Result<proto::ListActorRemindersResponse, Status> {
    let id = of_one(&call.message.actor_type, call.message.actor_id.as_ref())?;
    hosted(&call, &call.message.actor_type)?;
    let found = stored(&call)?.list(&call.message.actor_type, id.as_deref()).map_err(failed(""))?;
    let named = |(actor, name, reminder): (Actor, String, Reminder)| {
        let Reminder { when: When { due_time, period, ttl }, data, .. } = reminder;
        let Actor { kind: actor_type, id: actor_id } = actor;
        let reminder = proto::ActorReminder { actor_type, actor_id, due_time, period, ttl, data: any(data) };
        proto::NamedActorReminder { name, reminder: Some(reminder) }
    };
    Ok(proto::ListActorRemindersResponse { reminders: found.into_iter().map(named).collect() })
}

pub async fn delete_all(
    call: Call<proto::UnregisterActorRemindersByTypeRequest>,
) -> Result<proto::UnregisterActorRemindersByTypeResponse, Status> {
    let id = of_one(&call.message.actor_type, call.message.actor_id.as_ref())?;
    hosted(&call, &call.message.actor_type)?;
    let deleted = stored(&call)?.delete_all(&call.message.actor_type, id.as_deref()).await;
    deleted.map_err(failed("error deleting actor reminder: "))?;
    Ok(proto::UnregisterActorRemindersByTypeResponse {})
}

pub async fn set_timer(call: Call<proto::RegisterActorTimerRequest>) -> Result<(), Status> {
    let asked = call.message.clone();
    let of = named(&asked.actor_type, &asked.actor_id, &asked.name)?;
    if call.context.registry.actor(&of.actor.kind).is_none() {
        let why = format!("can't create timer for actor {}: actor type not registered", of.actor);
        return Err(Status::internal(format!("error creating actor timer: {why}")));
    }
    let when = when(asked.due_time, asked.period, asked.ttl);
    let timer = Timer { when, callback: asked.callback, data: given(&asked.data) };
    let set = call.context.block.timers.set(&call.caller(), SetTimer { of, timer }).await;
    set.map_err(failed("error creating actor timer: "))
}

pub async fn delete_timer(call: Call<proto::UnregisterActorTimerRequest>) -> Result<(), Status> {
    let of = named(&call.message.actor_type, &call.message.actor_id, &call.message.name)?;
    call.context.block.timers.delete(&call.caller(), &of).await.map_err(failed("error deleting actor timer: "))
}
