//! Actors: a call becomes a turn of the function that exports the actor's type. Return: the method's result · throw: the caller's error.
//!
//! Without a sidecar [`embedded`] answers calls and stores state, and [`reminders`] and [`timers`] call when they are
//! due; behind one [`sidecar`] answers its calls. [`turns`] runs the turns of one actor one after the other.
pub mod embedded;
pub mod reminders;
pub mod sidecar;
pub mod timers;
mod turns;

pub use turns::Turns;

use crate::blocks::actors::{Actor, Turn};
use crate::blocks::call::CallContext;
use crate::functions::Function;
use crate::invoke::{Caller, HttpReply, InvokeError, Invoker};
use bytes::Bytes;
use daplet_abi::EventKind;
use daplet_abi::event::ActorEvent;
use std::sync::Arc;
use turns::Place;

/// Runs one turn, until both the handler and what it has begun to write have ended.
async fn turn(
    invoker: &Invoker,
    function: &Arc<Function>,
    (actor, method, place): (Actor, &str, Place),
    data: &[u8],
    cx: &CallContext,
) -> Result<HttpReply<Bytes>, InvokeError> {
    let origin = cx.origin.child();
    let head = ActorEvent {
        request_id: origin.request_id.to_string(),
        traceparent: Some(origin.traceparent.to_string()),
        kind: actor.kind.clone(),
        id: actor.id.clone(),
        method: method.to_owned(),
    };
    let turn = Turn { actor, outer: cx.turn.clone(), held: Box::new(place) };
    let caller = Caller { origin, turn: Some(Arc::new(turn)) };
    // An argument that is not JSON is text, as Dapr's other SDKs send it.
    let text = |_| serde_json::to_vec(&String::from_utf8_lossy(data)).unwrap_or_default();
    match data.is_empty() {
        true => invoker.ask(function, EventKind::Actor, &head, data, caller).await,
        false => {
            let data =
                serde_json::from_slice(data).map(|_: &serde_json::value::RawValue| data.to_vec()).unwrap_or_else(text);
            invoker.ask(function, EventKind::Actor, &head, &data, caller).await
        }
    }
}
