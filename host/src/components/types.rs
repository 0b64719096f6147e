//! The supported types of components, their metadata, and what is made of it.
//!
//! Dapr's types are supported if the embedded default behaves like them; the others are refused, because a component
//! that does something other than its name says is worse than none.
use super::manifest::{Declared, Given};
use super::prefix::Owner;
use super::properties::{Known, Properties};
use super::{Block, Components, Fault, Sources};
use crate::blocks::bindings::embedded::Target;
use crate::blocks::call::truthy;
use crate::blocks::jobs::schedule::{Schedule, duration};
use crate::blocks::locks::DEFAULT_LOCKS;
use crate::blocks::pubsub::Scopes;
use crate::blocks::secrets::embedded::{SEPARATOR, Secrets};
use crate::blocks::state::DEFAULT_STORE;
use crate::config::{BINDING_RESPONSE_BYTES, BINDING_TIMEOUT_MS, binding_url};
use crate::headers::is_reserved;
use reqwest::header::{HeaderName, HeaderValue};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The capability of a binding that functions call.
pub const OUTPUT: &str = "OUTPUT_BINDING";
/// The capability of a binding that calls functions.
pub const INPUT: &str = "INPUT_BINDING";

const STATE: &[&str] = &["keyPrefix", "actorStateStore"];
/// `consumerID` has no effect: the one consumer is this host.
const PUBSUB: &[&str] = &["allowedTopics", "protectedTopics", "publishingScopes", "subscriptionScopes", "consumerID"];
const HTTP: &[&str] = &[
    "url",
    "responseTimeout",
    "maxResponseBodySize",
    "securityToken",
    "securityTokenHeader",
    "errorIfNot2XX",
    "direction",
];

/// Type, building block, fields of `spec.metadata`.
const TYPES: &[(&str, Block, &[&str])] = &[
    ("state.in-memory", Block::State, STATE),
    ("state.daplet", Block::State, STATE),
    ("pubsub.in-memory", Block::Pubsub, PUBSUB),
    ("pubsub.daplet", Block::Pubsub, PUBSUB),
    ("secretstores.local.file", Block::Secrets, &["secretsFile", "nestedSeparator", "multiValued"]),
    ("secretstores.local.env", Block::Secrets, &["prefix"]),
    ("secretstores.daplet", Block::Secrets, &[]),
    ("configuration.daplet", Block::Configuration, &[]),
    ("lock.daplet", Block::Lock, &["keyPrefix"]),
    ("crypto.dapr.localstorage", Block::Crypto, &["path"]),
    ("crypto.daplet", Block::Crypto, &[]),
    ("bindings.http", Block::Binding, HTTP),
    // `route` is for a sidecar: it is the path that it calls.
    ("bindings.cron", Block::Binding, &["schedule", "direction", "route"]),
];

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
    let Some((kind, block, fields)) = TYPES.iter().find(|(kind, ..)| kind.eq_ignore_ascii_case(&declared.kind)) else {
        let there: Vec<&str> = TYPES.iter().map(|(kind, ..)| *kind).collect();
        return Err(format!(
            "the embedded default has no type {:?}; it has {}; for others run with a Dapr sidecar (DAPR_HTTP_PORT)",
            declared.kind,
            there.join(", ")
        ));
    };
    let unknown = declared.items.iter().find(|(name, _)| !fields.iter().any(|field| field.eq_ignore_ascii_case(name)));
    if let Some((name, _)) = unknown {
        let there = if fields.is_empty() { "it has none".to_owned() } else { format!("it has {}", fields.join(", ")) };
        return Err(format!(
            "spec.metadata has {name}, which {kind} of the embedded default does not have: {there}; with a Dapr sidecar it may have more"
        ));
    }
    let nothing = BTreeMap::new();
    let known = Known {
        secrets: &components.secrets,
        environment: sources.resources.map_or(&nothing, |resources| &resources.environment),
        app_id: sources.app_id,
    };
    let properties = Properties::resolve(declared, &known)?;
    components.add(*block, &declared.name, (kind, &declared.version), &properties, sources)
}

