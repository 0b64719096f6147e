//! What is behind the capabilities: the building blocks of a sidecar, or those of the embedded default.
use super::{Fatal, places};
use crate::capabilities::actors::{self, reminders::Reminders};
use crate::capabilities::binding::{self, Bindings};
use crate::capabilities::configuration::DEFAULT_CONFIGURATION_STORE;
use crate::capabilities::configuration::{self, ConfigurationStore};
use crate::capabilities::crypto::{self, CryptoProvider};
use crate::capabilities::jobs::{self, JobStore};
use crate::capabilities::lock::{self, LockStore};
use crate::capabilities::pubsub::{self, Broker};
use crate::capabilities::secrets::{self, SecretStore};
use crate::capabilities::state::embedded::look::{Queries, QueryLimits};
use crate::capabilities::state::{self, StateStore};
use crate::components::{Block, Components};
use crate::config::Config;
use crate::dapr::Sidecar;
use crate::store::file::DatabaseFile;
use crate::store::{Configuration, Flights, Jobs, Locks, Log, State, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One of each building block.
pub struct Backends {
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

impl Backends {
    /// Those of a sidecar.
    pub fn of_sidecar(sidecar: &Sidecar) -> Backends {
        Backends {
            state: Arc::new(state::dapr::Dapr(sidecar.clone())),
            broker: Arc::new(pubsub::dapr::Dapr(sidecar.clone())),
            secrets: Arc::new(secrets::dapr::Dapr(sidecar.clone())),
            configuration: Arc::new(configuration::dapr::Dapr(sidecar.clone())),
            locks: Arc::new(lock::dapr::Dapr(sidecar.clone())),
            jobs: Arc::new(jobs::dapr::Dapr(sidecar.clone())),
            reminders: Arc::new(actors::dapr::Dapr(sidecar.clone())),
            bindings: Arc::new(binding::dapr::Dapr(sidecar.clone())),
            crypto: Arc::new(crypto::dapr::Dapr(sidecar.clone())),
            kept: None,
        }
    }

    /// Those of the embedded default.
    pub async fn embedded(config: &Config, components: &Components) -> Result<Backends, Fatal> {
        let store = Store::open(&config.data_dir.join(places::STATE), places::cache(config, places::STATE))?;
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
        Ok(Backends {
            state: Arc::new(state),
            broker: Arc::new(broker),
            secrets: Arc::new(secrets::embedded::Embedded(components.secrets.clone())),
            configuration: Arc::new(configuration::embedded::Embedded(items.clone())),
            locks: Arc::new(lock::embedded::Embedded { locks, stores: components.locks.clone() }),
            jobs: Arc::new(jobs::embedded::Embedded(jobs.clone())),
            reminders: Arc::new(actors::embedded::Embedded(reminders.clone())),
            bindings: Arc::new(binding::embedded::Embedded::new(components.targets.clone())?),
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
