//! Actors: `actors.call` any, `actors.get` and `actors.save` the state of the one whose turn it is, and its [`reminders`].
//!
//! Owns: operations, their arguments, who an actor is. Backends: `sidecar`; the embedded one that runs turns is in `surfaces::actors`,
//! the one that keeps reminders is `embedded`.
pub mod embedded;
pub mod grpc;
pub mod http;
pub mod reminders;
pub mod sidecar;
mod when;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::grants;
use crate::blocks::invoke::MAX_DEPTH;
use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::future::BoxFuture;
use reminders::{Reminders, Timers};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Longest type and id, bytes: they become parts of keys.
const LONGEST: usize = 256;

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Its type: the name that its class is exported by.
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl Actor {
    /// Refuses what could be mistaken for another actor's key or path.
    pub fn new(kind: &str, id: &str) -> Result<Actor, String> {
        for (what, text) in [("type", kind), ("id", id)] {
            if text.is_empty() || text.len() > LONGEST {
                return Err(format!("an actor's {what} has 1 to {LONGEST} bytes, not {}", text.len()));
            }
            // At the end one would do: the separator of keys follows.
            if text.contains("||")
                || text.ends_with('|')
                || text.contains(['/', '\\', '?', '#'])
                || text.chars().any(char::is_control)
            {
                return Err(format!("an actor's {what} has no \"||\", slash, ? or # in it, as {text:?} has"));
            }
        }
        Ok(Actor { kind: kind.to_owned(), id: id.to_owned() })
    }

    /// The key of something that this actor has, in Dapr's form.
    pub fn key(&self, name: &str) -> String {
        format!("{}||{}||{name}", self.kind, self.id)
    }
}

/// The actor of such a key, and the name.
pub fn parts(key: &str) -> Option<(Actor, &str)> {
    let (kind, rest) = key.split_once("||")?;
    let (id, name) = rest.split_once("||")?;
    Some((Actor { kind: kind.to_owned(), id: id.to_owned() }, name))
}

/// Refuses what only the host calls: turns of reminders and timers are named like paths.
pub fn callable(method: &str) -> Result<(), OpError> {
    match method.contains('/') {
        true => {
            Err(error(Code::ActorInvokeMethod, format!("error invoke actor method: actor method not found: {method}")))
        }
        false => Ok(()),
    }
}

/// The turn that an operation belongs to, and those that wait for it.
#[derive(Debug)]
pub struct Turn {
    /// Whose it is.
    pub actor: Actor,
    /// The turn that called.
    pub outer: Option<Arc<Turn>>,
    /// What keeps other turns of the actor waiting until this is dropped.
    pub held: Box<dyn Any + Send + Sync>,
}

impl Turn {
    /// Whether this actor is within a turn of this chain: calling it would wait for itself.
    pub fn has(&self, actor: &Actor) -> bool {
        self.actor == *actor || self.outer.as_ref().is_some_and(|outer| outer.has(actor))
    }
}

/// One write of a transaction.
#[derive(Clone, Debug, Deserialize)]
pub struct Write {
    /// The key, within the actor's own.
    pub key: String,
    /// The new value, as its writer put it; none, or null, removes.
    #[serde(default)]
    pub value: Option<Box<RawValue>>,
}

/// Where actors live.
pub trait Actors: Send + Sync {
    /// One turn: what the method returned, JSON or nothing.
    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: Actor,
        method: &'a str,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, OpError>>;
    /// A value of its state, JSON.
    fn get<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: &'a Actor,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Bytes>, OpError>>;
    /// Writes its state: all of it or nothing.
    fn save<'a>(
        &'a self,
        cx: &'a CallContext,
        actor: &'a Actor,
        writes: Vec<Write>,
    ) -> BoxFuture<'a, Result<(), OpError>>;
}

/// The capability.
pub struct ActorsCapability {
    /// Turns and state.
    pub actors: Arc<dyn Actors>,
    /// What is kept.
    pub reminders: Arc<dyn Reminders>,
    /// What is not.
    pub timers: Arc<dyn Timers>,
}

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

fn turn<'a>(cx: &'a CallContext, op: &str) -> Result<&'a Actor, OpError> {
    let none = || error(Code::InvalidArgument, format!("{op}: only within a turn of an actor"));
    cx.turn.as_ref().map(|turn| &turn.actor).ok_or_else(none)
}

impl Capability for ActorsCapability {
    fn name(&self) -> &'static str {
        "actors"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        body: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            let op = format!("actors.{verb}");
            let invalid = |message: String| error(Code::InvalidArgument, format!("{op}: {message}"));
            match verb {
                "call" => {
                    let Called { actor_type: kind, actor_id, method } = arguments(&op, args)?;
                    let actor = Actor::new(&kind, &actor_id).map_err(invalid)?;
                    callable(&method)?;
                    grants::require(&cx.function, "actors", cx.grants.actors.as_ref(), &kind)?;
                    if cx.turn.as_ref().is_some_and(|turn| turn.has(&actor)) {
                        let message =
                            format!("{actor} is within its turn, which waits for this call: it would never come");
                        return Err(error(Code::ActorReentrant, message));
                    }
                    if cx.origin.depth >= MAX_DEPTH {
                        let message = format!(
                            "functions called each other {MAX_DEPTH} deep; the chain ends here, in {}",
                            cx.function
                        );
                        return Err(error(Code::Unavailable, message));
                    }
                    Ok((json!({}), self.actors.call(cx, actor, &method, body).await?))
                }
                "get" => {
                    let Key { key } = arguments(&op, args)?;
                    let found = self.actors.get(cx, turn(cx, &op)?, &key).await?;
                    Ok((json!({"found": found.is_some()}), found.unwrap_or_default()))
                }
                "save" => {
                    let writes = serde_json::from_slice(&body).map_err(|e| invalid(e.to_string()))?;
                    let (actors, cx, actor) = (Arc::clone(&self.actors), cx.clone(), turn(cx, &op)?.clone());
                    // A turn that is cut off meanwhile is held until this has an end: the next one must not read before.
                    let saved = tokio::spawn(async move { actors.save(&cx, &actor, writes).await });
                    saved.await.map_err(|e| error(Code::OperationFailed, e.to_string()))??;
                    Ok((json!({}), Bytes::new()))
                }
                "setReminder" | "getReminder" | "deleteReminder" | "setTimer" | "deleteTimer" => {
                    reminders::call((&*self.reminders, &*self.timers), cx, turn(cx, &op)?, &op, args).await
                }
                _ => Err(unknown(&op)),
            }
        })
    }
}
