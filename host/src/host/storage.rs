//! What a configuration opens: the components, the databases, the registry, the folder of snapshots.
use super::{Fatal, engine};
use crate::budget::Budget;
use crate::components::{Block, Components, Sources};
use crate::config::{self, Config};
use crate::dapr::Sidecar;
use crate::functions::warnings::Known;
use crate::functions::{Common, Registry};
use crate::sandbox::Sandbox;
use crate::snapshot::{Disk, SnapshotKey};
use crate::store::Store;
use std::sync::Arc;

/// The components of the embedded default; none behind a sidecar, which has its own.
pub(super) fn components(config: &Config) -> Result<Components, Fatal> {
    if config.sidecar.is_some() {
        return Ok(Components::default());
    }
    let sources = Sources {
        types: crate::blocks::COMPONENTS,
        app_id: &config.app_id,
        resources: config.resources.as_ref(),
        secrets: config.secrets.clone(),
        keys_dir: &config.keys_dir,
        bindings: config.bindings.clone(),
    };
    Ok(Components::open(&sources)?)
}

/// The database of functions, and that of the embedded default.
pub(super) const FUNCTIONS: &str = "functions.redb";
pub(super) const STATE: &str = "state.redb";

/// The databases that this configuration opens.
pub(super) fn databases(config: &Config) -> Vec<&'static str> {
    let file = matches!(config.registry, config::RegistryPlace::File).then_some(FUNCTIONS);
    file.into_iter().chain(config.sidecar.is_none().then_some(STATE)).collect()
}

/// The cache of a database, bytes. Functions are read once, at the start: an eighth is enough for them.
fn cache(config: &Config, name: &str) -> usize {
    let eighth = config.store_cache_bytes / 8;
    let bytes = if name == FUNCTIONS { eighth } else { config.store_cache_bytes - eighth };
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The database of the embedded default.
pub(super) fn store(config: &Config) -> Result<Store, Fatal> {
    Ok(Store::open(&config.data_dir.join(STATE), cache(config, STATE))?)
}

/// The names that uploads are compared with.
pub(super) fn known(config: &Config, components: &Components) -> Known {
    let names = |block| components.names(block).into_iter().map(str::to_owned).collect();
    Known {
        stores: names(Block::State),
        configuration: names(Block::Configuration),
        secrets: names(Block::Secrets),
        inputs: components.schedules.keys().cloned().collect(),
        outputs: components.targets.keys().cloned().collect(),
        brokers: Arc::clone(&components.brokers),
        app_id: config.app_id.clone(),
    }
}

/// The registry of functions. The configuration allows a state store only behind a sidecar.
pub(super) fn registry(config: &Config, sidecar: Option<&Sidecar>, memory: Budget) -> Result<Registry, Fatal> {
    let guest = SnapshotKey::guest(engine::GUEST);
    let common = Common { guest, memory, ceilings: config.max_limits.clone(), absent: config.grants };
    match (&config.registry, sidecar) {
        (config::RegistryPlace::Dapr { store, poll }, Some(sidecar)) => {
            Ok(Registry::shared(sidecar.clone(), store, *poll, common))
        }
        _ => Ok(Registry::open(&config.data_dir.join(FUNCTIONS), cache(config, FUNCTIONS), common)?),
    }
}

/// The cache of loaded functions on disk. Without it a start evaluates them again.
pub(super) fn disk(config: &Config, sandbox: &Sandbox, registry: &Registry) -> Option<Disk> {
    // A shared registry is loaded later; snapshots without a function are removed first then.
    let live: Option<Vec<SnapshotKey>> =
        registry.missing().is_none().then(|| registry.list().iter().map(|function| function.key).collect());
    let folder = config.data_dir.join("snapshots");
    if config.snapshot_disk_bytes == 0 {
        return None;
    }
    match Disk::open(&folder, config.snapshot_disk_bytes, Arc::clone(sandbox.program()), live.as_deref()) {
        Ok(disk) => Some(disk),
        Err(error) => {
            tracing::warn!("no loaded functions are kept in {}: {error}", folder.display());
            None
        }
    }
}
