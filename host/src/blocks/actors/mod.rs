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

/// Refuses what only the host calls: turns of reminders and timers are named like paths.
pub fn callable(method: &str) -> Result<(), OpError> {
    match method.contains('/') {
        true => {
            Err(error(Code::ActorInvokeMethod, format!("error invoke actor method: actor method not found: {method}")))
        }
        false => Ok(()),
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
#[async_trait]
pub trait Actors: Send + Sync {
    /// One turn: what the method returned, JSON or nothing.
    async fn call(&self, cx: &CallContext, actor: Actor, method: &str, data: Bytes) -> Result<Bytes, OpError>;
    /// A value of its state, JSON.
    async fn get(&self, cx: &CallContext, actor: &Actor, key: &str) -> Result<Option<Bytes>, OpError>;
    /// Writes its state: all of it or nothing.
    async fn save(&self, cx: &CallContext, actor: &Actor, writes: Vec<Write>) -> Result<(), OpError>;
}

/// The actors of this host.
#[derive(Clone)]
pub struct ActorBlock {
    /// Turns and state.
    pub actors: Arc<dyn Actors>,
    /// What is kept.
    pub reminders: Arc<dyn Reminders>,
    /// What is not.
    pub timers: Arc<dyn Timers>,
    /// Where reminders are, unless a sidecar has them.
    pub kept: Option<embedded::Embedded>,
}
