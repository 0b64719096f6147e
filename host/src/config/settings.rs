//! What can be typed, set in the environment and written to the file. Nothing is filled in or checked here.
use super::quotas::QuotaSettings;
use super::web::Place;
use crate::limits::Limits;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Daplet runs JavaScript functions for Dapr, each request in a fresh WebAssembly sandbox.
#[derive(Debug, Parser)]
#[command(name = "daplet", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub(super) command: CliCommand,
}

const EXAMPLES: &str = "\
Examples:
  daplet serve
  daplet serve --listen 0.0.0.0:8080 --admin-listen 127.0.0.1:8081 --data-dir /var/lib/daplet --production
  daplet compile --cache-dir /opt/daplet/cache      fill the cache of the compiled engine, for an image

Every setting of `serve` is also an environment variable (shown in brackets) and a key of the TOML file given with
--config (the option's name with underscores). The command line wins over the environment, the environment over the file.

Where DAPR_HTTP_PORT or DAPR_HTTP_ENDPOINT is set, state, pub/sub and invocation go to that Dapr sidecar; with DAPR_GRPC_PORT or
DAPR_GRPC_ENDPOINT, topics come from it by streams. DAPR_API_TOKEN is sent to it, APP_API_TOKEN is asked of it. Without a sidecar, DAPR_API_TOKEN is
asked of the callers of Dapr's API.";

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    /// Run the server.
    Serve(Box<Settings>),
    /// Check sources from standard input; `serve` starts it.
    #[command(hide = true)]
    CheckSources {
        /// The process that must be the parent.
        #[arg(long, value_name = "PID")]
        parent: Option<i32>,
    },
    /// Compile the JavaScript engine ahead of time and keep the result; `serve` finds it.
    Compile {
        /// Folder of the compiled engine, in a private subfolder.
        #[arg(long, value_name = "DIR", env = "DAPLET_CACHE_DIR")]
        cache_dir: Option<PathBuf>,
    },
}

