//! Configuration: command line over environment over file over defaults, checked once.
//!
//! Owns: every setting's name, default and range; the only reader of the environment. Must not know: what settings do.
use crate::limits::Limits;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A fault of the configuration; ends the program with exit code 64.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The file is no TOML, or has a key that is not known.
    #[error("configuration file {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// The parser's words, with line and key.
        reason: String,
    },
    /// An environment variable is not known.
    #[error("unknown environment variable {name}; known are {known}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A value is out of range.
    #[error("{setting} is {value}, but must be {range}")]
    OutOfRange {
        /// The setting.
        setting: String,
        /// The value given.
        value: String,
        /// What is allowed.
        range: String,
    },
}

/// Daplet runs JavaScript functions for Dapr, each request in a fresh WebAssembly sandbox.
#[derive(Debug, Parser)]
#[command(name = "daplet", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: CliCommand,
}

const EXAMPLES: &str = "\
Examples:
  daplet serve
  daplet serve --listen 0.0.0.0:8080 --data-dir /var/lib/daplet --production
  daplet compile --cache-dir /opt/daplet/cache      fill the cache of the compiled engine, for an image

Every setting of `serve` is also an environment variable (shown in brackets) and a key of the TOML file given with
--config (the option's name with underscores). The command line wins over the environment, the environment over the file.

Where DAPR_HTTP_PORT or DAPR_HTTP_ENDPOINT is set, state, pub/sub and invocation go to that Dapr sidecar; with DAPR_GRPC_PORT or
DAPR_GRPC_ENDPOINT, topics come from it by streams. DAPR_API_TOKEN is sent to it, APP_API_TOKEN is asked of it.";

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run the server.
    Serve(Box<Settings>),
    /// Check sources from standard input; `serve` starts it.
    #[command(hide = true)]
    CheckSources,
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
struct Settings {
    /// Address of functions and management [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "DAPLET_LISTEN", help_heading = "Addresses")]
    listen: Option<SocketAddr>,
    /// Address of Dapr's HTTP API, served without a sidecar [default: 127.0.0.1:3500]
    #[arg(long, value_name = "ADDR", env = "DAPLET_DAPR_LISTEN", help_heading = "Addresses")]
    dapr_listen: Option<SocketAddr>,
    /// Address of Dapr's gRPC API (without a sidecar) [default: 127.0.0.1:50001]
    #[arg(long, value_name = "ADDRESS", env = "DAPLET_DAPR_GRPC_LISTEN", help_heading = "Network")]
    dapr_grpc_listen: Option<SocketAddr>,
    /// The app-id under which Dapr knows this host [default: daplet]
    #[arg(long, value_name = "ID", env = "DAPLET_APP_ID", help_heading = "Addresses")]
    app_id: Option<String>,
    /// TOML file with settings
    #[arg(long, value_name = "FILE", env = "DAPLET_CONFIG", help_heading = "Files")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Folder of functions, state and messages [default: ~/.local/share/daplet]
    #[arg(long, value_name = "DIR", env = "DAPLET_DATA_DIR", help_heading = "Files")]
    data_dir: Option<PathBuf>,
    /// Folder of keys for encryption (PEM, JWK), without a sidecar [default: `keys` in the data folder]
    #[arg(long, value_name = "DIR", env = "DAPLET_KEYS_DIR", help_heading = "Files")]
    keys_dir: Option<PathBuf>,
    /// Folder of the compiled engine, in a private subfolder [default: ~/.cache/daplet]
    #[arg(long, value_name = "DIR", env = "DAPLET_CACHE_DIR", help_heading = "Files")]
    cache_dir: Option<PathBuf>,
    /// JSON file of secrets, used without a sidecar; nested names are joined by ":" [default: none]
    #[arg(long, value_name = "FILE", env = "DAPLET_SECRETS_FILE", help_heading = "Files")]
    secrets_file: Option<PathBuf>,
    /// Environment variables that begin with this are secrets, named by the rest; used without a sidecar [default: none]
    #[arg(long, value_name = "PREFIX", env = "DAPLET_SECRETS_ENV_PREFIX", help_heading = "Files")]
    secrets_env_prefix: Option<String>,
    /// Threads that run functions [default: one per core]
    #[arg(long, value_name = "N", env = "DAPLET_WORKERS", help_heading = "Capacity")]
    workers: Option<usize>,
    /// Requests that may wait for a worker; more are answered 503 [default: 20000]
    #[arg(long, value_name = "N", env = "DAPLET_QUEUE", help_heading = "Capacity")]
    queue: Option<usize>,
    /// Time that a request may wait for a worker before it is answered 503, ms [default: 5000]
    #[arg(long, value_name = "MS", env = "DAPLET_QUEUE_MS", help_heading = "Capacity")]
    queue_ms: Option<u64>,
    /// Memory for loaded functions, MiB [default: 512]
    #[arg(long, value_name = "MIB", env = "DAPLET_SNAPSHOT_CACHE_MB", help_heading = "Capacity")]
    snapshot_cache_mb: Option<u64>,
    /// Disk for loaded functions, in the data folder, MiB; 0: none, a restart then loads them anew [default: 4096]
    #[arg(long, value_name = "MIB", env = "DAPLET_SNAPSHOT_DISK_MB", help_heading = "Capacity")]
    snapshot_disk_mb: Option<u64>,
    /// Largest source of a function, bytes [default: 4194304]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_SOURCE_BYTES", help_heading = "Capacity")]
    max_source_bytes: Option<usize>,
    /// Largest request body, bytes [default: 4194304]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_BODY_BYTES", help_heading = "Capacity")]
    max_body_bytes: Option<usize>,
    /// CPU time for loading a function, ms [default: 1000]
    #[arg(long, value_name = "MS", env = "DAPLET_LOAD_CPU_MS", help_heading = "Capacity")]
    load_cpu_ms: Option<u64>,
    /// Connections at once, as far as the limit of open files allows; more are answered 503 [default: 20000]
    #[arg(long, value_name = "N", env = "DAPLET_MAX_CONNECTIONS", help_heading = "Connections")]
    max_connections: Option<usize>,
    /// Largest request line, bytes [default: 16384]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_REQUEST_LINE_BYTES", help_heading = "Connections")]
    max_request_line_bytes: Option<usize>,
    /// Largest head of a request, its line and all headers, bytes [default: 65536]
    #[arg(long, value_name = "BYTES", env = "DAPLET_MAX_HEAD_BYTES", help_heading = "Connections")]
    max_head_bytes: Option<usize>,
    /// Time for a request's head to arrive, ms [default: 10000]
    #[arg(long, value_name = "MS", env = "DAPLET_HEAD_MS", help_heading = "Connections")]
    head_ms: Option<u64>,
    /// Time for a request's body to arrive, ms [default: 60000]
    #[arg(long, value_name = "MS", env = "DAPLET_BODY_MS", help_heading = "Connections")]
    body_ms: Option<u64>,
    /// Time for a client to take in the next part of an answer, ms [default: 30000]
    #[arg(long, value_name = "MS", env = "DAPLET_WRITE_MS", help_heading = "Connections")]
    write_ms: Option<u64>,
    /// Time that a connection stays open between requests, ms [default: 75000]
    #[arg(long, value_name = "MS", env = "DAPLET_IDLE_MS", help_heading = "Connections")]
    idle_ms: Option<u64>,
    /// Hide messages and stack traces of failed functions from callers
    #[arg(long, env = "DAPLET_PRODUCTION", num_args = 0..=1, default_missing_value = "true", help_heading = "Operation")]
    production: Option<bool>,
    /// Let other applications manage functions through Dapr's service invocation
    #[arg(long, env = "DAPLET_MANAGE_THROUGH_DAPR", num_args = 0..=1, default_missing_value = "true", help_heading = "Operation")]
    manage_through_dapr: Option<bool>,
    /// Form of the log [default: text]
    #[arg(long, value_enum, value_name = "FORM", env = "DAPLET_LOG_FORMAT", help_heading = "Operation")]
    log_format: Option<LogFormat>,
    /// What to log, in tracing's filter language [default: info]
    #[arg(long, value_name = "FILTER", env = "DAPLET_LOG", help_heading = "Operation")]
    log: Option<String>,
    /// Time that running requests get when the server is stopped, ms [default: 10000]
    #[arg(long, value_name = "MS", env = "DAPLET_SHUTDOWN_GRACE_MS", help_heading = "Operation")]
    shutdown_grace_ms: Option<u64>,
    /// Compare the whole memory with its snapshot after every N-th request (each without N): slow, for tests of isolation
    #[arg(long, value_name = "N", env = "DAPLET_VERIFY_RESTORE", num_args = 0..=1, default_missing_value = "1", help_heading = "Operation")]
    verify_restore: Option<u32>,
    /// Defaults of the functions' limits; file only.
    #[arg(skip)]
    limits: Option<Limits>,
    /// HTTP bindings by their names, without a sidecar; file only.
    #[arg(skip)]
    bindings: Option<BTreeMap<String, BindingSettings>>,
}

/// An output binding to an HTTP service: `[bindings.NAME]` of the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindingSettings {
    /// Where its requests go.
    #[serde(deserialize_with = "http_url")]
    pub url: reqwest::Url,
    /// For the whole answer.
    #[serde(default = "binding_timeout_ms")]
    pub timeout_ms: u64,
    /// Largest answer.
    #[serde(default = "binding_response_bytes")]
    pub max_response_bytes: usize,
}

