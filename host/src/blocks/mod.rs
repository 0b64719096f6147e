//! Building blocks: what a function may ask of the world. Each block is a folder.
//!
//! Owns: the one list of the blocks, and what is behind each: a sidecar, or the embedded default. Must not know: what a block does.
//!
//! # Layout
//! A block has those of these files that apply:
//! - `mod`: its requests, and the trait that backends implement
//! - `guest`: the verbs of functions
//! - `http`, `grpc`: Dapr's API
//! - `embedded`, `sidecar`: the backends
//! - `component`: what a folder of Dapr's YAML may say of it
//!
//! Shared by all: [`call`] what every operation passes, [`turn`] actors' turns, [`grants`], [`json`]; [`api`], [`http`] and [`grpc`] what
//! Dapr's API has at hand.
pub mod actors;
pub mod api;
pub mod bindings;
pub mod call;
pub mod configuration;
pub mod conversation;
pub mod crypto;
pub mod grants;
pub mod grpc;
pub mod http;
pub mod invoke;
pub mod jobs;
pub mod json;
pub mod locks;
pub mod metadata;
pub mod pubsub;
pub mod secrets;
pub mod state;
pub mod stores;
pub mod subtle;
pub mod timer;
pub mod turn;
pub mod workflow;

use self::actors::reminders::{Reminders, Timers};
use self::actors::{ActorBlock, Actors};
use self::api::{Context, Shared};
use self::bindings::Bindings;
use self::call::{Capabilities, Capability};
use self::configuration::{ConfigurationStore, DEFAULT_CONFIGURATION_STORE};
use self::conversation::Models;
use self::crypto::CryptoProvider;
use self::invoke::{Apps, OwnApp};
use self::jobs::JobStore;
use self::locks::Names;
use self::pubsub::{Broker, Pubsub};
use self::secrets::SecretStore;
use self::state::StateStore;
use self::state::embedded::look::{Queries, QueryLimits};
use self::stores::Stores;
use self::workflow::Engine;
use crate::components::{Block, Components, Type};
use crate::config::Config;
use crate::dapr::Sidecar;
use crate::store::{Configuration, Flights, Jobs, Locks, Log, State, Store};
use axum::Router;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What ends the start.
type Fatal = Box<dyn std::error::Error + Send + Sync>;

/// The types of components that blocks have.
pub const COMPONENTS: &[&[Type]] = &[
    state::component::TYPES,
    pubsub::component::TYPES,
    secrets::component::TYPES,
    configuration::component::TYPES,
    locks::component::TYPES,
    crypto::component::TYPES,
    bindings::component::TYPES,
];

/// One backend of each block.
#[derive(Clone)]
pub struct Blocks {
    /// State.
    pub state: Arc<dyn StateStore>,
    /// Topics.
    pub broker: Arc<dyn Broker>,
    /// Secrets.
    pub secrets: Arc<dyn SecretStore>,
    /// Configuration.
    pub configuration: Arc<dyn ConfigurationStore>,
    /// Locks.
    pub locks: locks::Locks,
    /// Jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Reminders of actors.
    pub reminders: Arc<dyn Reminders>,
    /// Output bindings.
    pub bindings: Arc<dyn Bindings>,
    /// Cryptography.
    pub crypto: Arc<dyn CryptoProvider>,
    /// Workflows, where there is an engine.
    pub workflows: Option<Arc<dyn Engine>>,
    /// Language models, where there are some.
    pub models: Option<Arc<dyn Models>>,
    /// Other applications, where they can be reached.
    pub apps: Option<Arc<dyn Apps>>,
    /// Handles shared with triggers and management; `None` behind a sidecar.
    pub stores: Option<Stores>,
}

/// What the blocks need of the functions of this host.
#[derive(Clone)]
pub struct Functions {
    /// This host's app-id.
    pub app_id: Arc<str>,
    /// The functions as an application.
    pub own: Arc<dyn OwnApp>,
    /// What runs the turns of actors.
    pub actors: Arc<dyn Actors>,
    /// What counts the time of their timers.
    pub timers: Arc<dyn Timers>,
    /// Which functions exist.
    pub names: Arc<dyn Names>,
}

