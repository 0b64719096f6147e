//! The supported types of components: what a block says of each, and which components of a folder are made first.
//!
//! Dapr's types are supported if the embedded default behaves like them; the others are refused, because a component
//! that does something other than its name says is worse than none.
use super::manifest::{Declared, Given};
use super::prefix::Owner;
use super::properties::{Known, Properties};
use super::{Block, Components, Fault, Sources};
use std::collections::BTreeMap;

/// The optional capabilities of a component that was made.
pub type Made = Result<Vec<&'static str>, String>;

/// A type of components. Each block lists its own.
pub struct Type {
    /// Dapr's `spec.type`.
    pub name: &'static str,
    /// The building block.
    pub block: Block,
    /// The fields of `spec.metadata`.
    pub fields: &'static [&'static str],
    /// The name of the component of this type that exists where the folder has none of the block.
    pub default: Option<&'static str>,
    /// Adds a component of this type.
    pub make: fn(&mut Components, &Making<'_>) -> Made,
}

/// A component that is to be made.
pub struct Making<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its settings.
    pub properties: &'a Properties,
    /// Where components come from.
    pub sources: &'a Sources<'a>,
}

impl Making<'_> {
    /// What the prefix of its keys depends on; `default` is the name of its block's default.
    pub fn owner<'b>(&'b self, default: &'b str) -> Owner<'b> {
        let namespace = self.environment().and_then(|variables| variables.get("NAMESPACE"));
        Owner { name: self.name, default, app_id: self.sources.app_id, namespace: namespace.map(String::as_str) }
    }

    /// The environment variables that components may read.
    pub fn environment(&self) -> Option<&BTreeMap<String, String>> {
        self.sources.resources.map(|resources| &resources.environment)
    }
}

/// Adds the components of the folder.
pub fn build(components: &mut Components, declared: Vec<Declared>, sources: &Sources<'_>) -> Result<(), Fault> {
    let is_store = |declared: &Declared| declared.kind.to_ascii_lowercase().starts_with("secretstores.");
    let (mut stores, others): (Vec<Declared>, Vec<Declared>) = declared.into_iter().partition(is_store);
    if stores.is_empty() {
        components.add_default(Block::Secrets, sources)?;
    }
    // Secret stores first, because the metadata of the others may refer to them; a secret store's may too.
    while !stores.is_empty() {
        let names: Vec<String> = stores.iter().map(|store| store.name.clone()).collect();
        let waits = |store: &Declared| refers(store).is_some_and(|other| names.iter().any(|name| name == other));
        let (waiting, ready): (Vec<Declared>, Vec<Declared>) = stores.into_iter().partition(waits);
        if let (Some(first), true) = (waiting.first(), ready.is_empty()) {
            let reason = format!("its secrets are in {:?}, which waits for its own", refers(first).unwrap_or_default());
            return Err(Fault { place: place(first), reason });
        }
        for store in ready {
            add(components, &store, sources)?;
        }
        stores = waiting;
    }
    others.iter().try_for_each(|component| add(components, component, sources))
}

/// The secret store that a component refers to.
fn refers(declared: &Declared) -> Option<&str> {
    let needs = declared.items.iter().any(|(_, given)| matches!(given, Given::Secret { .. }));
    declared.secret_store.as_deref().filter(|_| needs)
}

fn place(declared: &Declared) -> String {
    format!("{}, component {:?} ({})", declared.place, declared.name, declared.kind)
}

fn add(components: &mut Components, declared: &Declared, sources: &Sources<'_>) -> Result<(), Fault> {
    match try_add(components, declared, sources) {
        Err(reason) if declared.ignore_errors => {
            tracing::warn!("{}: {reason}; it is left out (spec.ignoreErrors)", place(declared));
            Ok(())
        }
        done => done.map_err(|reason| Fault { place: place(declared), reason }),
    }
}

fn try_add(components: &mut Components, declared: &Declared, sources: &Sources<'_>) -> Result<(), String> {
    let Some(known) = sources.all_types().find(|known| known.name.eq_ignore_ascii_case(&declared.kind)) else {
        let there: Vec<&str> = sources.all_types().map(|known| known.name).collect();
        return Err(format!(
            "the embedded default has no type {:?}; it has {}; for others run with a Dapr sidecar (DAPR_HTTP_PORT)",
            declared.kind,
            there.join(", ")
        ));
    };
    let unknown =
        declared.items.iter().find(|(name, _)| !known.fields.iter().any(|field| field.eq_ignore_ascii_case(name)));
    if let Some((name, _)) = unknown {
        let there = if known.fields.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it has {}", known.fields.join(", "))
        };
        return Err(format!(
            "spec.metadata has {name}, which {} of the embedded default does not have: {there}; with a Dapr sidecar it may have more",
            known.name
        ));
    }
    let nothing = BTreeMap::new();
    let resolved = Known {
        secrets: &components.secrets,
        environment: sources.resources.map_or(&nothing, |resources| &resources.environment),
        app_id: sources.app_id,
    };
    let properties = Properties::resolve(declared, &resolved)?;
    components.add(known, (&declared.name, &declared.version), &properties, sources)
}
