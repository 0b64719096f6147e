//! What functions reach: the sidecar's building blocks, or the embedded database's.
use super::Fatal;
use crate::capabilities::actors::{self, reminders::Reminders};
use crate::capabilities::configuration::{self, ConfigurationStore};
use crate::capabilities::jobs::{self, JobStore};
use crate::capabilities::lock::{self, LockStore};
use crate::capabilities::pubsub::{self, Broker};
use crate::capabilities::state::{self, StateStore};
use crate::config::Config;
use crate::dapr::Sidecar;
use crate::store::{Configuration, Jobs, Locks, Log, State, Store};
use std::sync::Arc;
use std::time::Duration;

/// By capability.
pub struct Backends {
    /// State.
    pub state: Arc<dyn StateStore>,
    /// Publish and subscribe.
    pub broker: Arc<dyn Broker>,
    /// Configuration.
    pub configuration: Arc<dyn ConfigurationStore>,
    /// Locks.
    pub locks: Arc<dyn LockStore>,
    /// Jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Reminders of actors.
    pub reminders: Arc<dyn Reminders>,
    /// Where they are, unless a sidecar has them.
    pub kept: Option<Kept>,
}

/// The parts of the embedded database that others use too.
pub struct Kept {
    /// Messages.
    pub log: Log,
    /// Configuration.
    pub items: Configuration,
    /// Jobs.
    pub jobs: Jobs,
    /// Reminders.
    pub reminders: Jobs,
}

impl Backends {
    /// The sidecar's, or those of the database in the data folder.
    pub async fn open(config: &Config, sidecar: Option<&Sidecar>) -> Result<Backends, Fatal> {
        match sidecar {
            Some(sidecar) => Ok(Backends::behind(sidecar)),
            None => Backends::embedded(config).await,
        }
    }

    fn behind(sidecar: &Sidecar) -> Backends {
        Backends {
            state: Arc::new(state::dapr::Dapr(sidecar.clone())),
            broker: Arc::new(pubsub::dapr::Dapr(sidecar.clone())),
            configuration: Arc::new(configuration::dapr::Dapr(sidecar.clone())),
            locks: Arc::new(lock::dapr::Dapr(sidecar.clone())),
            jobs: Arc::new(jobs::dapr::Dapr(sidecar.clone())),
            reminders: Arc::new(actors::dapr::Dapr(sidecar.clone())),
            kept: None,
        }
    }

    async fn embedded(config: &Config) -> Result<Backends, Fatal> {
        let store = Store::open(&config.data_dir.join("state.redb"))?;
        let (state, locks) = (State::new(store.clone()), Locks::new(store.clone()));
        let kept = Kept {
            log: Log::new(store.clone()),
            items: Configuration::new(store.clone()),
            jobs: Jobs::new(store.clone()),
            reminders: Jobs::reminders(store),
        };
        kept.log.forget_streams().await?;
        tokio::spawn(purge(state.clone(), locks.clone()));
        let (log, app_id) = (|| kept.log.clone(), || config.app_id.clone());
        Ok(Backends {
            state: Arc::new(state::embedded::Embedded { state, log: log(), app_id: app_id() }),
            broker: Arc::new(pubsub::embedded::Embedded { log: log(), app_id: app_id() }),
            configuration: Arc::new(configuration::embedded::Embedded(kept.items.clone())),
            locks: Arc::new(lock::embedded::Embedded { locks, app_id: app_id() }),
            jobs: Arc::new(jobs::embedded::Embedded(kept.jobs.clone())),
            reminders: Arc::new(actors::embedded::Embedded(kept.reminders.clone())),
            kept: Some(kept),
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
