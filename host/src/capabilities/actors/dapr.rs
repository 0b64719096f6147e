//! Actors of the Dapr sidecar: its placement knows where each one lives, and its locks are their turns.
use super::{Actor, Actors, Write};
use crate::capabilities::{CallContext, from_dapr};
use crate::dapr::Sidecar;
use bytes::Bytes;
use daplet_abi::op::OpError;
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// The backend.
pub struct Dapr(pub Sidecar);

impl Actors for Dapr {
    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: Actor,
        method: &'a str,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, OpError>> {
        Box::pin(async move {
            let answer = self.0.call_actor(&actor.kind, &actor.id, method, data, cx.trace()).await;
            answer.map(|answer| answer.body).map_err(from_dapr)
        })
    }

    fn get<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: &'a Actor,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Bytes>, OpError>> {
        Box::pin(async move {
            let answer = self.0.actor_state(&actor.kind, &actor.id, key, cx.trace()).await.map_err(from_dapr)?;
            Ok((answer.status != 204).then_some(answer.body))
        })
    }

    fn save<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: &'a Actor,
        writes: Vec<Write>,
    ) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async move {
            let operation = |Write { key, value }| match value {
                Some(value) => json!({"operation": "upsert", "request": {"key": key, "value": value}}),
                None => json!({"operation": "delete", "request": {"key": key}}),
            };
            let operations = Value::Array(writes.into_iter().map(operation).collect()).to_string().into_bytes();
            self.0.save_actor_state(&actor.kind, &actor.id, operations, cx.trace()).await.map_err(from_dapr)
        })
    }
}
