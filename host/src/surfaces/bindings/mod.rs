//! Input bindings: what comes from one becomes an event of the functions that declare its name. Return: done, the result goes back
//! to the binding · throw: failed, and again if the binding tries again.
//!
//! Without a sidecar [`embedded`] runs the schedules of the configuration; with one [`sidecar`] answers its calls.
pub mod embedded;
pub mod sidecar;

use crate::functions::{Function, Registry};
use crate::invoke::{HttpReply, InvokeError, Invoker};
use crate::origin::Origin;
use crate::surfaces::plain;
use bytes::Bytes;
use daplet_abi::EventKind;
use serde::Serialize;
use std::sync::Arc;

/// The functions that declare a binding and may take its events.
fn receivers(registry: &Registry, name: &str) -> Vec<Arc<Function>> {
    let declares = |function: &Arc<Function>| {
        function.record.exports.bindings.iter().any(|binding| binding == name) && function.grants.has_input(name)
    };
    registry.list().into_iter().filter(declares).collect()
}

/// Gives one event to each of the functions; their answers in the same order.
async fn deliver(
    invoker: &Invoker,
    functions: &[Arc<Function>],
    event: &impl Serialize,
    origin: Origin,
) -> Result<Vec<HttpReply<Bytes>>, InvokeError> {
    let body = serde_json::to_vec(event).map_err(|e| InvokeError::internal(e.to_string()))?;
    let calls = functions.iter().map(|function| {
        let (body, origin) = (&body, origin.sibling());
        async move {
            let head = plain(&origin, 0);
            let reply = invoker.ask(function, EventKind::Binding, &head, body, origin.into()).await?;
            if (200..300).contains(&reply.status) {
                return Ok(reply);
            }
            let status = reply.status;
            tracing::warn!(function = function.name.as_str(), "an input binding was answered with the status {status}");
            Err(InvokeError::internal(format!("{} answered with the status {status}", function.name)))
        }
    });
    // Each gets it, even where another fails.
    futures::future::join_all(calls).await.into_iter().collect()
}