fn binding_timeout_ms() -> u64 {
    15_000
}

fn binding_response_bytes() -> usize {
    4 << 20
}

fn http_url<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<reqwest::Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse::<reqwest::Url>() {
        Ok(url) if url.scheme() == "http" && url.has_host() => Ok(url),
        _ => Err(serde::de::Error::custom(format!(
            "the url of a binding is {text:?}, but must be an http:// URL; for https use a Dapr sidecar"
        ))),
    }
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

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Run the server.
    Serve(Box<Config>),
    /// Be a checker of sources.
    CheckSources,
    /// Fill the cache of the compiled engine.
    Compile {
        /// Folder of the compiled engine.
        cache_dir: PathBuf,
    },
}

/// Checked settings of the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Functions and management.
    pub listen: SocketAddr,
    /// Dapr's HTTP API of the embedded default.
    pub dapr_listen: SocketAddr,
    /// Dapr's gRPC API of the embedded default.
    pub dapr_grpc_listen: SocketAddr,
    /// This host's app-id.
    pub app_id: String,
    /// Functions, state and messages.
    pub data_dir: PathBuf,
    /// Keys for encryption.
    pub keys_dir: PathBuf,
    /// The compiled engine.
    pub cache_dir: PathBuf,
    /// Secrets of the embedded default.
    pub secrets: Secrets,
    /// Threads that run functions; 0: one per core.
    pub workers: usize,
    /// Requests that may wait for a worker.
    pub queue: usize,
    /// How long they may wait.
    pub queue_wait: Duration,
    /// Memory for loaded functions, bytes.
    pub snapshot_cache_bytes: u64,
    /// Disk for loaded functions, bytes; 0: none.
    pub snapshot_disk_bytes: u64,
    /// Largest source, bytes.
    pub max_source_bytes: usize,
    /// Largest request body, bytes.
    pub max_body_bytes: usize,
    /// CPU time for loading a function.
    pub load_cpu: Duration,
    /// What a connection may take.
    pub connections: Connections,
    /// Hide failures' details from callers.
    pub production: bool,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Filter of the log.
    pub log: String,
    /// Time for running requests at shutdown.
    pub shutdown_grace: Duration,
    /// Compare memory after every so many restores; 0: never.
    pub verify_restore: u32,
    /// Defaults of the functions' limits.
    pub limits: Limits,
    /// HTTP bindings by their names.
    pub bindings: BTreeMap<String, BindingSettings>,
    /// The Dapr sidecar, where there is one.
    pub sidecar: Option<Sidecar>,
    /// Token that the sidecar has to send (`APP_API_TOKEN`).
    pub app_token: Option<String>,
    /// Functions may be managed through service invocation.
    pub manage_through_dapr: bool,
}

