//! Components of the embedded default: the names of each building block's components, and what they are.
//!
//! Owns: names, types and settings of components, the folder of Dapr's YAML that declares them (`--resources-path`), the
//! default names for blocks that it does not declare. Must not know: how a component works, HTTP. Behind a sidecar there
//! are none: they are the sidecar's.
//!
//! # Layout
//! - [`manifest`]: the documents of a file
//! - [`folder`]: the files, and which of their documents are for this host
//! - [`properties`]: a component's settings, with secrets and variables filled in
//! - [`types`]: the supported types, and their metadata
//! - [`prefix`]: prefixes of keys
mod folder;
mod manifest;
mod prefix;
mod properties;
mod types;

use crate::blocks::bindings::embedded::Target;
use crate::blocks::jobs::schedule::Schedule;
use crate::blocks::pubsub::Brokers;
use crate::blocks::secrets::embedded::Secrets;
use crate::blocks::state::DEFAULT_STORE;
use crate::config::{self, BindingSettings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use manifest::{Manifest, parse};
pub use prefix::Owner;
pub use properties::Properties;
pub use types::{Made, Making, Type};

/// The capability of a binding that functions call.
pub const OUTPUT: &str = "OUTPUT_BINDING";
/// The capability of a binding that calls functions.
pub const INPUT: &str = "INPUT_BINDING";

/// A fault of the components, which ends the program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Fault {
    /// File, document and component, as far as they are known.
    pub place: String,
    /// What is wrong there, with the value.
    pub reason: String,
}

/// A kind of component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Block {
    State,
    Pubsub,
    Configuration,
    Secrets,
    /// Encryption keys.
    Crypto,
    Lock,
    /// Input and output bindings.
    Binding,
}

/// A component, as the metadata lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub name: String,
    /// Its building block.
    pub block: Block,
    /// Building block and implementation, Dapr's `spec.type`.
    pub kind: String,
    /// Dapr's `spec.version`.
    pub version: String,
    /// Its optional capabilities.
    pub capabilities: Vec<&'static str>,
}

/// Every component, and by name what each does.
#[derive(Clone, Default)]
pub struct Components {
    /// In the order of their blocks and names.
    pub listed: Vec<Component>,
    /// The key prefix of each state store in the database.
    pub stores: BTreeMap<String, String>,
    /// The state store of actors.
    pub actor_store: Option<String>,
    /// Brokers, and the topics that they allow.
    pub brokers: Arc<Brokers>,
    /// Secrets by their stores.
    pub secrets: BTreeMap<String, Secrets>,
    /// The name prefix of each lock store in the database.
    pub locks: BTreeMap<String, String>,
    /// Folders of keys.
    pub keys: BTreeMap<String, PathBuf>,
    /// Output bindings.
    pub targets: BTreeMap<String, Target>,
    /// Input bindings.
    pub schedules: BTreeMap<String, Schedule>,
}

/// Where components come from.
#[derive(Clone)]
pub struct Sources<'a> {
    /// This host's app-id.
    pub app_id: &'a str,
    /// The folder, if there is one.
    pub resources: Option<&'a config::Resources>,
    /// Secrets of the default store.
    pub secrets: config::Secrets,
    /// Keys of the default component.
    pub keys_dir: &'a Path,
    /// Bindings of the configuration file.
    pub bindings: BTreeMap<String, BindingSettings>,
    /// The types that blocks have.
    pub types: &'static [&'static [Type]],
}

impl Sources<'_> {
    /// Every type, block by block.
    fn all_types(&self) -> impl Iterator<Item = &'static Type> + use<> {
        self.types.iter().flat_map(|types| types.iter())
    }
}

