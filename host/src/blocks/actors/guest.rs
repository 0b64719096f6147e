//! The verbs of functions: `actors.call` any; `get` and `save` the state of the actor whose turn it is; `setReminder`, `getReminder`,
//! `deleteReminder`, `setTimer`, `deleteTimer` of the same.
use super::reminders::{Named, Reminder, SetReminder, SetTimer, Timer};
use super::{Actor, ActorBlock, Call, Get, Save};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, error};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use crate::store::now_ms;
use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// The capability.
pub struct ActorsCapability(pub ActorBlock);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Called {
    actor_type: String,
    actor_id: String,
    method: String,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

#[derive(Deserialize)]
struct Nothing {}

fn turn<'a>(cx: &'a CallContext, operation: &Operation<'_>) -> Result<&'a Actor, OpError> {
    let none = || operation.invalid("only within a turn of an actor");
    cx.turn.as_ref().map(|turn| &turn.actor).ok_or_else(none)
}

#[async_trait]
impl Capability for ActorsCapability {
    fn name(&self) -> &'static str {
        "actors"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        match operation.verb() {
            "call" => self.invoke(cx, operation).await,
            "get" => {
                let Key { key } = operation.arguments()?;
                let get = Get { actor: turn(cx, &operation)?.clone(), key };
                let found = self.0.actors.get(cx, &get).await?;
                Ok((json!({"found": found.is_some()}), found.unwrap_or_default()))
            }
            "save" => {
                let writes = serde_json::from_slice(&operation.body).map_err(|e| operation.invalid(e))?;
                let save = Save { actor: turn(cx, &operation)?.clone(), writes };
                let (actors, cx) = (Arc::clone(&self.0.actors), cx.clone());
                // A turn that is cut off meanwhile is held until this has an end: the next one must not read before.
                let saved = tokio::spawn(async move { actors.save(&cx, save).await });
                saved.await.map_err(|e| error(Code::OperationFailed, e.to_string()))??;
                Ok((json!({}), Bytes::new()))
            }
            "setReminder" | "getReminder" | "deleteReminder" => {
                self.reminder(cx, turn(cx, &operation)?, &operation).await
            }
            "setTimer" | "deleteTimer" => self.timer(cx, turn(cx, &operation)?, &operation).await,
            _ => Err(operation.unknown()),
        }
    }
}

impl ActorsCapability {
    async fn invoke(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        let Called { actor_type: kind, actor_id, method } = operation.arguments()?;
        let actor = Actor::new(&kind, &actor_id).map_err(|message| operation.invalid(message))?;
        let call = Call { actor, method, data: operation.body };
        call.check()?;
        grants::require(&cx.function, "actors", cx.grants.actors.as_ref(), &kind)?;
        if cx.turn.as_ref().is_some_and(|turn| turn.has(&call.actor)) {
            let message = format!("{} is within its turn, which waits for this call: it would never come", call.actor);
            return Err(error(Code::ActorReentrant, message));
        }
        cx.check_depth()?;
        Ok((json!({}), self.0.actors.call(cx, call).await?))
    }

    async fn reminder(&self, cx: &CallContext, actor: &Actor, operation: &Operation<'_>) -> OpResult {
        let reminders = &self.0.reminders;
        let head = match operation.verb() {
            "setReminder" => {
                let (of, reminder) = named::<Reminder>(actor, operation)?;
                let refused = |message: String| operation.invalid(message);
                let when = reminder.when.normal(reminder.repeats).map_err(refused)?;
                let reminder = Reminder { when, repeats: None, overwrite: None, ..reminder };
                reminder.clone().job().and_then(|job| job.plan(now_ms())).map_err(refused)?;
                reminders.set(cx, SetReminder { of, reminder }).await?;
                json!({})
            }
            "getReminder" => {
                let (of, Nothing {}) = named(actor, operation)?;
                json!({ "reminder": reminders.get(cx, &of).await? })
            }
            _ => {
                let (of, Nothing {}) = named(actor, operation)?;
                reminders.delete(cx, &of).await?;
                json!({})
            }
        };
        Ok((head, Bytes::new()))
    }

    async fn timer(&self, cx: &CallContext, actor: &Actor, operation: &Operation<'_>) -> OpResult {
        if operation.verb() == "setTimer" {
            let refused = |message: String| operation.invalid(message);
            let repeats = operation.args.get("repeats").map(Option::<u32>::deserialize).transpose();
            let repeats = repeats.map_err(|e| operation.invalid(format!("repeats: {e}")))?.flatten();
            let (of, timer) = named::<Timer>(actor, operation)?;
            let timer = Timer { when: timer.when.normal(repeats).map_err(refused)?, ..timer };
            timer.ticks(now_ms()).map_err(refused)?;
            self.0.timers.set(cx, SetTimer { of, timer }).await?;
        } else {
            let (of, Nothing {}) = named(actor, operation)?;
            self.0.timers.delete(cx, &of).await?;
        }
        Ok((json!({}), Bytes::new()))
    }
}

/// The reminder or timer that an operation names, and its other arguments.
fn named<T: DeserializeOwned>(actor: &Actor, operation: &Operation<'_>) -> Result<(Named, T), OpError> {
    let Some(Value::String(name)) = operation.args.get("name") else {
        return Err(operation.invalid("name must be a text"));
    };
    let of = Named::new(actor, name).map_err(|message| operation.invalid(message))?;
    Ok((of, operation.arguments()?))
}
