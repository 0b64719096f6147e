//! Actors of the Dapr sidecar: its placement knows where each one lives, its locks are their turns, it calls when a timer or, by its
//! scheduler service, a reminder is due.
use super::reminders::{Reminder, Reminders, Timer, Timers};
use super::{Actor, Actors, Write};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::code::{Code, OpError};
use crate::dapr::{DaprError, Sidecar};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

/// The backend of all three.
pub struct Dapr(pub Sidecar);

#[async_trait]
impl Actors for Dapr {
    async fn call(&self, cx: &CallContext, actor: Actor, method: &str, data: Bytes) -> Result<Bytes, OpError> {
        let answer = self.0.call_actor(&actor.kind, &actor.id, method, data, cx.trace()).await;
        answer.map(|answer| answer.body).map_err(from_dapr)
    }

    async fn get(&self, cx: &CallContext, actor: &Actor, key: &str) -> Result<Option<Bytes>, OpError> {
        let answer = self.0.actor_state(&actor.kind, &actor.id, key, cx.trace()).await.map_err(from_dapr)?;
        Ok((answer.status != 204).then_some(answer.body))
    }

    async fn save(&self, cx: &CallContext, actor: &Actor, writes: Vec<Write>) -> Result<(), OpError> {
        let operation = |Write { key, value }| Operation {
            operation: if value.is_some() { "upsert" } else { "delete" },
            request: Request { key, value },
        };
        let operations: Vec<Operation> = writes.into_iter().map(operation).collect();
        let operations = serde_json::to_vec(&operations).map_err(|e| error(Code::OperationFailed, e.to_string()))?;
        self.0.save_actor_state(&actor.kind, &actor.id, operations, cx.trace()).await.map_err(from_dapr)
    }
}

/// One write, as Dapr's HTTP API takes it.
#[derive(Serialize)]
struct Operation {
    operation: &'static str,
    request: Request,
}

#[derive(Serialize)]
struct Request {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
}

/// A reminder or a timer as its JSON.
fn body(what: &impl Serialize) -> Result<Vec<u8>, OpError> {
    serde_json::to_vec(what).map_err(|e| error(Code::OperationFailed, e.to_string()))
}

/// Conflicts of other calls are ETags'.
fn refused(e: DaprError) -> OpError {
    match e {
        DaprError::Refused { code, message, .. } if !code.is_empty() => error(Code::from(code.as_str()), message),
        other => from_dapr(other),
    }
}

#[async_trait]
impl Reminders for Dapr {
    async fn set(&self, cx: &CallContext, actor: &Actor, name: &str, reminder: Reminder) -> Result<(), OpError> {
        let body = body(&reminder)?;
        let at = (actor.kind.as_str(), actor.id.as_str(), name);
        self.0.set_reminder(at, body, cx.trace()).await.map_err(refused)
    }

    async fn get(&self, cx: &CallContext, actor: &Actor, name: &str) -> Result<Option<Reminder>, OpError> {
        match self.0.reminder((&actor.kind, &actor.id, name), cx.trace()).await {
            Err(DaprError::Refused { status: 404, .. }) => Ok(None),
            Err(other) => Err(refused(other)),
            Ok(answer) => serde_json::from_slice(&answer.body)
                .map(Some)
                .map_err(|e| error(Code::OperationFailed, format!("the sidecar's reminder: {e}"))),
        }
    }

    async fn delete(&self, cx: &CallContext, actor: &Actor, name: &str) -> Result<(), OpError> {
        self.0.delete_reminder((&actor.kind, &actor.id, name), cx.trace()).await.map_err(refused)
    }
}

#[async_trait]
impl Timers for Dapr {
    async fn set(&self, cx: &CallContext, actor: &Actor, name: &str, timer: Timer) -> Result<(), OpError> {
        let body = body(&timer)?;
        self.0.set_timer((&actor.kind, &actor.id, name), body, cx.trace()).await.map_err(refused)
    }

    async fn delete(&self, cx: &CallContext, actor: &Actor, name: &str) -> Result<(), OpError> {
        self.0.delete_timer((&actor.kind, &actor.id, name), cx.trace()).await.map_err(refused)
    }
}
