//! The parts of the blocks that call functions themselves: service invocation, actors and their timers.
//!
//! Owns: which of them a host has. Must not know: how any of them works.
use super::Base;
use crate::blocks::locks::Names;
use crate::blocks::{Functions, actors};
use crate::invoke::Calls;
use crate::surfaces::actors::embedded::Embedded;
use crate::surfaces::actors::timers::InMemory;
use crate::surfaces::requests::Local;
use std::sync::Arc;

/// Turns of actors of the embedded default. They reach the invoker by `calls`, which does not keep it alive.
pub(super) fn turns(base: &Base, calls: Calls) -> Embedded {
    Embedded {
        state: Arc::clone(&base.blocks.state),
        store: base.components.actor_store.clone(),
        registry: Arc::clone(&base.registry),
        calls,
        turns: Default::default(),
        production: base.config.production,
    }
}

/// The ways to the functions of a host.
pub(super) fn functions(base: &Base, turns: &Embedded, calls: Calls) -> Functions {
    let config = &base.config;
    let app_id: Arc<str> = config.app_id.as_str().into();
    let names: Arc<dyn Names> = base.registry.clone();
    let own = Arc::new(Local {
        registry: Arc::clone(&base.registry),
        calls,
        max_body_bytes: config.max_body_bytes,
        production: config.production,
        app_id: Arc::clone(&app_id),
    });
    match &base.sidecar {
        Some(sidecar) => {
            let behind = Arc::new(actors::sidecar::Dapr(sidecar.clone()));
            Functions { app_id, own, actors: behind.clone(), timers: behind, names }
        }
        None => {
            let timers = InMemory::new(turns.clone(), config.safe_mode, base.stop.clone());
            Functions { app_id, own, actors: Arc::new(turns.clone()), timers: Arc::new(timers), names }
        }
    }
}
