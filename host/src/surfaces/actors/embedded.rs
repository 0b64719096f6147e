//! Actors of the embedded default: turns of one actor one after the other, in the order of their calls; state under Dapr's keys.
use super::{Turns, turn};
use crate::allowance::Allowance;
use crate::blocks::actors::{self, Actor, Actors, Call, Save, Write};
use crate::blocks::call::{CallContext, error};
use crate::blocks::state::{Get, StateStore, Transact};
use crate::code::{Code, OpError};
use crate::functions::Registry;
use crate::http::ApiError;
use crate::invoke::Calls;
use crate::origin::Origin;
use crate::store::{Change, state::Put};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The backend of calls and state.
#[derive(Clone)]
pub struct Embedded {
    /// Stores the state.
    pub state: Arc<dyn StateStore>,
    /// The name of the store; `None` if no store is for actors.
    pub store: Option<String>,
    /// The functions that export actor types.
    pub registry: Arc<Registry>,
    /// Runs the turns.
    pub calls: Calls,
    /// The queues of actors that are being called.
    pub turns: Turns,
    /// Whether callers do not see what a method threw.
    pub production: bool,
}

/// Why a turn failed.
pub enum TurnError {
    /// Too many calls wait for the actor; the message.
    Full(String),
    /// The server is too busy; the message of a sidecar.
    Shed(String),
    /// No function exports the type.
    NoAddress,
    /// The method failed: the message of a sidecar, and the details that a caller may see.
    Failed(String, Value),
}

impl Embedded {
    fn store(&self) -> Result<&str, OpError> {
        const NONE: &str = "the state store is not configured to use the actor runtime. Have you set the property \
                            '{\"name\": \"actorStateStore\", \"value\": \"true\"}' in your state store component file?";
        self.store.as_deref().ok_or_else(|| error(Code::ActorStateStoreNotConfigured, NONE))
    }

    async fn take_turn(self, cx: CallContext, Call { actor, method, data }: Call) -> Result<Bytes, TurnError> {
        let place = self.turns.take(&actor).await.map_err(TurnError::Full)?;
        // Looked up now: the function may have been replaced while this waited.
        let Some(function) = self.registry.actor(&actor.kind) else { return Err(TurnError::NoAddress) };
        let who = json!({"actor": actor.to_string(), "method": method, "function": function.name.as_str()});
        let Some(invoker) = self.calls.invoker() else {
            return Err(TurnError::Shed("the server has stopped".to_owned()));
        };
        let reply = turn(&invoker, &function, (actor, &method, place), &data, &cx).await;
        let told = |line: &str| format!("error from actor service: {line}");
        let failed = |line: String, more: Map<String, Value>| {
            let mut details = who.clone();
            details.as_object_mut().into_iter().for_each(|details| details.extend(more.clone()));
            TurnError::Failed(line, details)
        };
        let reply = reply.map_err(|e| {
            let error = ApiError::of_invocation(&e, self.production);
            match told(&error.line()) {
                line if e.code.is_busy() => TurnError::Shed(line),
                line => failed(line, error.members()),
            }
        })?;
        let of_status = |status: u16| Map::from_iter([("status".to_owned(), json!(status))]);
        match reply.status {
            200 | 204 => Ok(reply.body),
            404 => Err(failed(format!("actor method not found: {method}"), of_status(404))),
            status => {
                let line = told(&format!("({status}) {}", String::from_utf8_lossy(&reply.body)));
                Err(failed(line, of_status(status)))
            }
        }
    }

    /// A turn that is due: `remind/{name}` or `timer/{name}`, with the body that Dapr sends.
    pub async fn due(self, actor: Actor, method: String, data: Bytes) -> Result<(), TurnError> {
        let cx = CallContext {
            function: Arc::from(actor.kind.as_str()),
            grants: Arc::default(),
            origin: Origin::root(),
            turn: None,
            memory: self.registry.actor(&actor.kind).map(|function| function.memory.clone()).unwrap_or_default(),
            allowance: Allowance::default(),
            resources: Arc::default(),
        };
        self.take_turn(cx, Call { actor, method, data }).await.map(drop)
    }
}

#[async_trait]
impl Actors for Embedded {
    async fn call(&self, cx: &CallContext, call: Call) -> Result<Bytes, OpError> {
        call.check()?;
        let kind = call.actor.kind.clone();
        let failed = |why: &str, details: Value| OpError {
            details,
            ..error(Code::ActorInvokeMethod, format!("error invoke actor method: {why}"))
        };
        // The turn ends even if its caller goes away: the next turn must not begin before.
        let taken = tokio::spawn(self.clone().take_turn(cx.clone(), call));
        taken.await.map_err(|e| error(Code::OperationFailed, e.to_string()))?.map_err(|e| match e {
            TurnError::Full(why) => error(Code::Unavailable, why),
            TurnError::NoAddress => error(
                Code::ActorNoAddress,
                format!("did not find address for actor '{kind}': no function exports this type"),
            ),
            TurnError::Shed(why) => failed(&why, Value::Null),
            TurnError::Failed(why, details) => failed(&why, details),
        })
    }

    async fn get(&self, cx: &CallContext, actors::Get { actor, key }: &actors::Get) -> Result<Option<Bytes>, OpError> {
        let found = self.state.get(cx, &Get::new(self.store()?, actor.key(key))).await?;
        Ok(found.map(|item| item.value))
    }

    async fn save(&self, cx: &CallContext, Save { actor, writes }: Save) -> Result<(), OpError> {
        let change = |write: Write| Change {
            key: actor.key(&write.key),
            put: write.value.map(|value| Put { value: value.get().as_bytes().to_vec(), ttl_seconds: None }),
            etag: None,
            first_write: false,
        };
        let (store, changes) = (self.store()?.to_owned(), writes.into_iter().map(change).collect());
        self.state.transact(cx, Transact { store, changes }).await
    }
}