/// What was typed, set or written; nothing is filled in yet.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// Address of functions and management [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "DAPLET_LISTEN", help_heading = "Addresses")]
    pub(super) listen: Option<SocketAddr>,
    /// Address of Dapr's HTTP API, served without a sidecar [default: 127.0.0.1:3500]
    #[arg(long, value_name = "ADDR", env = "DAPLET_DAPR_LISTEN", help_heading = "Addresses")]
    pub(super) dapr_listen: Option<SocketAddr>,
    /// Address of Dapr's gRPC API, served without a sidecar [default: 127.0.0.1:50001]
    #[arg(long, value_name = "ADDR", env = "DAPLET_DAPR_GRPC_LISTEN", help_heading = "Addresses")]
    pub(super) dapr_grpc_listen: Option<SocketAddr>,
    /// Address of management and health alone, IP:PORT or unix:PATH; the other then serves functions only [default: --listen's]
    #[arg(long, value_name = "PLACE", env = "DAPLET_ADMIN_LISTEN", help_heading = "Addresses")]
    pub(super) admin_listen: Option<Place>,
    /// File of the token that management asks for (`Authorization: Bearer`), made when it is missing; a relative path is in the
    /// data folder. Needed where management is not on loopback [default: none; without FILE: admin-token]
    #[arg(long, value_name = "FILE", env = "DAPLET_ADMIN_TOKEN_FILE", num_args = 0..=1, default_missing_value = "admin-token", help_heading = "Addresses")]
    pub(super) admin_token_file: Option<PathBuf>,
    /// Names that this server answers to beside addresses and localhost, `*.domain` for all below one [default: none]
    #[arg(long, value_name = "NAMES", env = "DAPLET_ALLOWED_HOSTS", value_delimiter = ',', help_heading = "Addresses")]
    pub(super) allowed_hosts: Option<Vec<String>>,
    /// Domain whose names NAME.DOMAIN are the functions NAME, as NAME.localhost is [default: none]
    #[arg(long, value_name = "DOMAIN", env = "DAPLET_FUNCTION_DOMAIN", help_heading = "Addresses")]
    pub(super) function_domain: Option<String>,
    /// Origins of web pages that may use management and Dapr's API, such as https://console.example.com [default: none]
    #[arg(
        long,
        value_name = "ORIGINS",
        env = "DAPLET_CORS_ORIGINS",
        value_delimiter = ',',
        help_heading = "Addresses"
    )]
    pub(super) cors_origins: Option<Vec<String>>,
    /// The app-id under which Dapr knows this host [default: daplet]
    #[arg(long, value_name = "ID", env = "DAPLET_APP_ID", help_heading = "Addresses")]
    pub(super) app_id: Option<String>,
    /// TOML file with settings
    #[arg(long, value_name = "FILE", env = "DAPLET_CONFIG", help_heading = "Files")]
    #[serde(skip)]
    pub(super) config: Option<PathBuf>,
    /// Folder of functions, state and messages [default: ~/.local/share/daplet]
    #[arg(long, value_name = "DIR", env = "DAPLET_DATA_DIR", help_heading = "Files")]
    pub(super) data_dir: Option<PathBuf>,
    /// Where functions are kept: `file`, in the data folder, or `dapr`, in a state store of the sidecar, shared by all replicas
    /// with this app-id [default: file]
    #[arg(
        long,
        value_enum,
        value_name = "PLACE",
        env = "DAPLET_REGISTRY",
        help_heading = "Files",
        hide_possible_values = true
    )]
    pub(super) registry: Option<RegistryKind>,
    /// Component of the state store for `--registry dapr` [default: statestore]
    #[arg(long, value_name = "NAME", env = "DAPLET_REGISTRY_STORE", help_heading = "Files")]
    pub(super) registry_store: Option<String>,
    /// Time between two looks at that store for what other replicas changed, ms [default: 1000]
    #[arg(long, value_name = "MS", env = "DAPLET_REGISTRY_POLL_MS", help_heading = "Files")]
    pub(super) registry_poll_ms: Option<u64>,
    /// Folder of keys for encryption (PEM, JWK), without a sidecar [default: `keys` in the data folder]
    #[arg(long, value_name = "DIR", env = "DAPLET_KEYS_DIR", help_heading = "Files")]
    pub(super) keys_dir: Option<PathBuf>,
    /// Folder of Dapr components (YAML), used without a sidecar [default: none]
    #[arg(long, value_name = "DIR", env = "DAPLET_RESOURCES_PATH", help_heading = "Files")]
    pub(super) resources_path: Option<PathBuf>,
    /// Folder of the compiled engine, in a private subfolder [default: ~/.cache/daplet]
    #[arg(long, value_name = "DIR", env = "DAPLET_CACHE_DIR", help_heading = "Files")]
    pub(super) cache_dir: Option<PathBuf>,
    /// JSON file of secrets, used without a sidecar; nested names are joined by ":" [default: none]
    #[arg(long, value_name = "FILE", env = "DAPLET_SECRETS_FILE", help_heading = "Files")]
    pub(super) secrets_file: Option<PathBuf>,
    /// Environment variables that begin with this are secrets, named by the rest; used without a sidecar [default: none]
    #[arg(long, value_name = "PREFIX", env = "DAPLET_SECRETS_ENV_PREFIX", help_heading = "Files")]
    pub(super) secrets_env_prefix: Option<String>,
    /// Threads that run functions [default: one per core]
    #[arg(long, value_name = "N", env = "DAPLET_WORKERS", help_heading = "Capacity")]
    pub(super) workers: Option<usize>,
    /// Requests that may wait for a worker; more are answered 503 [default: 20000]
    #[arg(long, value_name = "N", env = "DAPLET_QUEUE", help_heading = "Capacity")]
    pub(super) queue: Option<usize>,
    /// Time that a request may wait for a worker before it is answered 503, ms [default: 5000]
    #[arg(long, value_name = "MS", env = "DAPLET_QUEUE_MS", help_heading = "Capacity")]
    pub(super) queue_ms: Option<u64>,
    /// Caches of the databases together, MiB; part of the memory budget [default: 64]
    #[arg(long, value_name = "MIB", env = "DAPLET_STORE_CACHE_MB", help_heading = "Capacity")]
    pub(super) store_cache_mb: Option<u64>,
    /// Memory for loaded functions, MiB [default: 512, at most a quarter of the memory budget]
    #[arg(long, value_name = "MIB", env = "DAPLET_SNAPSHOT_CACHE_MB", help_heading = "Capacity")]
    pub(super) snapshot_cache_mb: Option<u64>,
    /// Memory for all that the server holds, MiB [default: 70 % of the cgroup's limit, else of the machine's memory]
    #[arg(long, value_name = "MIB", env = "DAPLET_MEMORY_BUDGET_MB", help_heading = "Capacity")]
    pub(super) memory_budget_mb: Option<u64>,
    /// Disk for loaded functions, in the data folder, MiB; 0: none, a restart then loads them anew [default: 4096]
    #[arg(long, value_name = "MIB", env = "DAPLET_SNAPSHOT_DISK_MB", help_heading = "Capacity")]
    pub(super) snapshot_disk_mb: Option<u64>,
    /// Largest source of a function, bytes [default: 4194304]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_SOURCE_BYTES", help_heading = "Capacity")]
    pub(super) max_source_bytes: Option<usize>,
    /// Largest request body, bytes [default: 4194304]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_BODY_BYTES", help_heading = "Capacity")]
    pub(super) max_body_bytes: Option<usize>,
    /// Largest answer of Dapr's API with state or secrets in it, bytes [default: 33554432]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_ANSWER_BYTES", help_heading = "Capacity")]
    pub(super) max_answer_bytes: Option<u64>,
    /// CPU time of one query over state, without a sidecar, ms [default: 30000]
    #[arg(long, value_name = "MS", env = "DAPLET_QUERY_MS", help_heading = "Capacity")]
    pub(super) query_ms: Option<u64>,
    /// Memory of one query over state for sorting, without a sidecar, MiB [default: 16]
    #[arg(long, value_name = "MIB", env = "DAPLET_QUERY_SORT_MB", help_heading = "Capacity")]
    pub(super) query_sort_mb: Option<usize>,
    /// CPU time for loading a function, ms [default: 1000]
    #[arg(long, value_name = "MS", env = "DAPLET_LOAD_CPU_MS", help_heading = "Capacity")]
    pub(super) load_cpu_ms: Option<u64>,
    /// Time for parsing a source; each MiB of it may take as long again, ms [default: 2000]
    #[arg(long, value_name = "MS", env = "DAPLET_CHECK_MS", help_heading = "Capacity")]
    pub(super) check_ms: Option<u64>,
    /// Memory for parsing a source, in a process of its own, MiB [default: 448]
    #[arg(long, value_name = "MIB", env = "DAPLET_CHECK_MEMORY_MB", help_heading = "Capacity")]
    pub(super) check_memory_mb: Option<u64>,
    /// Connections at once, as far as the limit of open files allows; more are answered 503 [default: 20000]
    #[arg(long, value_name = "N", env = "DAPLET_MAX_CONNECTIONS", help_heading = "Connections")]
    pub(super) max_connections: Option<usize>,
    /// Largest request line, bytes [default: 16384]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_REQUEST_LINE_BYTES", help_heading = "Connections")]
    pub(super) max_request_line_bytes: Option<usize>,
    /// Largest head of a request, its line and all headers, bytes [default: 65536]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_HEAD_BYTES", help_heading = "Connections")]
    pub(super) max_head_bytes: Option<usize>,
    /// Time for a request's head to arrive, ms [default: 10000]
    #[arg(long, value_name = "MS", env = "DAPLET_HEAD_MS", help_heading = "Connections")]
    pub(super) head_ms: Option<u64>,
    /// Time for a request's body to arrive, ms [default: 60000]
    #[arg(long, value_name = "MS", env = "DAPLET_BODY_MS", help_heading = "Connections")]
    pub(super) body_ms: Option<u64>,
    /// Time for a client to take in the next part of an answer, ms [default: 30000]
    #[arg(long, value_name = "MS", env = "DAPLET_WRITE_MS", help_heading = "Connections")]
    pub(super) write_ms: Option<u64>,
    /// Least rate of a body or an answer while the client is waited for, bytes a second over ten seconds; 0: none [default: 1024]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MIN_RATE_BYTES", help_heading = "Connections")]
    pub(super) min_rate_bytes: Option<u64>,
    /// Time that a connection stays open between requests, ms [default: 75000]
    #[arg(long, value_name = "MS", env = "DAPLET_IDLE_MS", help_heading = "Connections")]
    pub(super) idle_ms: Option<u64>,
    /// Hide messages and stack traces of failed functions from callers
    #[arg(long, env = "DAPLET_PRODUCTION", num_args = 0..=1, default_missing_value = "true", help_heading = "Operation")]
    pub(super) production: Option<bool>,
    /// Let other applications manage functions through Dapr's service invocation
    #[arg(long, env = "DAPLET_MANAGE_THROUGH_DAPR", num_args = 0..=1, default_missing_value = "true", help_heading = "Operation")]
    pub(super) manage_through_dapr: Option<bool>,
    /// What a list of `grants` means that an upload leaves out: `open`, as the list says, or `deny`, nothing [default: open]
    #[arg(
        long,
        value_enum,
        value_name = "RULE",
        env = "DAPLET_GRANTS",
        help_heading = "Operation",
        hide_possible_values = true
    )]
    pub(super) grants: Option<AbsentGrants>,
    /// Longest lifetime of a lock, s [default: 86400]
    #[arg(long, value_name = "S", env = "DAPLET_MAX_LOCK_SECONDS", help_heading = "Operation")]
    pub(super) max_lock_seconds: Option<u32>,
    /// Start without deliveries, jobs, reminders and timers, to remove a function whose events keep the server from running
    #[arg(long, env = "DAPLET_SAFE_MODE", num_args = 0..=1, default_missing_value = "true", help_heading = "Operation")]
    pub(super) safe_mode: Option<bool>,
    /// Form of the log [default: text]
    #[arg(long, value_enum, value_name = "FORM", env = "DAPLET_LOG_FORMAT", help_heading = "Operation")]
    pub(super) log_format: Option<LogFormat>,
    /// What to log, in tracing's filter language [default: info]
    #[arg(long, value_name = "FILTER", env = "DAPLET_LOG", help_heading = "Operation")]
    pub(super) log: Option<String>,
    /// Time between the signal to stop and the end of serving, in which `/readyz` says that it stops, ms [default: 0]
    #[arg(long, value_name = "MS", env = "DAPLET_DRAIN_MS", help_heading = "Operation")]
    pub(super) drain_ms: Option<u64>,
    /// Time that running requests get when the server is stopped, ms [default: 10000]
    #[arg(long, value_name = "MS", env = "DAPLET_SHUTDOWN_GRACE_MS", help_heading = "Operation")]
    pub(super) shutdown_grace_ms: Option<u64>,
    /// Compare the whole memory with its snapshot after every N-th request (each without N, 0: never) [default: 1000]
    #[arg(long, value_name = "N", env = "DAPLET_VERIFY_RESTORE", num_args = 0..=1, default_missing_value = "1", help_heading = "Operation")]
    pub(super) verify_restore: Option<u32>,
    #[command(flatten)]
    pub(super) quotas: QuotaSettings,
    /// Defaults of the functions' limits and, under `max`, what uploads may ask for; file only.
    #[arg(skip)]
    pub(super) limits: Option<LimitSettings>,
    /// Bindings by their names, without a sidecar; file only.
    #[arg(skip)]
    pub(super) bindings: Option<BTreeMap<String, BindingSettings>>,
}