/// What connections may take: of time, of bytes, and how many there may be.
#[derive(Clone, Debug)]
pub struct Connections {
    /// At once.
    pub most: usize,
    /// Largest request line.
    pub line_bytes: usize,
    /// Largest head.
    pub head_bytes: usize,
    /// For a head to arrive.
    pub head: Duration,
    /// For a body to arrive.
    pub body: Duration,
    /// For a part of an answer to be taken.
    pub write: Duration,
    /// Between requests.
    pub idle: Duration,
}

/// Where secrets come from.
#[derive(Clone, Default)]
pub struct Secrets {
    /// A JSON file.
    pub file: Option<PathBuf>,
    /// Environment variables that the operator lets in, by their names without the prefix.
    pub environment: BTreeMap<String, String>,
}

impl std::fmt::Debug for Secrets {
    /// Names only: values must not get into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.environment.keys().collect();
        f.debug_struct("Secrets").field("file", &self.file).field("environment", &names).finish()
    }
}

/// Where the Dapr sidecar is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// Base URL, without a slash at the end.
    pub http: String,
    /// URL of its gRPC API, where that is known.
    pub grpc: Option<String>,
    /// Token to send (`DAPR_API_TOKEN`).
    pub api_token: Option<String>,
}

impl Command {
    /// Reads command line, environment and file. Prints help or usage and exits where that was asked for.
    pub fn read() -> Result<Command, ConfigError> {
        Command::from(
            Cli::parse(),
            |name| std::env::var(name).ok().filter(|value| !value.is_empty()),
            std::env::vars().map(|(name, _)| name),
        )
    }

