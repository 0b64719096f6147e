//! Functions as management shows them.
use crate::functions::Function;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A function in a list, and in the answer to an upload: of `env` only the names.
pub fn describe(function: &Function) -> Value {
    let record = &function.record;
    json!({
        "name": function.name.as_str(),
        "version": record.version,
        "url": format!("/{}", function.name),
        "language": record.language,
        "handlers": record.exports.handlers,
        "subscriptions": record.exports.subscriptions,
        "schedules": record.exports.schedules,
        "actors": record.exports.actors,
        "bindings": record.exports.bindings,
        "configuration": record.exports.configuration,
        "limits": record.limits,
        "env": record.env.keys().map(|name| (name, None)).collect::<BTreeMap<_, Option<&str>>>(),
        "grants": record.grants,
        "initMs": record.init_ms,
        "snapshotBytes": record.snapshot_bytes,
        "created": record.created,
        "updated": record.updated,
    })
}

/// Everything that makes a version. Sent back by PUT, it makes the same version.
pub fn describe_whole(function: &Function) -> Value {
    let mut description = describe(function);
    description["source"] = json!(function.record.source);
    description["env"] = json!(function.record.env);
    description
}
