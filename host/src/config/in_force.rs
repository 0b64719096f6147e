//! The settings in force, as the server reads them: in its units, under its names.
use super::bindings::BindingSettings;
use super::environment::{Proxies, Resources, Secrets, Sidecar};
use super::kinds::{AbsentGrants, LogFormat, Outbound};
use super::web::{Admin, LocalNames, Origins};
use crate::limits::Limits;
use crate::observer;
use crate::quotas::Quotas;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Checked settings of the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address of functions, and of management unless `admin` has one.
    pub listen: SocketAddr,
    /// The address of management, and its token.
    pub admin: Admin,
    /// Names that the server answers to.
    pub names: LocalNames,
    /// Web pages that may use management and Dapr's API.
    pub origins: Origins,
    /// Token of Dapr's API without a sidecar (`DAPR_API_TOKEN`).
    pub dapr_api_token: Option<String>,
    /// Dapr's HTTP API of the embedded default.
    pub dapr_listen: SocketAddr,
    /// Dapr's gRPC API of the embedded default.
    pub dapr_grpc_listen: SocketAddr,
    /// This host's app-id.
    pub app_id: String,
    /// Folder of functions, state and messages.
    pub data_dir: PathBuf,
    /// Where functions are stored.
    pub registry: RegistryPlace,
    /// Folder of encryption keys.
    pub keys_dir: PathBuf,
    /// Folder of the compiled engine.
    pub cache_dir: PathBuf,
    /// Secrets of the embedded default.
    pub secrets: Secrets,
    /// Components of the embedded default; `None`: one of each block, under its default name.
    pub resources: Option<Resources>,
    /// Threads that run functions; 0: one per core.
    pub workers: usize,
    /// Requests that may wait for a worker.
    pub queue: usize,
    /// How long a request may wait for a worker.
    pub queue_wait: Duration,
    /// Memory for loaded functions, bytes; `None`: a part of the budget.
    pub snapshot_cache_bytes: Option<u64>,
    /// Caches of the databases together, bytes.
    pub store_cache_bytes: u64,
    /// Memory for everything that the server holds, bytes.
    pub memory_budget_bytes: u64,
    /// Disk for loaded functions, bytes; 0: none.
    pub snapshot_disk_bytes: u64,
    /// Largest source, bytes.
    pub max_source_bytes: usize,
    /// Largest request body, bytes.
    pub max_body_bytes: usize,
    /// Largest answer of Dapr's API with values in it, bytes.
    pub max_answer_bytes: u64,
    /// CPU time of one query over state.
    pub query_time: Duration,
    /// Memory for sorting in one query, bytes.
    pub query_sort_bytes: usize,
    /// CPU time for loading a function.
    pub load_cpu: Duration,
    /// Time for parsing a small source.
    pub check_time: Duration,
    /// Memory for parsing the largest source, bytes.
    pub check_memory_bytes: u64,
    /// Limits of connections.
    pub connections: Connections,
    /// Fetches of functions.
    pub fetching: Fetching,
    /// Hide the details of failures from callers.
    pub production: bool,
    /// Start without deliveries, jobs, reminders and timers.
    pub safe_mode: bool,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Filter of the log.
    pub log: String,
    /// What metrics and the log tell of requests.
    pub observer: observer::Settings,
    /// Time between the signal to stop and the end of serving.
    pub drain: Duration,
    /// Time for running requests at shutdown.
    pub shutdown_grace: Duration,
    /// Compare memory after every so many restores; 0: never.
    pub verify_restore: u32,
    /// Defaults of the functions' limits.
    pub limits: Limits,
    /// The most that uploads may ask for.
    pub max_limits: Limits,
    /// Bounds of what is stored on disk.
    pub quotas: Quotas,
    /// Bindings by their names.
    pub bindings: BTreeMap<String, BindingSettings>,
    /// The Dapr sidecar, if there is one.
    pub sidecar: Option<Sidecar>,
    /// Token that the sidecar must send (`APP_API_TOKEN`).
    pub app_token: Option<String>,
    /// Whether functions may be managed through service invocation.
    pub manage_through_dapr: bool,
    /// What a list of grants allows that an upload leaves out.
    pub grants: AbsentGrants,
    /// Longest lifetime of a lock, s.
    pub max_lock_seconds: u32,
    /// A sentence for each setting that has no effect.
    pub unused: Vec<String>,
}

/// Limits of connections: their number, times and sizes.
#[derive(Clone, Debug)]
pub struct Connections {
    /// Connections at once.
    pub most: usize,
    /// Largest request line, bytes.
    pub line_bytes: usize,
    /// Largest head, bytes.
    pub head_bytes: usize,
    /// Time for a head to arrive.
    pub head: Duration,
    /// Time for a body to arrive.
    pub body: Duration,
    /// Time for the peer to accept a part of an answer.
    pub write: Duration,
    /// Time between requests.
    pub idle: Duration,
    /// Least rate of a body or an answer, bytes a second; 0: any rate.
    pub rate: u64,
}

/// Fetches of functions: where they may go, and their limits.
#[derive(Clone, Debug)]
pub struct Fetching {
    /// Where they may go.
    pub outbound: Outbound,
    /// Proxies, if they are to be used.
    pub proxies: Option<Proxies>,
    /// Certificates that are believed in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Time to connect.
    pub connect: Duration,
    /// Time for the head of a response.
    pub head: Duration,
    /// Time for the next part of a body.
    pub idle: Duration,
    /// Connections at once.
    pub connections: usize,
    /// Fetches of one invocation at once.
    pub open: usize,
}

/// Where functions are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryPlace {
    /// In the data folder.
    File,
    /// In a state store of the sidecar, shared by every replica with this app-id.
    Dapr {
        /// The store's component.
        store: String,
        /// Time between two reads.
        poll: Duration,
    },
}
