//! Functions: what a developer uploaded, checked and loaded.
//!
//! Owns: names, sources, versions, the registry, the upload pipeline. Must not know: HTTP, how a request is answered.
//!
//! # Layout
//! - [`name`]: what a function may be called
//! - [`source`]: parsing, TypeScript, what may be imported
//! - [`checker`]: where sources are checked, so that a hostile one does no harm
//! - [`registry`]: the durable table of functions, of this host alone or shared by several
//! - [`routes`]: which events of a topic a function is called for, by a [`condition`] each
//! - [`topics`]: which topics its grants open to a function's subscriptions
//! - [`upload`]: from source to a live version
//! - [`warnings`]: names that lead nowhere
pub mod checker;
mod condition;
pub mod name;
pub mod registry;
pub mod routes;
pub mod source;
pub mod topics;
pub mod upload;
pub mod warnings;

pub use checker::{CheckLimits, Checker};
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
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// Handlers of requests; see the dispatcher of the guest.
const REQUEST_HANDLERS: [&str; 8] = ["fetch", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/// What is stored of a function: enough to run it again after a restart without asking anybody.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Digest of source and settings; the ETag.
    pub version: String,
    /// As uploaded.
    pub source: String,
    /// Of `source`.
    pub language: Language,
    /// JavaScript made of `source`; absent where it is the source itself.
    #[serde(default)]
    pub code: Option<String>,
    /// Source map (version 3) from `code` to `source`; absent where positions are the same.
    #[serde(default)]
    pub map: Option<String>,
    /// In force, defaults filled in.
    pub limits: Limits,
    /// `env` of the upload.
    pub env: BTreeMap<String, String>,
    /// What the function may reach.
    pub grants: Grants,
    /// What the module exports: handlers, and what they are called for.
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
    /// Its name.
    pub name: FunctionName,
    /// What is stored of it.
    pub record: Record,
    /// Shared by all operations of all its invocations.
    pub label: Arc<str>,
    /// `record.grants` as the operator lets them hold.
    pub grants: Arc<Grants>,
    /// What its snapshot is kept under.
    pub key: SnapshotKey,
    /// From lines of the running code to lines of the source.
    pub lines: Option<LineMap>,
    /// Places for `limits.concurrency` invocations at once.
    pub permits: Arc<tokio::sync::Semaphore>,
    /// What it asks of the workers now.
    pub demand: Demand,
    /// What its invocations hold of the process's memory.
    pub memory: Purse,
    /// Cancelled when the function is removed, not when another version replaces this one; absent before it goes live.
    pub removed: OnceLock<CancellationToken>,
    /// Of the subscriptions that have routing rules.
    pub routing: Routing,
}

/// What a function asks of the workers. Counted by `invoke`.
#[derive(Debug, Default)]
pub struct Demand {
    /// What one entry takes of late, µs; 0 until that is known.
    pub entry_us: AtomicU64,
    /// Entries that wait or run.
    pub entries: AtomicU64,
    /// What those are expected to take, µs.
    pub backlog_us: AtomicU64,
}

impl Function {
    /// The file name in stack frames.
    pub fn file(&self) -> String {
        file_name(&self.name, self.record.language)
    }

    /// Whether the function has been removed.
    pub fn is_removed(&self) -> bool {
        self.removed.get().is_some_and(CancellationToken::is_cancelled)
    }

    /// Ends when the function is removed.
    pub async fn removal(&self) {
        match self.removed.get() {
            Some(removed) => removed.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Whether it can answer requests: what is called by other events alone cannot.
    pub fn takes_requests(&self) -> bool {
        self.record.exports.handlers.iter().any(|handler| REQUEST_HANDLERS.contains(&handler.as_str()))
    }

    /// What it says of a topic that it subscribes to.
    pub fn subscription(&self, (pubsub, topic): (&str, &str)) -> Option<&Subscription> {
        self.record.exports.subscriptions.iter().find(|s| s.pubsub == pubsub && s.topic == topic)
    }

    /// Which way an event of that topic goes.
    pub async fn route(&self, place: (&str, &str), event: &Map<String, Value>) -> Result<Route, Unrouted> {
        self.routing.route(place, event).await
    }

    /// The JavaScript that runs.
    pub fn code(&self) -> &str {
        self.record.code.as_deref().unwrap_or(&self.record.source)
    }
}

fn file_name(name: &FunctionName, language: Language) -> String {
    format!("{name}.{}", language.extension())
}
