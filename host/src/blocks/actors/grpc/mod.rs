//! Actors: methods and state, as over HTTP.
mod reminders;

use super::{Actor, ActorBlock, Get, Save, Write};
use crate::blocks::api;
use crate::blocks::grpc::{self, Methods, proto};
use crate::blocks::json::Json;
use crate::code::{Code, OpError};
use tonic::Status;

type Call<Q> = grpc::Call<ActorBlock, Q>;

/// Its methods.
pub fn methods(context: api::Context<ActorBlock>) -> Methods<ActorBlock> {
    Methods::new(context)
        .unary("InvokeActor", call)
        .unary("GetActorState", get)
        .unary("ExecuteActorStateTransaction", save)
        .unary("RegisterActorReminder", reminders::set)
        .unary("GetActorReminder", reminders::get)
        .unary("UnregisterActorReminder", reminders::delete)
        .unary("ListActorReminders", reminders::list)
        .unary("UnregisterActorRemindersByType", reminders::delete_all)
        .unary("RegisterActorTimer", reminders::set_timer)
        .unary("UnregisterActorTimer", reminders::delete_timer)
}

fn named<T>(call: &Call<T>, kind: &str, id: &str, hosted: bool) -> Result<Actor, Status> {
    let actor = Actor::new(kind, id).map_err(Status::invalid_argument)?;
    if hosted && call.context.registry.actor(kind).is_none() {
        return Err(Status::internal("actor instance is missing"));
    }
    Ok(actor)
}

fn failed(words: &'static str) -> impl Fn(OpError) -> Status {
    move |e| match e.code {
        Code::ActorNoAddress => Status::failed_precondition(e.message),
        _ => Status::internal(format!("{words}{}", e.message)),
    }
}

async fn call(call: Call<proto::InvokeActorRequest>) -> Result<proto::InvokeActorResponse, Status> {
    let actor = named(&call, &call.message.actor_type, &call.message.actor_id, false)?;
    let cx = call.caller();
    let proto::InvokeActorRequest { method, data, .. } = call.message;
    let asked = super::Call { actor, method, data: data.into() };
    let result = call.context.block.actors.call(&cx, asked).await;
    result.map(|data| proto::InvokeActorResponse { data: data.to_vec() }).map_err(failed(""))
}

async fn get(call: Call<proto::GetActorStateRequest>) -> Result<proto::GetActorStateResponse, Status> {
    let actor = named(&call, &call.message.actor_type, &call.message.actor_id, true)?;
    let get = Get { actor, key: call.message.key.clone() };
    let found = call.context.block.actors.get(&call.caller(), &get).await;
    let data = found.map_err(failed("error getting actor state: "))?.unwrap_or_default().to_vec();
    Ok(proto::GetActorStateResponse { data, ..Default::default() })
}

async fn save(call: Call<proto::ExecuteActorStateTransactionRequest>) -> Result<(), Status> {
    let actor = named(&call, &call.message.actor_type, &call.message.actor_id, true)?;
    let cx = call.caller();
    let write = |operation: proto::TransactionalActorStateOperation| match operation.operation_type.as_str() {
        "upsert" => {
            let value = Json::read(&operation.value.unwrap_or_default().value).unwrap_or_else(|| Json::of(&()));
            Ok(Write { key: operation.key, value: Some(value.into_raw()) })
        }
        "delete" => Ok(Write { key: operation.key, value: None }),
        other => Err(Status::invalid_argument(format!("operation type {other:?} is not upsert or delete"))),
    };
    let writes = call.message.operations.into_iter().map(write).collect::<Result<_, _>>()?;
    let saved = call.context.block.actors.save(&cx, Save { actor, writes }).await;
    saved.map_err(failed("error saving actor transaction state: "))
}