/// `[limits]` and `[limits.max]` of the file, as far as they are given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "toml::Table")]
pub(super) struct LimitSettings {
    defaults: toml::Table,
    max: toml::Table,
}

impl TryFrom<toml::Table> for LimitSettings {
    type Error = String;

    fn try_from(mut defaults: toml::Table) -> Result<LimitSettings, String> {
        let max = match defaults.remove("max") {
            None => toml::Table::new(),
            Some(toml::Value::Table(max)) => max,
            Some(other) => return Err(format!("limits.max is {other}, but must be a table")),
        };
        let settings = LimitSettings { defaults, max };
        filled(Limits::default(), &settings.defaults).map_err(|e| format!("limits: {e}"))?;
        filled(Limits::ceilings(), &settings.max).map_err(|e| format!("limits.max: {e}"))?;
        Ok(settings)
    }
}

/// `limits` with what the table gives.
fn filled(limits: Limits, given: &toml::Table) -> Result<Limits, String> {
    let mut all = toml::Table::try_from(limits).map_err(|e| e.to_string())?;
    all.extend(given.clone());
    all.try_into().map_err(|e| e.to_string())
}

impl LimitSettings {
    /// Defaults and ceilings, each with what is given.
    pub(super) fn filled(&self) -> Result<(Limits, Limits), String> {
        Ok((filled(Limits::default(), &self.defaults)?, filled(Limits::ceilings(), &self.max)?))
    }