    /// The same from parts: what was typed, a look into the environment, the names in it.
    pub fn from(
        cli: Cli,
        variable: impl Fn(&str) -> Option<String>,
        names: impl Iterator<Item = String>,
    ) -> Result<Command, ConfigError> {
        let names: Vec<String> = names.collect();
        check_variables(names.iter().cloned())?;
        match cli.command {
            CliCommand::CheckSources => Ok(Command::CheckSources),
            CliCommand::Compile { cache_dir } => Ok(Command::Compile {
                cache_dir: cache_dir.unwrap_or_else(|| user_folder(&variable, "XDG_CACHE_HOME", ".cache")),
            }),
            CliCommand::Serve(typed) => {
                let file = match &typed.config {
                    Some(path) => read_file(path)?,
                    None => Settings::default(),
                };
                Config::check(*typed, file, &variable, &names).map(|config| Command::Serve(Box::new(config)))
            }
        }
    }
}

fn read_file(path: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| ConfigError::Unreadable { path: path.to_owned(), reason: e.to_string() })?;
    toml::from_str(&text).map_err(|e| ConfigError::File { path: path.to_owned(), reason: e.to_string() })
}

/// Variables that look like ours but are not: a typing error would otherwise go unseen.
fn check_variables(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    use clap::CommandFactory;
    let command = Cli::command();
    let serve = command.find_subcommand("serve").into_iter().flat_map(clap::Command::get_arguments);
    let known: Vec<String> =
        serve.filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned())).collect();
    for name in names.filter(|name| name.starts_with("DAPLET_")) {
        if !known.contains(&name) {
            return Err(ConfigError::UnknownVariable { name, known: known.join(", ") });
        }
    }
    Ok(())
}

fn user_folder(variable: &impl Fn(&str) -> Option<String>, xdg: &str, below_home: &str) -> PathBuf {
    let base = variable(xdg).map(PathBuf::from);
    let base = base.or_else(|| variable("HOME").map(|home| Path::new(&home).join(below_home)));
    base.unwrap_or_else(|| PathBuf::from("/var/lib")).join("daplet")
}

