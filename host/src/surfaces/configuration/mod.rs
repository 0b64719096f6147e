//! Configuration: changed items become events of the functions that watch them. Return: done · throw: again, a few times.
//!
//! Without a sidecar [`embedded`] reads the store's changes; behind one [`sidecar`] subscribes to them and answers its
//! calls.
pub mod embedded;
pub mod sidecar;

use crate::blocks::configuration::Items;
use crate::functions::{Function, Registry};
use crate::invoke::{InvokeError, Invoker};
use crate::origin::Origin;
use crate::surfaces::plain;
use daplet_abi::EventKind;
use daplet_abi::reply::AckStatus;
use serde_json::json;
use std::sync::Arc;

/// Whether a function wants to know of an item, and may.
fn watches(function: &Function, store: &str, key: &str) -> bool {
    let watched = function.record.exports.configuration.iter();
    let mut watched = watched.filter(|watch| watch.store == store);
    function.grants.has_configuration(store, key)
        && watched.any(|watch| watch.keys.is_empty() || watch.keys.iter().any(|watched| watched == key))
}

/// The functions that watch some of the items, each with these items.
fn watchers(registry: &Registry, store: &str, items: &Items) -> Vec<(Arc<Function>, Items)> {
    let mine = |function: Arc<Function>| {
        let mine = items.iter().filter(|(key, _)| watches(&function, store, key));
        let mine: Items = mine.map(|(key, item)| (key.clone(), item.clone())).collect();
        (!mine.is_empty()).then_some((function, mine))
    };
    registry.list().into_iter().filter_map(mine).collect()
}

/// Notifies a function of changed items.
async fn deliver(
    invoker: &Invoker,
    function: &Arc<Function>,
    store: &str,
    items: &Items,
    attempt: u32,
    origin: Origin,
) -> Result<AckStatus, InvokeError> {
    let head = plain(&origin, attempt);
    let change = json!({"store": store, "items": items}).to_string();
    invoker.deliver(function, EventKind::Configuration, &head, change.as_bytes(), origin.into()).await
}