/// Makes a component; returns its optional capabilities.
pub fn make(
    components: &mut Components,
    (kind, name): (&str, &str),
    properties: &Properties,
    sources: &Sources<'_>,
) -> Result<Vec<&'static str>, String> {
    let environment = sources.resources.map(|resources| &resources.environment);
    let owner = |default| Owner {
        name,
        default,
        app_id: sources.app_id,
        namespace: environment.and_then(|variables| variables.get("NAMESPACE")).map(String::as_str),
    };
    let key = name.to_owned();
    match kind {
        "state.in-memory" | "state.daplet" => {
            let space = owner(DEFAULT_STORE).of_state(properties.get("keyPrefix"))?;
            if properties.get("actorStateStore").is_some_and(truthy) {
                if let Some(other) = &components.actor_store {
                    return Err(format!("actorStateStore is true, as it is for {other}; actors have one state store"));
                }
                components.actor_store = Some(key.clone());
            }
            components.stores.insert(key, space);
            return Ok(vec!["ETAG", "TRANSACTIONAL", "TTL", "QUERY_API", "ACTOR"]);
        }
        "pubsub.in-memory" | "pubsub.daplet" => {
            let scopes = Scopes::new(|name| properties.get(name), sources.app_id);
            Arc::make_mut(&mut components.brokers).0.insert(key, scopes);
        }
        "secretstores.local.file" => {
            let file = Path::new(properties.required("secretsFile")?);
            let separator = properties.get("nestedSeparator").unwrap_or(SEPARATOR);
            let multi_valued = properties.get("multiValued").is_some_and(truthy);
            let secrets = Secrets::file(file, separator, multi_valued).map_err(|e| e.to_string())?;
            components.secrets.insert(key, secrets);
            return Ok(if multi_valued { vec!["MULTIPLE_KEY_VALUES_PER_SECRET"] } else { vec![] });
        }
        "secretstores.local.env" => {
            let prefix = properties.get("prefix").unwrap_or_default();
            let named =
                |(name, value): (&String, &String)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone()));
            let named = environment.into_iter().flatten().filter_map(named).filter(|(name, _)| !name.is_empty());
            components.secrets.insert(key, Secrets::environment(named.collect()));
        }
        "secretstores.daplet" => {
            let secrets = Secrets::open(sources.secrets.file.as_deref(), sources.secrets.environment.clone());
            let secrets = secrets.map_err(|e| format!("{e} (setting secrets_file)"))?;
            components.secrets.insert(key, secrets);
        }
        "lock.daplet" => {
            components.locks.insert(key, owner(DEFAULT_LOCKS).of_locks(properties.get("keyPrefix"))?);
        }
        "crypto.dapr.localstorage" => {
            components.keys.insert(key, PathBuf::from(properties.required("path")?));
        }
        "crypto.daplet" => {
            components.keys.insert(key, sources.keys_dir.to_owned());
        }
        "bindings.http" => {
            direction(properties, "output")?;
            components.targets.insert(key, target(properties)?);
            return Ok(vec![OUTPUT]);
        }
        "bindings.cron" => {
            direction(properties, "input")?;
            components.schedules.insert(key, Schedule::parse(properties.required("schedule")?)?);
            return Ok(vec![INPUT]);
        }
        // A configuration store has no metadata.
        _ => {}
    }
    Ok(vec![])
}

fn direction(properties: &Properties, own: &str) -> Result<(), String> {
    match properties.get("direction") {
        Some(said) if !said.split(',').any(|said| said.trim().eq_ignore_ascii_case(own)) => {
            Err(format!("direction is {said:?}, but a binding of this type is {own}"))
        }
        _ => Ok(()),
    }
}

fn target(properties: &Properties) -> Result<Target, String> {
    let header = match (properties.get("securityTokenHeader"), properties.get("securityToken")) {
        (Some(name), Some(token)) => {
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|e| format!("securityTokenHeader is {name:?}: {e}"))?;
            if is_reserved(name.as_str()) {
                return Err(format!("securityTokenHeader is {name:?}, which only the host sets on what it sends"));
            }
            let mut token = HeaderValue::from_str(token).map_err(|e| format!("securityToken: {e}"))?;
            token.set_sensitive(true);
            Some((name, token))
        }
        _ => None,
    };
    let timeout = properties.get("responseTimeout").map(|text| duration("responseTimeout", text)).transpose()?;
    Ok(Target {
        url: binding_url(properties.required("url")?)?,
        timeout: Duration::from_millis(timeout.unwrap_or(BINDING_TIMEOUT_MS)),
        max_response_bytes: properties.get("maxResponseBodySize").map_or(Ok(BINDING_RESPONSE_BYTES), bytes)?,
        header,
        error_if_not_2xx: properties.get("errorIfNot2XX").is_none_or(truthy),
    })
}

/// A size as Kubernetes writes it: `4194304`, `4Mi`, `4M`. For Dapr, 0 and less mean no limit.
fn bytes(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, i64); 7] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("", 1),
    ];
    let parse = |(unit, bytes): &(&str, i64)| text.strip_suffix(unit)?.parse::<i64>().ok()?.checked_mul(*bytes);
    let size = UNITS.iter().find_map(parse);
    let size =
        size.ok_or_else(|| format!("maxResponseBodySize is {text:?}, but must be a size such as 100, 10Ki or 4M"))?;
    Ok(if size > 0 { usize::try_from(size).unwrap_or(usize::MAX) } else { usize::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_kubernetes() {
        assert_eq!([bytes("100"), bytes("10Ki"), bytes("1M")], [Ok(100), Ok(10_240), Ok(1_000_000)]);
        assert_eq!([bytes("0"), bytes("-1")], [Ok(usize::MAX), Ok(usize::MAX)]);
        for wrong in ["", "much", "1Mb", "9223372036854775807Gi"] {
            assert!(bytes(wrong).is_err_and(|e| e.contains(wrong)), "{wrong}");
        }
    }
}
