//! Building blocks: what a function may ask of the world. Each block is a folder.
//!
//! Owns: the one list of the blocks, and what is behind each: a sidecar, or the embedded default. Must not know: what a block does.
//!
//! # Layout
//! A folder has those of these files that apply:
//! - `mod`: the block's contract
//! - `http`, `grpc`: the same of Dapr's API
//! - `embedded`, `sidecar`: where it is kept
//!
//! Beside them stand [`call`], which every operation passes, [`grants`], [`json`], and what the blocks share of [`http`] and [`grpc`].
pub mod actors;
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
pub mod pubsub;
pub mod secrets;
pub mod state;
pub mod timer;
pub mod workflow;

use self::actors::reminders::Reminders;
use self::bindings::Bindings;
use self::configuration::{ConfigurationStore, DEFAULT_CONFIGURATION_STORE};
use self::crypto::CryptoProvider;
use self::jobs::JobStore;
use self::locks::LockStore;
use self::pubsub::Broker;
use self::secrets::SecretStore;
use self::state::StateStore;
use self::state::embedded::look::{Queries, QueryLimits};
use crate::components::{Block, Components};
use crate::config::Config;
use crate::dapr::Sidecar;
use crate::store::file::DatabaseFile;
use crate::store::{Configuration, Flights, Jobs, Locks, Log, State, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What ends the start.
type Fatal = Box<dyn std::error::Error + Send + Sync>;

/// One of each building block.
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
    pub locks: Arc<dyn LockStore>,
    /// Jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Reminders of actors.
    pub reminders: Arc<dyn Reminders>,
    /// Output bindings.
    pub bindings: Arc<dyn Bindings>,
    /// Cryptography.
    pub crypto: Arc<dyn CryptoProvider>,
    /// What of the embedded default others use too; none with a sidecar.
    pub kept: Option<Kept>,
}

/// The parts of the database that triggers and management use.
#[derive(Clone)]
pub struct Kept {
    /// Messages.
    pub log: Log,
    /// Configuration items by their stores.
    pub items: BTreeMap<String, Configuration>,
    /// Jobs.
    pub jobs: Jobs,
    /// Reminders of actors.
    pub reminders: Jobs,
    /// The file of all of them.
    pub file: Arc<DatabaseFile>,
    /// What is being delivered or run.
    pub flights: Flights,
}

impl Blocks {
    /// Those of a sidecar.
    pub fn of_sidecar(sidecar: &Sidecar) -> Blocks {
        Blocks {
            state: Arc::new(state::sidecar::Dapr(sidecar.clone())),
            broker: Arc::new(pubsub::sidecar::Dapr(sidecar.clone())),
            secrets: Arc::new(secrets::sidecar::Dapr(sidecar.clone())),
            configuration: Arc::new(configuration::sidecar::Dapr(sidecar.clone())),
            locks: Arc::new(locks::sidecar::Dapr(sidecar.clone())),
            jobs: Arc::new(jobs::sidecar::Dapr(sidecar.clone())),
            reminders: Arc::new(actors::sidecar::Dapr(sidecar.clone())),
            bindings: Arc::new(bindings::sidecar::Dapr(sidecar.clone())),
            crypto: Arc::new(crypto::sidecar::Dapr(sidecar.clone())),
            kept: None,
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
            locks: Arc::new(locks::embedded::Embedded { locks, stores: components.locks.clone() }),
            jobs: Arc::new(jobs::embedded::Embedded(jobs.clone())),
            reminders: Arc::new(actors::embedded::Embedded(reminders.clone())),
            bindings: Arc::new(bindings::embedded::Embedded::new(components.targets.clone())?),
            crypto: Arc::new(crypto::embedded::Embedded { folders: components.keys.clone() }),
            kept: Some(Kept { log, items, jobs, reminders, flights, file: store.file() }),
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
