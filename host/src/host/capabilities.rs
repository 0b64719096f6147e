//! What functions may ask for, and the parts of it that call functions themselves.
//!
//! Owns: the list of capabilities. Must not know: how any of them works.
use super::Base;
use crate::blocks::actors::reminders::Timers;
use crate::blocks::actors::{self, Actors, ActorsCapability};
use crate::blocks::bindings::BindingCapability;
use crate::blocks::call::Capabilities;
use crate::blocks::configuration::ConfigurationCapability;
use crate::blocks::conversation::ConversationCapability;
use crate::blocks::crypto::CryptoCapability;
use crate::blocks::invoke::{InvokeCapability, OwnApp};
use crate::blocks::jobs::JobsCapability;
use crate::blocks::locks::LockCapability;
use crate::blocks::pubsub::PubsubCapability;
use crate::blocks::secrets::SecretsCapability;
use crate::blocks::state::StateCapability;
use crate::blocks::timer::Timer;
use crate::blocks::workflow::WorkflowCapability;
use crate::invoke::Calls;
use crate::surfaces::actors::embedded::Embedded;
use crate::surfaces::actors::timers::InMemory;
use crate::surfaces::requests::Local;
use std::sync::Arc;

/// The ways in which blocks call functions.
#[derive(Clone)]
pub struct Functions {
    /// This host as an application.
    pub own: Arc<dyn OwnApp>,
    /// Actors: turns of this host's functions, or a sidecar's.
    pub actors: Arc<dyn Actors>,
    /// Timers of actors.
    pub timers: Arc<dyn Timers>,
}

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

impl Functions {
    /// The ways to the functions of a host.
    pub(super) fn new(base: &Base, turns: &Embedded, calls: Calls) -> Functions {
        let config = &base.config;
        let own = Arc::new(Local {
            registry: Arc::clone(&base.registry),
            calls,
            max_body_bytes: config.max_body_bytes,
            production: config.production,
            app_id: config.app_id.as_str().into(),
        });
        match &base.sidecar {
            Some(sidecar) => {
                let behind = Arc::new(actors::sidecar::Dapr(sidecar.clone()));
                Functions { own, actors: behind.clone(), timers: behind }
            }
            None => {
                let timers = InMemory::new(turns.clone(), config.safe_mode, base.stop.clone());
                Functions { own, actors: Arc::new(turns.clone()), timers: Arc::new(timers) }
            }
        }
    }

    /// Everything that a function may ask for.
    pub fn capabilities(&self, base: &Base) -> Capabilities {
        let (blocks, sidecar) = (&base.blocks, || base.sidecar.clone());
        let (app_id, own) = (base.config.app_id.clone(), Arc::clone(&self.own));
        Capabilities::new(vec![
            Box::new(Timer),
            Box::new(StateCapability { store: Arc::clone(&blocks.state), broker: Arc::clone(&blocks.broker) }),
            Box::new(PubsubCapability(Arc::clone(&blocks.broker))),
            Box::new(SecretsCapability(Arc::clone(&blocks.secrets))),
            Box::new(ConfigurationCapability(Arc::clone(&blocks.configuration))),
            Box::new(BindingCapability(Arc::clone(&blocks.bindings))),
            Box::new(CryptoCapability(Arc::clone(&blocks.crypto))),
            Box::new(LockCapability {
                locks: Arc::clone(&blocks.locks),
                names: Arc::clone(&base.registry) as _,
                longest: base.config.max_lock_seconds,
            }),
            Box::new(JobsCapability(Arc::clone(&blocks.jobs))),
            Box::new(ActorsCapability {
                actors: Arc::clone(&self.actors),
                reminders: Arc::clone(&blocks.reminders),
                timers: Arc::clone(&self.timers),
            }),
            Box::new(WorkflowCapability(sidecar())),
            Box::new(ConversationCapability(sidecar())),
            Box::new(InvokeCapability { app_id, own, sidecar: sidecar() }),
        ])
    }
}
