//! What the handlers of `/functions` and `/actors` share.
//!
//! Owns: their parts of the host, and the audit of a change. Must not know: HTTP.
use crate::budget::Purse;
use crate::functions::{Deployer, Function, Registry};
use crate::limits::Limits;
use crate::observer::{Change, Changed, Observer, Source};
use serde_json::{Value, json};
use std::sync::Arc;

/// What the handlers of functions and actors need.
#[derive(Clone)]
pub struct Context {
    /// Where functions are.
    pub registry: Arc<Registry>,
    /// Records changes.
    pub observer: Observer,
    /// How they go live.
    pub deployer: Arc<Deployer>,
    /// Defaults of limits.
    pub limits: Limits,
    /// What an upload may ask for at most.
    pub max_limits: Limits,
    /// Largest source, bytes.
    pub max_source_bytes: usize,
    /// What uploads and answers hold of the process's memory.
    pub memory: Purse,
    /// Whether callers that come through a Dapr sidecar are refused: they are other applications, which may call functions,
    /// not read or upload them.
    pub refuse_invoked: bool,
}

impl Context {
    /// Reports a change that is on disk.
    pub fn audit(&self, name: &str, (old, new): (Option<&Function>, Option<&Function>), source: Source) {
        let what = match (old, new) {
            (None, Some(_)) => Changed::Uploaded,
            (Some(_), Some(_)) => Changed::Replaced,
            // A function whose record could not be read has no version.
            (_, None) => Changed::Removed,
        };
        let version = |function: Option<&Function>| function.map(|function| function.record.version.clone());
        let grants = |function: Option<&Function>| function.map_or(Value::Null, |f| json!(f.record.grants));
        self.observer.change(&Change {
            what,
            function: name,
            old: version(old).as_deref(),
            new: version(new).as_deref(),
            grants: (grants(old), grants(new)),
            source,
        });
    }
}
