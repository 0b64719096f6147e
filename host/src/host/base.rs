//! The parts of a host that need no engine: its settings, its building blocks, the records of its functions. Fuzzers use
//! them alone.
use super::{Fatal, databases, memory, storage};
use crate::blocks::Blocks;
use crate::blocks::api::Shared;
use crate::blocks::fetch::tls;
use crate::budget::Budget;
use crate::components::Components;
use crate::config::Config;
use crate::dapr::Sidecar;
use crate::functions::Registry;
use crate::http::body::Patience;
use crate::private;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The base of a host.
pub struct Base {
    /// The settings.
    pub config: Arc<Config>,
    /// The components of the embedded default; none behind a sidecar.
    pub components: Arc<Components>,
    /// The sidecar, if there is one.
    pub sidecar: Option<Sidecar>,
    /// The functions.
    pub registry: Arc<Registry>,
    /// The building blocks.
    pub blocks: Blocks,
    /// The memory budget of requests.
    pub memory: Budget,
    /// Ends every task.
    pub stop: CancellationToken,
}

impl Base {
    /// Opens what `config` names. Its tasks run on the calling runtime. `memory` is the budget of requests, bytes.
    pub async fn open(config: Config, memory: u64) -> Result<Base, Fatal> {
        let (config, memory) = (Arc::new(config), Budget::new(memory));
        let components = storage::components(&config)?;
        tokio::spawn(memory::give_back(memory.clone()));
        for sentence in &config.unused {
            tracing::warn!("{sentence}");
        }
        private::folder(&config.data_dir)?;
        if let Some(file) = &config.fetching.ca_file {
            tls::check(file)?;
        }
        databases::check(&config.data_dir, &storage::databases(&config))?;
        let sidecar = match &config.sidecar {
            Some(found) => Some(Sidecar::new(&found.http, found.grpc.as_deref(), found.api_token.as_deref())?),
            None => None,
        };
        if let Some(sidecar) = &sidecar {
            tokio::spawn(sidecar.clone().watch());
        }
        let registry = Arc::new(storage::registry(&config, sidecar.as_ref(), memory.clone())?);
        let blocks = match &sidecar {
            Some(sidecar) => Blocks::of_sidecar(sidecar, &config),
            None => Blocks::embedded(storage::store(&config)?, &config, &components).await?,
        };
        databases::note(&config.data_dir, &storage::databases(&config));
        let (components, stop) = (Arc::new(components), CancellationToken::new());
        Ok(Base { config, components, sidecar, registry, blocks, memory, stop })
    }

    /// What the blocks share in Dapr's API.
    pub fn shared(&self) -> Arc<Shared> {
        let config = &self.config;
        Arc::new(Shared {
            components: Arc::clone(&self.components),
            registry: Arc::clone(&self.registry),
            app_id: config.app_id.as_str().into(),
            max_body_bytes: config.max_body_bytes,
            patience: Patience::of(&config.connections),
            memory: self.memory.purse(),
            max_answer_bytes: config.max_answer_bytes,
            stop: self.stop.clone(),
        })
    }
}
