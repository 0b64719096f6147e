//! The settings in force: the first of command line, environment, file and default that says something, within its range.
use super::environment::{Resources, Secrets, Sidecar, let_in, readable, sidecar};
use super::settings::{AbsentGrants, BindingSettings, LimitSettings, LogFormat, RegistryKind, Settings};
use super::stale;
use super::web::{self, Admin, LocalNames, Origins};
use super::{ConfigError, user_folder};
use crate::budget::machine;
use crate::limits::Limits;
use crate::quotas::Quotas;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Checked settings of the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Functions, and management unless that is elsewhere.
    pub listen: SocketAddr,
    /// Where management is, and who may use it.
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
    /// Functions, state and messages.
    pub data_dir: PathBuf,
    /// Where functions are kept.
    pub registry: RegistryPlace,
    /// Keys for encryption.
    pub keys_dir: PathBuf,
    /// The compiled engine.
    pub cache_dir: PathBuf,
    /// Secrets of the embedded default.
    pub secrets: Secrets,
    /// Components of the embedded default; none: those by the default names alone.
    pub resources: Option<Resources>,
    /// Threads that run functions; 0: one per core.
    pub workers: usize,
    /// Requests that may wait for a worker.
    pub queue: usize,
    /// How long they may wait.
    pub queue_wait: Duration,
    /// Memory for loaded functions, bytes; none: by the budget.
    pub snapshot_cache_bytes: Option<u64>,
    /// Caches of the databases together, bytes.
    pub store_cache_bytes: u64,
    /// Memory for all that the server holds, bytes.
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
    /// Memory of one for sorting, bytes.
    pub query_sort_bytes: usize,
    /// CPU time for loading a function.
    pub load_cpu: Duration,
    /// Time for parsing a small source.
    pub check_time: Duration,
    /// Memory for parsing the largest source, bytes.
    pub check_memory_bytes: u64,
    /// What a connection may take.
    pub connections: Connections,
    /// Hide failures' details from callers.
    pub production: bool,
    /// Nothing is delivered, run or called by itself.
    pub safe_mode: bool,
    /// Form of the log.
    pub log_format: LogFormat,
    /// Filter of the log.
    pub log: String,
    /// Time between the signal to stop and the end of serving.
    pub drain: Duration,
    /// Time for running requests at shutdown.
    pub shutdown_grace: Duration,
    /// Compare memory after every so many restores; 0: never.
    pub verify_restore: u32,
    /// Defaults of the functions' limits.
    pub limits: Limits,
    /// What uploads may ask for at most.
    pub max_limits: Limits,
    /// What may be kept on disk.
    pub quotas: Quotas,
    /// HTTP bindings by their names.
    pub bindings: BTreeMap<String, BindingSettings>,
    /// The Dapr sidecar, where there is one.
    pub sidecar: Option<Sidecar>,
    /// Token that the sidecar has to send (`APP_API_TOKEN`).
    pub app_token: Option<String>,
    /// Functions may be managed through service invocation.
    pub manage_through_dapr: bool,
    /// What lists of grants mean that an upload leaves out.
    pub grants: AbsentGrants,
    /// Longest lifetime of a lock, s.
    pub max_lock_seconds: u32,
    /// A sentence for each setting that has no effect where it stands.
    pub unused: Vec<String>,
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
    /// Bytes per second of a body or an answer, at least; 0: however slow.
    pub rate: u64,
}

/// Where functions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryPlace {
    /// In the data folder.
    File,
    /// In a state store of the sidecar, which all replicas with this app-id share.
    Dapr {
        /// The component.
        store: String,
        /// Between two looks at it.
        poll: Duration,
    },
}

/// 70 % of the memory that this process may use: the rest is for what no budget counts. A kernel that says nothing: 70 % of 1 GiB.
fn memory_budget_mb() -> u64 {
    let bytes = machine::memory().map_or(1 << 30, |(bytes, _)| bytes);
    ((bytes >> 20) * 7 / 10).clamp(64, 16 << 20)
}