impl Config {
    fn check(
        typed: Settings,
        file: Settings,
        variable: &impl Fn(&str) -> Option<String>,
        names: &[String],
    ) -> Result<Config, ConfigError> {
        macro_rules! pick {
            ($name:ident, $default:expr) => {
                typed.$name.or(file.$name).unwrap_or_else(|| $default)
            };
        }
        let snapshot_cache_mb: u64 = pick!(snapshot_cache_mb, 512);
        let secrets = Secrets {
            file: typed.secrets_file.or(file.secrets_file),
            environment: let_in(typed.secrets_env_prefix.or(file.secrets_env_prefix), names, variable)?,
        };
        let data_dir = pick!(data_dir, user_folder(variable, "XDG_DATA_HOME", ".local/share"));
        let config = Config {
            listen: pick!(listen, SocketAddr::from(([127, 0, 0, 1], 8080))),
            dapr_listen: pick!(dapr_listen, SocketAddr::from(([127, 0, 0, 1], 3500))),
            dapr_grpc_listen: pick!(dapr_grpc_listen, SocketAddr::from(([127, 0, 0, 1], 50001))),
            app_id: pick!(app_id, variable("APP_ID").unwrap_or_else(|| "daplet".to_owned())),
            keys_dir: pick!(keys_dir, data_dir.join("keys")),
            data_dir,
            cache_dir: pick!(cache_dir, user_folder(variable, "XDG_CACHE_HOME", ".cache")),
            secrets,
            workers: pick!(workers, 0),
            queue: pick!(queue, 20_000),
            queue_wait: Duration::from_millis(pick!(queue_ms, 5_000)),
            snapshot_cache_bytes: snapshot_cache_mb.saturating_mul(1 << 20),
            snapshot_disk_bytes: pick!(snapshot_disk_mb, 4096).saturating_mul(1 << 20),
            max_source_bytes: pick!(max_source_bytes, 4 << 20),
            max_body_bytes: pick!(max_body_bytes, 4 << 20),
            load_cpu: Duration::from_millis(pick!(load_cpu_ms, 1_000)),
            connections: Connections {
                most: pick!(max_connections, 20_000),
                line_bytes: pick!(max_request_line_bytes, 16 << 10),
                head_bytes: pick!(max_head_bytes, 64 << 10),
                head: Duration::from_millis(pick!(head_ms, 10_000)),
                body: Duration::from_millis(pick!(body_ms, 60_000)),
                write: Duration::from_millis(pick!(write_ms, 30_000)),
                idle: Duration::from_millis(pick!(idle_ms, 75_000)),
            },
            production: pick!(production, false),
            log_format: pick!(log_format, LogFormat::Text),
            log: pick!(log, "info".to_owned()),
            shutdown_grace: Duration::from_millis(pick!(shutdown_grace_ms, 10_000)),
            verify_restore: pick!(verify_restore, 0),
            limits: pick!(limits, Limits::default()),
            bindings: pick!(bindings, BTreeMap::new()),
            sidecar: sidecar(variable)?,
            app_token: variable("APP_API_TOKEN"),
            manage_through_dapr: pick!(manage_through_dapr, false),
        };
        config.limits.check().map_err(|e| ConfigError::OutOfRange {
            setting: format!("limits.{}", e.name),
            value: e.value.to_string(),
            range: format!("{} to {}", e.min, e.max),
        })?;
        let connections = &config.connections;
        let ranges = [
            ("workers", config.workers as u64, 0, 256),
            ("snapshot_cache_mb", snapshot_cache_mb, 0, 16 << 20),
            ("max_connections", connections.most as u64, 1, 1_000_000),
            ("max_head_bytes", connections.head_bytes as u64, 1 << 10, 1 << 20),
            ("max_request_line_bytes", connections.line_bytes as u64, 256, 60 << 10),
        ];
        match ranges.into_iter().find(|(_, value, min, max)| value < min || value > max) {
            Some((setting, value, min, max)) => Err(ConfigError::OutOfRange {
                setting: setting.to_owned(),
                value: value.to_string(),
                range: format!("{min} to {max}"),
            }),
            None => Ok(config),
        }
    }
}

/// The variables whose names begin with the prefix. An empty prefix would let in all.
fn let_in(
    prefix: Option<String>,
    names: &[String],
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let Some(prefix) = prefix else { return Ok(BTreeMap::new()) };
    if prefix.is_empty() || prefix.starts_with("DAPLET_") {
        return Err(ConfigError::OutOfRange {
            setting: "secrets_env_prefix".to_owned(),
            value: format!("{prefix:?}"),
            range: "a prefix of at least one character that does not begin with DAPLET_".to_owned(),
        });
    }
    let named = names.iter().filter_map(|name| Some((name, name.strip_prefix(&prefix)?)));
    let found = named.filter_map(|(name, rest)| Some((rest.to_owned(), variable(name)?)));
    Ok(found.filter(|(rest, _)| !rest.is_empty()).collect())
}