impl Blocks {
    /// Those of a sidecar.
    pub fn of_sidecar(sidecar: &Sidecar, config: &Config) -> Blocks {
        let sidecar = || sidecar.clone();
        Blocks {
            state: Arc::new(state::sidecar::Dapr(sidecar())),
            broker: Arc::new(pubsub::sidecar::Dapr(sidecar())),
            secrets: Arc::new(secrets::sidecar::Dapr(sidecar())),
            configuration: Arc::new(configuration::sidecar::Dapr(sidecar())),
            locks: locks::Locks { store: Arc::new(locks::sidecar::Dapr(sidecar())), longest: config.max_lock_seconds },
            jobs: Arc::new(jobs::sidecar::Dapr(sidecar())),
            reminders: Arc::new(actors::sidecar::Dapr(sidecar())),
            bindings: Arc::new(bindings::sidecar::Dapr(sidecar())),
            crypto: Arc::new(crypto::sidecar::Dapr(sidecar())),
            workflows: Some(Arc::new(workflow::sidecar::Dapr(sidecar()))),
            models: Some(Arc::new(conversation::sidecar::Dapr(sidecar()))),
            apps: Some(Arc::new(invoke::sidecar::Dapr(sidecar()))),
            stores: None,
        }
    }

    /// The verbs of functions.
    pub fn capabilities(&self, functions: &Functions) -> Capabilities {
        let list: Vec<Box<dyn Capability>> = vec![
            Box::new(timer::guest::Timer),
            Box::new(subtle::guest::SubtleCapability),
            Box::new(state::guest::StateCapability {
                store: Arc::clone(&self.state),
                broker: Arc::clone(&self.broker),
            }),
            Box::new(pubsub::guest::PubsubCapability(Arc::clone(&self.broker))),
            Box::new(secrets::guest::SecretsCapability(Arc::clone(&self.secrets))),
            Box::new(configuration::guest::ConfigurationCapability(Arc::clone(&self.configuration))),
            Box::new(bindings::guest::BindingCapability(Arc::clone(&self.bindings))),
            Box::new(crypto::guest::CryptoCapability(Arc::clone(&self.crypto))),
            Box::new(locks::guest::LockCapability { locks: self.locks.clone(), names: Arc::clone(&functions.names) }),
            Box::new(jobs::guest::JobsCapability(Arc::clone(&self.jobs))),
            Box::new(actors::guest::ActorsCapability(self.actors(functions))),
            Box::new(workflow::guest::WorkflowCapability(self.workflows.clone())),
            Box::new(conversation::guest::ConversationCapability(self.models.clone())),
            Box::new(invoke::guest::InvokeCapability {
                app_id: Arc::clone(&functions.app_id),
                own: Arc::clone(&functions.own),
                others: self.apps.clone(),
            }),
        ];
        Capabilities::new(list)
    }

    /// Dapr's API by HTTP and by gRPC.
    pub fn api(&self, functions: &Functions, shared: &Arc<Shared>) -> (Router, Router) {
        let metadata = Context::new(&Arc::default(), shared);
        let state = Context::new(&self.state, shared);
        let pubsub =
            Pubsub { broker: Arc::clone(&self.broker), log: self.stores.as_ref().map(|stores| stores.log.clone()) };
        let pubsub = Context::new(&Arc::new(pubsub), shared);
        let secrets = Context::new(&self.secrets, shared);
        let configuration = Context::new(&self.configuration, shared);
        let jobs = Context::new(&self.jobs, shared);
        let actors = Context::new(&Arc::new(self.actors(functions)), shared);
        let locks = Context::new(&Arc::new(self.locks.clone()), shared);
        let bindings = Context::new(&self.bindings, shared);
        let crypto = Context::new(&self.crypto, shared);
        let invoke = Context::new(&functions.own, shared);
        let grpc = Router::new()
            .merge(metadata::grpc::methods(metadata.clone()).router())
            .merge(state::grpc::methods(state.clone()).router())
            .merge(pubsub::grpc::methods(pubsub.clone()).router())
            .merge(secrets::grpc::methods(secrets.clone()).router())
            .merge(configuration::grpc::methods(configuration.clone()).router())
            .merge(jobs::grpc::methods(jobs.clone()).router())
            .merge(actors::grpc::methods(actors.clone()).router())
            .merge(locks::grpc::methods(locks.clone()).router())
            .merge(bindings::grpc::methods(bindings.clone()).router())
            .merge(crypto::grpc::methods(crypto.clone()).router())
            .merge(invoke::grpc::methods(invoke.clone()).router())
            .fallback(grpc::unserved);
        let http = Router::new()
            .merge(metadata::http::routes(metadata))
            .merge(state::http::routes(state))
            .merge(pubsub::http::routes(pubsub))
            .merge(secrets::http::routes(secrets))
            .merge(configuration::http::routes(configuration))
            .merge(jobs::http::routes(jobs))
            .merge(actors::http::routes(actors))
            .merge(locks::http::routes(locks))
            .merge(bindings::http::routes(bindings))
            .merge(crypto::http::routes(crypto))
            .merge(invoke::http::routes(invoke));
        (http, grpc)
    }