impl Config {
    pub(super) fn check(
        mut typed: Settings,
        mut file: Settings,
        variable: &impl Fn(&str) -> Option<String>,
        names: &[String],
    ) -> Result<Config, ConfigError> {
        macro_rules! pick {
            ($name:ident, $default:expr) => {
                typed.$name.or(file.$name).unwrap_or_else(|| $default)
            };
        }
        let sidecar = sidecar(variable)?;
        let unused = stale::unused(&typed, &file, sidecar.is_some());
        let web = web::Given::take(&mut typed, &mut file);
        let named = [
            ("secrets_file", typed.secrets_file.as_deref().or(file.secrets_file.as_deref())),
            ("keys_dir", typed.keys_dir.as_deref().or(file.keys_dir.as_deref())),
        ];
        if let (Some((setting, path)), None) = (stale::missing(named), &sidecar) {
            return Err(ConfigError::OutOfRange {
                setting: setting.to_owned(),
                value: path.display().to_string(),
                range: "a file or folder that is there".to_owned(),
            });
        }
        let store_cache_mb = pick!(store_cache_mb, 64);
        let snapshot_cache_mb = typed.snapshot_cache_mb.or(file.snapshot_cache_mb);
        let memory_budget_mb = pick!(memory_budget_mb, memory_budget_mb());
        let check_memory_mb: u64 = pick!(check_memory_mb, 448);
        let query_sort_mb: usize = pick!(query_sort_mb, 16);
        let secrets = Secrets {
            file: typed.secrets_file.or(file.secrets_file),
            environment: let_in(typed.secrets_env_prefix.or(file.secrets_env_prefix), names, variable)?,
        };
        let resources = match typed.resources_path.or(file.resources_path) {
            Some(folder) if sidecar.is_some() => {
                return Err(ConfigError::OutOfRange {
                    setting: "resources_path".to_owned(),
                    value: folder.display().to_string(),
                    range: "absent where there is a Dapr sidecar (DAPR_HTTP_PORT or DAPR_HTTP_ENDPOINT): the components are the \
                            sidecar's, which has an option of the same name"
                        .to_owned(),
                });
            }
            folder => folder.map(|folder| Resources { folder, environment: readable(names, variable) }),
        };
        let registry_poll_ms = pick!(registry_poll_ms, 1_000);
        let registry = match typed.registry.or(file.registry) {
            None | Some(RegistryKind::File) => RegistryPlace::File,
            Some(RegistryKind::Dapr) if sidecar.is_none() => {
                return Err(ConfigError::OutOfRange {
                    setting: "registry".to_owned(),
                    value: "dapr".to_owned(),
                    range: "file where no Dapr sidecar is known (DAPR_HTTP_PORT or DAPR_HTTP_ENDPOINT)".to_owned(),
                });
            }
            Some(RegistryKind::Dapr) => RegistryPlace::Dapr {
                store: pick!(registry_store, "statestore".to_owned()),
                poll: Duration::from_millis(registry_poll_ms),
            },
        };
        let (limits, max_limits) = limits(&pick!(limits, LimitSettings::default()))?;
        let data_dir = pick!(data_dir, user_folder(variable, "XDG_DATA_HOME", ".local/share"));
        let listen = pick!(listen, SocketAddr::from(([127, 0, 0, 1], 8080)));
        let web = web::check(web, listen, &data_dir)?;
        let manage_through_dapr = pick!(manage_through_dapr, false);
        if manage_through_dapr && web.admin.listen.is_some() {
            return Err(ConfigError::OutOfRange {
                setting: "manage_through_dapr".to_owned(),
                value: "true".to_owned(),
                range: "false where admin_listen takes management away from the address that a sidecar calls"
                    .to_owned(),
            });
        }
        let config = Config {
            listen,
            admin: web.admin,
            names: web.names,
            origins: web.origins,
            dapr_api_token: variable("DAPR_API_TOKEN").filter(|_| sidecar.is_none()),
            dapr_listen: pick!(dapr_listen, SocketAddr::from(([127, 0, 0, 1], 3500))),
            dapr_grpc_listen: pick!(dapr_grpc_listen, SocketAddr::from(([127, 0, 0, 1], 50001))),
            app_id: pick!(app_id, variable("APP_ID").unwrap_or_else(|| "daplet".to_owned())),
            registry,
            keys_dir: pick!(keys_dir, data_dir.join("keys")),
            data_dir,
            cache_dir: pick!(cache_dir, user_folder(variable, "XDG_CACHE_HOME", ".cache")),
            secrets,
            resources,
            workers: pick!(workers, 0),
            queue: pick!(queue, 20_000),
            queue_wait: Duration::from_millis(pick!(queue_ms, 5_000)),
            snapshot_cache_bytes: snapshot_cache_mb.map(|mib| mib.saturating_mul(1 << 20)),
            store_cache_bytes: store_cache_mb.saturating_mul(1 << 20),
            memory_budget_bytes: memory_budget_mb.saturating_mul(1 << 20),
            snapshot_disk_bytes: pick!(snapshot_disk_mb, 4096).saturating_mul(1 << 20),
            max_source_bytes: pick!(max_source_bytes, 4 << 20),
            max_body_bytes: pick!(max_body_bytes, 4 << 20),
            max_answer_bytes: pick!(max_answer_bytes, 32 << 20),
            query_time: Duration::from_millis(pick!(query_ms, 30_000)),
            query_sort_bytes: query_sort_mb << 20,
            load_cpu: Duration::from_millis(pick!(load_cpu_ms, 1_000)),
            check_time: Duration::from_millis(pick!(check_ms, 2_000)),
            check_memory_bytes: check_memory_mb.saturating_mul(1 << 20),
            connections: Connections {
                most: pick!(max_connections, 20_000),
                line_bytes: pick!(max_request_line_bytes, 16 << 10),
                head_bytes: pick!(max_head_bytes, 64 << 10),
                head: Duration::from_millis(pick!(head_ms, 10_000)),
                body: Duration::from_millis(pick!(body_ms, 60_000)),
                write: Duration::from_millis(pick!(write_ms, 30_000)),
                idle: Duration::from_millis(pick!(idle_ms, 75_000)),
                rate: pick!(min_rate_bytes, 1_024),
            },
            production: pick!(production, false),
            safe_mode: pick!(safe_mode, false),
            log_format: pick!(log_format, LogFormat::Text),
            log: pick!(log, "info".to_owned()),
            drain: Duration::from_millis(pick!(drain_ms, 0)),
            shutdown_grace: Duration::from_millis(pick!(shutdown_grace_ms, 10_000)),
            verify_restore: pick!(verify_restore, 1_000),
            limits,
            max_limits,
            quotas: typed.quotas.in_force(&file.quotas),
            bindings: pick!(bindings, BTreeMap::new()),
            sidecar,
            app_token: variable("APP_API_TOKEN"),
            manage_through_dapr,
            grants: pick!(grants, AbsentGrants::Open),
            max_lock_seconds: pick!(max_lock_seconds, 86_400),
            unused,
        };
        let connections = &config.connections;
        let ranges = [
            ("workers", config.workers as u64, 0, 256),
            ("snapshot_cache_mb", snapshot_cache_mb.unwrap_or_default(), 0, 16 << 20),
            ("memory_budget_mb", memory_budget_mb, 64, 16 << 20),
            ("check_ms", config.check_time.as_millis() as u64, 100, 600_000),
            ("check_memory_mb", check_memory_mb, 64, 64 << 10),
            ("max_lock_seconds", config.max_lock_seconds.into(), 1, i32::MAX as u64),
            ("max_answer_bytes", config.max_answer_bytes, 1 << 16, 1 << 31),
            ("query_ms", config.query_time.as_millis() as u64, 1, 3_600_000),
            ("query_sort_mb", query_sort_mb as u64, 1, 1 << 14),
            ("store_cache_mb", store_cache_mb, 2, 1 << 20),
            ("drain_ms", u64::try_from(config.drain.as_millis()).unwrap_or(u64::MAX), 0, 600_000),
            ("registry_poll_ms", registry_poll_ms, 20, 3_600_000),
            ("min_rate_bytes", connections.rate, 0, 1 << 30),
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

/// The defaults of the functions' limits, and their ceilings. A default that nobody asked for gives way to its ceiling.
fn limits(given: &LimitSettings) -> Result<(Limits, Limits), ConfigError> {
    let wrong = |value: String, range: String| ConfigError::OutOfRange { setting: "limits".to_owned(), value, range };
    let (mut limits, max) = given.filled().map_err(|e| wrong(e, "a table of limits".to_owned()))?;
    for (table, limits) in [("limits", &limits), ("limits.max", &max)] {
        limits.check().map_err(|e| ConfigError::OutOfRange {
            setting: format!("{table}.{}", e.name),
            value: e.value.to_string(),
            range: format!("{} to {}", e.min, e.max),
        })?;
    }
    if let Some((name, value, ceiling)) = limits.above(&max).into_iter().find(|(name, ..)| given.gives(name)) {
        return Err(ConfigError::OutOfRange {
            setting: format!("limits.{name}"),
            value: value.to_string(),
            range: format!("at most limits.max.{name}, which is {ceiling}; raise that, too"),
        });
    }
    limits.lower_to(&max);
    Ok((limits, max))
}