/// A sidecar is next to this server: its addresses are plain HTTP.
fn sidecar(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Sidecar>, ConfigError> {
    let address = |endpoint: &str, port: &str| {
        let Some(given) = variable(endpoint) else {
            return Ok(variable(port).map(|port| format!("http://127.0.0.1:{port}")));
        };
        let url = if given.contains("://") { given.clone() } else { format!("http://{given}") };
        if url.starts_with("http://") && !url.contains('?') {
            return Ok(Some(url.trim_end_matches('/').to_owned()));
        }
        let range = "an address without TLS, such as http://127.0.0.1:3500".to_owned();
        Err(ConfigError::OutOfRange { setting: endpoint.to_owned(), value: given, range })
    };
    let grpc = address("DAPR_GRPC_ENDPOINT", "DAPR_GRPC_PORT")?;
    let http = address("DAPR_HTTP_ENDPOINT", "DAPR_HTTP_PORT")?;
    Ok(http.map(|http| Sidecar { http, grpc, api_token: variable("DAPR_API_TOKEN") }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn serve(args: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let cli = Cli::try_parse_from(["daplet", "serve"].iter().chain(args)).unwrap();
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        match Command::from(cli, find, variables.iter().map(|(n, _)| (*n).to_owned()))? {
            Command::Serve(config) => Ok(*config),
            Command::CheckSources | Command::Compile { .. } => unreachable!("serve was typed"),
        }
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(&file, "workers = 3\nqueue = 7\n[limits]\ncpuMs = 99\n").unwrap();
        let config = serve(&["--config", file.to_str().unwrap(), "--workers", "5"], &[]).unwrap();
        assert_eq!((config.workers, config.queue, config.limits.cpu_ms, config.limits.wall_ms), (5, 7, 99, 30_000));
    }

    #[test]
    fn faults_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        let path = file.to_str().unwrap();
        std::fs::write(&file, "lissten = 1\n").unwrap();
        assert!(serve(&["--config", path], &[]).unwrap_err().to_string().contains("lissten"));
        std::fs::write(&file, "[limits]\nmemoryMb = 9999\n").unwrap();
        let message = serve(&["--config", path], &[]).unwrap_err().to_string();
        assert!(message.contains("limits.memoryMb") && message.contains("9999"), "{message}");
        assert!(serve(&[], &[("DAPLET_LISSTEN", "1")]).unwrap_err().to_string().contains("DAPLET_LISSTEN"));
    }

    #[test]
    fn only_variables_with_the_prefix_are_secrets() {
        let variables = [("SECRET_DB", "hunter2"), ("SECRET_", "nameless"), ("HOME", "/root")];
        assert!(serve(&[], &variables).unwrap().secrets.environment.is_empty());
        let config = serve(&["--secrets-env-prefix", "SECRET_"], &variables).unwrap();
        assert_eq!(config.secrets.environment, BTreeMap::from([("DB".to_owned(), "hunter2".to_owned())]));
        assert!(!format!("{config:?}").contains("hunter2"));
        for refused in ["", "DAPLET_SECRET_"] {
            let message = serve(&["--secrets-env-prefix", refused], &variables).unwrap_err().to_string();
            assert!(message.contains("secrets_env_prefix"), "{message}");
        }
    }

    #[test]
    fn the_sidecar_is_found_in_the_environment() {
        let found = |variables| serve(&[], variables).unwrap().sidecar;
        let (http, api_token) = ("http://127.0.0.1:3501".to_owned(), Some("t".to_owned()));
        let variables = [("DAPR_HTTP_PORT", "3501"), ("DAPR_API_TOKEN", "t")];
        assert_eq!(found(&variables), Some(Sidecar { http: http.clone(), grpc: None, api_token }));
        let variables = [("DAPR_HTTP_ENDPOINT", "http://127.0.0.1:3501/"), ("DAPR_GRPC_ENDPOINT", "dapr:50001")];
        let grpc = Some("http://dapr:50001".to_owned());
        assert_eq!(found(&variables), Some(Sidecar { http, grpc, api_token: None }));
        assert_eq!(found(&[]), None);
        let refused = serve(&[], &[("DAPR_GRPC_ENDPOINT", "https://dapr:443")]).unwrap_err().to_string();
        assert!(refused.contains("DAPR_GRPC_ENDPOINT") && refused.contains("https://dapr:443"), "{refused}");
    }
}
