//! Functions: uploaded by developers, checked and loaded.
//!
//! Owns: names, sources, versions, the registry, the upload pipeline. Must not know: HTTP, how a request is answered.
//!
//! # Layout
//! - [`declared`]: what a module may declare on this host
//! - [`name`]: valid names of functions
//! - [`source`]: parsing, TypeScript, what may be imported
//! - [`client`]: who uploads
//! - [`fair`]: places for sources, handed out to clients and functions in turn
//! - [`checker`]: processes that check sources, so that a hostile one does no harm
//! - [`registry`]: the durable table of functions, of this host or shared by several
//! - [`routes`]: which events of a topic a function is called for, by a [`condition`] each
//! - [`topics`]: which topics its grants allow in a function's subscriptions
//! - [`upload`]: from source to a live version, or to a [`load_failure`]
//! - [`warnings`]: names of things that this host does not have
pub mod checker;
pub mod client;
mod condition;
mod declared;
mod fair;
mod load_failure;
pub mod name;
pub mod registry;
pub mod routes;
pub mod source;
pub mod topics;
pub mod upload;
pub mod warnings;

pub use checker::{CheckLimits, Checker};
pub use client::Client;
pub use fair::FairQueue;
pub use name::FunctionName;
pub use registry::{Common, Precondition, Registry, RegistryError, Unmet, Versions};
pub use routes::{Route, Routing, Unrouted, aside};
pub use upload::{Deployed, Deployer, Upload, UploadError};

use crate::blocks::grants::Grants;
use crate::budget::Purse;
use crate::limits::Limits;
use crate::snapshot::SnapshotKey;
use daplet_abi::load::{LoadReport, Subscription};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use source::{Language, LineMap};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// Names of handlers of requests; see the guest's dispatcher.
const REQUEST_HANDLERS: [&str; 8] = ["fetch", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/// The stored form of a function: enough to run it after a restart without any other source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Digest of source and settings; the ETag.
    pub version: String,
    /// The source as uploaded.
    pub source: String,
    /// The language of `source`.
    pub language: Language,
    /// JavaScript made from `source`; absent if that is JavaScript already.
    #[serde(default)]
    pub code: Option<String>,
    /// Source map (version 3) from `code` to `source`; absent if positions are the same.
    #[serde(default)]
    pub map: Option<String>,
    /// The limits in force, with defaults.
    pub limits: Limits,
    /// `env` of the upload.
    pub env: BTreeMap<String, String>,
    /// What the function may reach.
    pub grants: Grants,
    /// What the module exports: handlers, and the events that they are called for.
    #[serde(flatten)]
    pub exports: LoadReport,
    /// When the name was first used, RFC 3339.
    pub created: String,
    /// When this version went live, RFC 3339.
    pub updated: String,
    /// Time that loading took, ms.
    pub init_ms: f64,
    /// Memory of the snapshot, bytes.
    pub snapshot_bytes: usize,
}

/// A live version of a function.
#[derive(Debug)]
pub struct Function {
    pub name: FunctionName,
    /// Its stored form.
    pub record: Record,
    /// The name, shared by every operation of its invocations.
    pub label: Arc<str>,
    /// `record.grants` with the operator's rule for absent lists.
    pub grants: Arc<Grants>,
    /// The key of its snapshot.
    pub key: SnapshotKey,
    /// Maps lines of the running code to lines of the source.
    pub lines: Option<LineMap>,
    /// Permits for `limits.concurrency` invocations at once.
    pub permits: Arc<tokio::sync::Semaphore>,
    /// Its present load on the workers.
    pub demand: Demand,
    /// Its invocations' part of the memory budget.
    pub memory: Purse,
    /// Cancelled when the function is removed, not when another version replaces this one; absent before it goes live.
    pub removed: OnceLock<CancellationToken>,
    /// Routes of the subscriptions that have rules.
    pub routing: Routing,
}

/// The load of a function on the workers. `invoke` counts it.
#[derive(Debug, Default)]
pub struct Demand {
    /// Recent time of one entry, µs; 0 while it is unknown.
    pub entry_us: AtomicU64,
    /// Entries that wait or run.
    pub entries: AtomicU64,
    /// Expected time of those entries, µs.
    pub backlog_us: AtomicU64,
}

impl Function {
    /// Its file name in stack frames.
    pub fn file(&self) -> String {
        file_name(&self.name, self.record.language)
    }

    /// Whether the function has been removed.
    pub fn is_removed(&self) -> bool {
        self.removed.get().is_some_and(CancellationToken::is_cancelled)
    }

    /// Completes when the function is removed.
    pub async fn removal(&self) {
        match self.removed.get() {
            Some(removed) => removed.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Whether it handles requests, and not only other events.
    pub fn takes_requests(&self) -> bool {
        self.record.exports.handlers.iter().any(|handler| REQUEST_HANDLERS.contains(&handler.as_str()))
    }

    /// Its subscription to a topic.
    pub fn subscription(&self, (pubsub, topic): (&str, &str)) -> Option<&Subscription> {
        self.record.exports.subscriptions.iter().find(|s| s.pubsub == pubsub && s.topic == topic)
    }

    /// Which route an event of that topic takes.
    pub async fn route(&self, place: (&str, &str), event: &Map<String, Value>) -> Result<Route, Unrouted> {
        self.routing.route(place, event).await
    }

    /// Returns a text of its log with stack frames led back to the source.
    pub fn in_source<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.lines.as_ref().map_or(Cow::Borrowed(text), |lines| lines.text(text, &self.file()))
    }

    /// The JavaScript that runs.
    pub fn code(&self) -> &str {
        self.record.code.as_deref().unwrap_or(&self.record.source)
    }
}

fn file_name(name: &FunctionName, language: Language) -> String {
    format!("{name}.{}", language.extension())
}
