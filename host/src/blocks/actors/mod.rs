//! Actors: methods and state, [`reminders`] and timers.
//!
//! Owns: what actors and their stores do. The embedded backend that runs turns is in `surfaces::actors`. Must not know: who asks.
pub mod embedded;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod reminders;
pub mod sidecar;
mod when;

use super::call::{CallContext, error};
pub use super::turn::{Actor, Turn};
use crate::code::{Code, OpError};
use async_trait::async_trait;
use bytes::Bytes;
use reminders::{Reminders, Timers};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// The actor of such a key, and the name.
pub fn parts(key: &str) -> Option<(Actor, &str)> {
    let (kind, rest) = key.split_once("||")?;
    let (id, name) = rest.split_once("||")?;
    Some((Actor { kind: kind.to_owned(), id: id.to_owned() }, name))
}

/// Calls a method: `actors.call`. The call is one turn of the actor.
#[derive(Clone, Debug)]
pub struct Call {
    /// The actor.
    pub actor: Actor,
    /// The method.
    pub method: String,
    /// Its argument, JSON or nothing.
    pub data: Bytes,
}

impl Call {
    /// Refuses methods that cannot be called.
    pub fn check(&self) -> Result<(), OpError> {
        callable(&self.method)
    }
}

/// Refuses methods that only the host calls: turns of reminders and timers are named like paths.
pub fn callable(method: &str) -> Result<(), OpError> {
    if method.contains('/') {
        let message = format!("error invoke actor method: actor method not found: {method}");
        return Err(error(Code::ActorInvokeMethod, message));
    }
    Ok(())
}

/// Reads a value of an actor's state: `actors.get`.
#[derive(Clone, Debug)]
pub struct Get {
    /// The actor.
    pub actor: Actor,
    /// The key, within the actor's own.
    pub key: String,
}

/// Writes an actor's state, all of it or nothing: `actors.save`.
#[derive(Clone, Debug)]
pub struct Save {
    /// The actor.
    pub actor: Actor,
    /// The writes, in order.
    pub writes: Vec<Write>,
}

/// One write of a transaction.
#[derive(Clone, Debug, Deserialize)]
pub struct Write {
    /// The key, within the actor's own.
    pub key: String,
    /// The new value, as its writer put it; null, and an absent value, removes.
    #[serde(default)]
    pub value: Option<Box<RawValue>>,
}

/// Where actors live.
#[async_trait]
pub trait Actors: Send + Sync {
    /// What the method returned, JSON or nothing.
    async fn call(&self, cx: &CallContext, call: Call) -> Result<Bytes, OpError>;
    /// The value, JSON.
    async fn get(&self, cx: &CallContext, get: &Get) -> Result<Option<Bytes>, OpError>;
    /// Writes the state.
    async fn save(&self, cx: &CallContext, save: Save) -> Result<(), OpError>;
}

/// The actors of this host.
#[derive(Clone)]
pub struct ActorBlock {
    /// Turns and state.
    pub actors: Arc<dyn Actors>,
    /// Reminders, which outlive the host.
    pub reminders: Arc<dyn Reminders>,
    /// Timers, which end with it.
    pub timers: Arc<dyn Timers>,
    /// The stored reminders; `None` behind a sidecar, which stores them.
    pub stored: Option<embedded::Embedded>,
}