    fn actors(&self, functions: &Functions) -> ActorBlock {
        ActorBlock {
            actors: Arc::clone(&functions.actors),
            reminders: Arc::clone(&self.reminders),
            timers: Arc::clone(&functions.timers),
            stored: self.stores.as_ref().map(|stores| actors::embedded::Embedded(stores.reminders.clone())),
        }
    }

    /// Those of the embedded default.
    pub async fn embedded(store: Store, config: &Config, components: &Components) -> Result<Blocks, Fatal> {
        let store = store.limited(config.quotas.state.clone());
        let (state, locks) = (State::new(store.clone()), Locks::new(store.clone()));
        let quotas = config.quotas.clone();
        let (log, jobs) = (Log::new(store.clone(), quotas.messages), Jobs::new(store.clone(), quotas.jobs));
        let reminders = Jobs::reminders(store.clone(), quotas.reminders);
        let flights = Flights::open(&config.data_dir.join("in-flight"), store.clone()).await;
        let mut items = BTreeMap::new();
        for name in components.names(Block::Configuration) {
            let kept = match name {
                DEFAULT_CONFIGURATION_STORE => Configuration::new(store.clone()),
                name => Configuration::named(store.clone(), name).await?,
            };
            items.insert(name.to_owned(), kept);
        }
        if let Err(error) = log.forget_streams().await {
            // A full disk: what is stored can still be read.
            tracing::error!("{error}");
        }
        tokio::spawn(purge(state.clone(), locks.clone()));
        let (app_id, brokers) = (|| config.app_id.clone(), || Arc::clone(&components.brokers));
        let stores = components.stores.clone();
        let limits = QueryLimits { time: config.query_time, sort_bytes: config.query_sort_bytes };
        let queries = Queries::new(limits);

        let state = state::embedded::Embedded {
            state,
            log: log.clone(),
            app_id: app_id(),
            stores,
            brokers: brokers(),
            queries,
        };
        let broker = pubsub::embedded::Embedded { log: log.clone(), app_id: app_id(), brokers: brokers() };
        Ok(Blocks {
            state: Arc::new(state),
            broker: Arc::new(broker),
            secrets: Arc::new(secrets::embedded::Embedded(components.secrets.clone())),
            configuration: Arc::new(configuration::embedded::Embedded(items.clone())),
            locks: locks::Locks {
                store: Arc::new(locks::embedded::Embedded { locks, stores: components.locks.clone() }),
                longest: config.max_lock_seconds,
            },
            jobs: Arc::new(jobs::embedded::Embedded(jobs.clone())),
            reminders: Arc::new(actors::embedded::Embedded(reminders.clone())),
            bindings: Arc::new(bindings::embedded::Embedded::new(components.targets.clone())?),
            crypto: Arc::new(crypto::embedded::Embedded { folders: components.keys.clone() }),
            workflows: None,
            models: None,
            apps: None,
            stores: Some(Stores { log, items, jobs, reminders, flights, file: store.file() }),
        })
    }
}

/// Removes expired state and locks from time to time; to readers they are absent already.
async fn purge(state: State, locks: Locks) {
    const EVERY: Duration = Duration::from_secs(60);
    loop {
        tokio::time::sleep(EVERY).await;
        for purged in [state.purge().await, locks.purge().await] {
            if let Err(error) = purged {
                tracing::error!("{error}");
            }
        }
    }
}
