//! Actors of the Dapr sidecar: its placement knows where each one lives, its locks are their turns, it calls when a timer or, by its
//! scheduler service, a reminder is due.
use super::reminders::{Named, Reminder, Reminders, SetReminder, SetTimer, Timers};
use super::{Actors, Call, Get, Save, Write};
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
    async fn call(&self, cx: &CallContext, Call { actor, method, data }: Call) -> Result<Bytes, OpError> {
        let answer = self.0.call_actor(&actor.kind, &actor.id, &method, data, cx.trace()).await;
        answer.map(|answer| answer.body).map_err(from_dapr)
    }

    async fn get(&self, cx: &CallContext, Get { actor, key }: &Get) -> Result<Option<Bytes>, OpError> {
        let answer = self.0.actor_state(&actor.kind, &actor.id, key, cx.trace()).await.map_err(from_dapr)?;
        Ok((answer.status != 204).then_some(answer.body))
    }

    async fn save(&self, cx: &CallContext, Save { actor, writes }: Save) -> Result<(), OpError> {
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

/// The parts of its path.
fn path(of: &Named) -> (&str, &str, &str) {
    (&of.actor.kind, &of.actor.id, &of.name)
}

/// A conflict is not about an ETag here, as it is with other calls.
fn refused(e: DaprError) -> OpError {
    match e {
        DaprError::Refused { code, message, .. } if !code.is_empty() => error(Code::from(code.as_str()), message),
        other => from_dapr(other),
    }
}

#[async_trait]
impl Reminders for Dapr {
    async fn set(&self, cx: &CallContext, SetReminder { of, reminder }: SetReminder) -> Result<(), OpError> {
        self.0.set_reminder(path(&of), body(&reminder)?, cx.trace()).await.map_err(refused)
    }

    async fn get(&self, cx: &CallContext, of: &Named) -> Result<Option<Reminder>, OpError> {
        match self.0.reminder(path(of), cx.trace()).await {
            Err(DaprError::Refused { status: 404, .. }) => Ok(None),
            Err(other) => Err(refused(other)),
            Ok(answer) => serde_json::from_slice(&answer.body)
                .map(Some)
                .map_err(|e| error(Code::OperationFailed, format!("the sidecar's reminder: {e}"))),
        }
    }

    async fn delete(&self, cx: &CallContext, of: &Named) -> Result<(), OpError> {
        self.0.delete_reminder(path(of), cx.trace()).await.map_err(refused)
    }
}

#[async_trait]
impl Timers for Dapr {
    async fn set(&self, cx: &CallContext, SetTimer { of, timer }: SetTimer) -> Result<(), OpError> {
        self.0.set_timer(path(&of), body(&timer)?, cx.trace()).await.map_err(refused)
    }

    async fn delete(&self, cx: &CallContext, of: &Named) -> Result<(), OpError> {
        self.0.delete_timer(path(of), cx.trace()).await.map_err(refused)
    }
}
