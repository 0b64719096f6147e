//! Actors of the embedded default: turns of one actor one after the other, in the order of their calls; state under Dapr's keys.
use super::{Turns, turn};
use crate::api::ApiError;
use crate::capabilities::actors::{Actor, Actors, FAILED, NO_ADDRESS, Write};
use crate::capabilities::state::StateStore;
use crate::capabilities::{CallContext, error};
use crate::functions::Registry;
use crate::invoke::Invoker;
use crate::store::{Change, state::Put};
use bytes::Bytes;
use daplet_abi::op::{OpError, codes};
use futures::future::BoxFuture;
use std::sync::Arc;

/// The backend.
#[derive(Clone)]
pub struct Embedded {
    /// Where state is kept.
    pub state: Arc<dyn StateStore>,
    /// In which store; none: none is for actors.
    pub store: Option<String>,
    /// Who exports a type.
    pub registry: Arc<Registry>,
    /// What runs turns.
    pub invoker: Invoker,
    /// Actors that are called now.
    pub turns: Turns,
    /// Callers are not told what a method threw.
    pub production: bool,
}

/// A failure in the words of a sidecar.
fn failed(line: &str) -> OpError {
    error(FAILED, format!("error invoke actor method: error from actor service: {line}"))
}

fn key(actor: &Actor, key: &str) -> String {
    format!("{}||{}||{key}", actor.kind, actor.id)
}

impl Embedded {
    fn store(&self) -> Result<&str, OpError> {
        const NONE: &str = "the state store is not configured to use the actor runtime. Have you set the property \
                            '{\"name\": \"actorStateStore\", \"value\": \"true\"}' in your state store component file?";
        self.store.as_deref().ok_or_else(|| error("ERR_ACTOR_STATE_STORE_NOT_CONFIGURED", NONE))
    }

    async fn take_turn(self, cx: CallContext, actor: Actor, method: String, data: Bytes) -> Result<Bytes, OpError> {
        let place = self.turns.take(&actor).await.map_err(|full| error(codes::UNAVAILABLE, full))?;
        // Looked for now: what was replaced while this waited is not run.
        let Some(function) = self.registry.actor(&actor.kind) else {
            return Err(error(
                NO_ADDRESS,
                format!("did not find address for actor '{}': no function exports this type", actor.kind),
            ));
        };
        let reply = turn(&self.invoker, &function, (actor, &method, place), &data, &cx).await;
        let reply = reply.map_err(|e| failed(&ApiError::of_invocation(&e, self.production).line()))?;
        match reply.status {
            200 | 204 => Ok(reply.body),
            404 => Err(error(FAILED, format!("error invoke actor method: actor method not found: {method}"))),
            status => Err(failed(&format!("({status}) {}", String::from_utf8_lossy(&reply.body)))),
        }
    }
}

impl Actors for Embedded {
    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: Actor,
        method: &'a str,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, OpError>> {
        // A caller that goes away leaves the turn to its end: the next one must not begin before.
        let taken = tokio::spawn(self.clone().take_turn(cx.clone(), actor, method.to_owned(), data));
        Box::pin(async move { taken.await.map_err(|e| error(codes::INTERNAL, e.to_string()))? })
    }

    fn get<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: &'a Actor,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Bytes>, OpError>> {
        Box::pin(async move {
            let found = self.state.get(cx, self.store()?, &key(actor, name)).await?;
            Ok(found.map(|item| Bytes::from(item.value)))
        })
    }

    fn save<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: &'a Actor,
        writes: Vec<Write>,
    ) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async move {
            let change = |write: Write| Change {
                key: key(actor, &write.key),
                put: write.value.map(|value| Put { value: value.get().as_bytes().to_vec(), ttl_seconds: None }),
                etag: None,
                first_write: false,
            };
            self.state.transact(cx, self.store()?, writes.into_iter().map(change).collect()).await
        })
    }
}