impl Components {
    /// Reads the folder, and adds the defaults of the blocks that it does not declare.
    pub fn open(sources: &Sources<'_>) -> Result<Components, Fault> {
        let mut components = Components::default();
        let declared = match sources.resources {
            Some(resources) => folder::read(resources, sources.app_id)?,
            None => Vec::new(),
        };
        types::build(&mut components, declared, sources)?;
        components.bindings_of_the_configuration(&sources.bindings)?;
        for known in sources.all_types().filter(|known| known.default.is_some()) {
            components.add_default(known.block, sources)?;
        }
        let said = sources.secrets.file.is_some() || !sources.secrets.environment.is_empty();
        if said && components.listed.iter().all(|component| component.kind != "secretstores.daplet") {
            tracing::warn!(
                "secrets_file and secrets_env_prefix are not used: the secret stores are those of the folder (setting \
                 resources_path), none of which is of type secretstores.daplet"
            );
        }
        let by_block = |component: &Component| (component.block, component.name.clone());
        components.listed.sort_by_key(by_block);
        if components.actor_store.is_none() && components.stores.contains_key(DEFAULT_STORE) {
            components.actor_store = Some(DEFAULT_STORE.to_owned());
        }
        Ok(components)
    }

    /// Whether a component of that block has that name.
    pub fn has(&self, block: Block, name: &str) -> bool {
        self.listed.iter().any(|component| component.block == block && component.name == name)
    }

    /// The names of a block's components.
    pub fn names(&self, block: Block) -> Vec<&str> {
        let of_block = self.listed.iter().filter(|component| component.block == block);
        of_block.map(|component| component.name.as_str()).collect()
    }

    /// Adds one. A name is unique over all blocks, as in Dapr.
    fn add(
        &mut self,
        known: &Type,
        (name, version): (&str, &str),
        properties: &Properties,
        sources: &Sources<'_>,
    ) -> Result<(), String> {
        self.check_free(name)?;
        let capabilities = (known.make)(self, &Making { name, properties, sources })?;
        self.list(known.block, name, (known.name, version), capabilities);
        Ok(())
    }

    fn check_free(&self, name: &str) -> Result<(), String> {
        match self.listed.iter().find(|other| other.name == name) {
            None => Ok(()),
            Some(other) => Err(format!("the name {name:?} is that of a component of type {} already", other.kind)),
        }
    }

    fn list(&mut self, block: Block, name: &str, (kind, version): (&str, &str), capabilities: Vec<&'static str>) {
        let (name, kind, version) = (name.to_owned(), kind.to_owned(), version.to_owned());
        self.listed.push(Component { name, block, kind, version, capabilities });
    }

    /// Adds the default of a block without components.
    fn add_default(&mut self, block: Block, sources: &Sources<'_>) -> Result<(), Fault> {
        if self.listed.iter().any(|component| component.block == block) {
            return Ok(());
        }
        let of_block = sources.all_types().filter(|known| known.block == block);
        of_block.filter_map(|known| Some((known, known.default?))).try_for_each(|(known, name)| {
            let added = self.add(known, (name, "v1"), &Properties::default(), sources);
            let kind = known.name;
            added.map_err(|reason| Fault {
                place: format!("the default component {name:?} ({kind})"),
                reason: format!("{reason}; it needs another name, or the folder a component in the default's place"),
            })
        })
    }

    fn bindings_of_the_configuration(&mut self, bindings: &BTreeMap<String, BindingSettings>) -> Result<(), Fault> {
        for (name, binding) in bindings {
            let fault = |reason| Fault { place: format!("[bindings.{name}]"), reason };
            self.check_free(name).map_err(fault)?;
            let (kind, capability) = match binding {
                BindingSettings::Http(http) => {
                    let target = Target {
                        url: http.url.clone(),
                        timeout: Duration::from_millis(http.timeout_ms),
                        max_response_bytes: http.max_response_bytes,
                        header: None,
                        error_if_not_2xx: true,
                    };
                    self.targets.insert(name.clone(), target);
                    ("bindings.http", OUTPUT)
                }
                BindingSettings::Cron(schedule) => {
                    let schedule = Schedule::parse(schedule).map_err(fault)?;
                    self.schedules.insert(name.clone(), schedule);
                    ("bindings.cron", INPUT)
                }
            };
            self.list(Block::Binding, name, (kind, "v1"), vec![capability]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