    /// Whether the file says this default.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.defaults.contains_key(name)
    }
}

/// `[bindings.NAME]` of the file: with a `url` an output binding to an HTTP service, with a `schedule` an input binding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BindingTable")]
pub enum BindingSettings {
    /// Dapr's `bindings.http`.
    Http(HttpBinding),
    /// Dapr's `bindings.cron`: when functions are called.
    Cron(String),
}

/// Time for the whole answer of an output binding that says nothing of it, ms.
pub const BINDING_TIMEOUT_MS: u64 = 15_000;
/// Largest answer of an output binding that says nothing of it, bytes.
pub const BINDING_RESPONSE_BYTES: usize = 4 << 20;

/// An output binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpBinding {
    /// Where its requests go.
    pub url: reqwest::Url,
    /// For the whole answer.
    pub timeout_ms: u64,
    /// Largest answer.
    pub max_response_bytes: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BindingTable {
    #[serde(default, deserialize_with = "http_url")]
    url: Option<reqwest::Url>,
    schedule: Option<String>,
    timeout_ms: Option<u64>,
    max_response_bytes: Option<usize>,
}

impl TryFrom<BindingTable> for BindingSettings {
    type Error = &'static str;

    fn try_from(table: BindingTable) -> Result<BindingSettings, &'static str> {
        match table {
            BindingTable { url: Some(url), schedule: None, timeout_ms, max_response_bytes } => {
                let timeout_ms = timeout_ms.unwrap_or(BINDING_TIMEOUT_MS);
                let max_response_bytes = max_response_bytes.unwrap_or(BINDING_RESPONSE_BYTES);
                Ok(BindingSettings::Http(HttpBinding { url, timeout_ms, max_response_bytes }))
            }
            BindingTable { url: None, schedule: Some(schedule), timeout_ms: None, max_response_bytes: None } => {
                Ok(BindingSettings::Cron(schedule))
            }
            BindingTable { url: None, schedule: Some(_), .. } => {
                Err("timeout_ms and max_response_bytes are for a binding with a url, not for one with a schedule")
            }
            _ => Err("a binding has either a url (an output binding) or a schedule (an input binding)"),
        }
    }
}

fn http_url<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<reqwest::Url>, D::Error> {
    binding_url(&String::deserialize(deserializer)?).map(Some).map_err(serde::de::Error::custom)
}

/// Where an output binding's requests go.
pub fn binding_url(text: &str) -> Result<reqwest::Url, String> {
    // Not the URL itself: it may carry credentials.
    let why = match text.parse::<reqwest::Url>() {
        Ok(url) if url.scheme() == "http" && url.has_host() => return Ok(url),
        Ok(url) => format!("is one of {}:", url.scheme()),
        Err(e) => format!("is none ({e})"),
    };
    Err(format!("the url of a binding {why}, but must be an http:// URL; for https use a Dapr sidecar"))
}

/// Where functions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum RegistryKind {
    /// In the data folder.
    File,
    /// In a state store of the sidecar.
    Dapr,
}

/// What a list of grants means that an upload leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum AbsentGrants {
    /// What the list's own default is: everything, for most.
    #[default]
    Open,
    /// Nothing.
    Deny,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}
