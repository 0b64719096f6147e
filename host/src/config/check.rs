//! From the given settings to those in force: completed by defaults and the environment, and checked against each other.
use super::environment::{Resources, Secrets, let_in, proxies, readable, sidecar};
use super::in_force::{Config, Connections, Fetching, RegistryPlace};
use super::kinds::RegistryKind;
use super::limits::limits;
use super::table::{Settings, Values};
use super::{ConfigError, stale, user_folder, web};
use crate::budget::machine;
use crate::observer;
use std::time::Duration;

/// 70 % of the memory that this process may use: the rest is for what no budget counts. Where the kernel does not report
/// it: 70 % of 1 GiB.
fn memory_budget_mb() -> u64 {
    let bytes = machine::memory().map_or(1 << 30, |(bytes, _)| bytes);
    ((bytes >> 20) * 7 / 10).clamp(64, 16 << 20)
}

impl Config {
    /// Completes the settings with defaults and the environment, and checks them.
    pub(super) fn check(
        mut given: Settings,
        variable: &impl Fn(&str) -> Option<String>,
        names: &[String],
    ) -> Result<Config, ConfigError> {
        let sidecar = sidecar(variable)?;
        let unused = stale::unused(&given, sidecar.is_some());
        stale::check_files(&given, sidecar.is_some())?;
        given.check()?;
        given.quotas.check()?;
        let quotas = std::mem::take(&mut given.quotas).in_force().quotas();
        let (limits, max_limits) = limits(&given.limits.take().unwrap_or_default())?;
        let bindings = given.bindings.take().unwrap_or_default();
        let s = given.in_force();
        let data_dir = s.data_dir.clone().unwrap_or_else(|| user_folder(variable, "XDG_DATA_HOME", ".local/share"));
        let web = web::check(&s, &data_dir)?;
        Ok(Config {
            listen: s.listen,
            admin: web.admin,
            names: web.names,
            origins: web.origins,
            dapr_api_token: variable("DAPR_API_TOKEN").filter(|_| sidecar.is_none()),
            dapr_listen: s.dapr_listen,
            dapr_grpc_listen: s.dapr_grpc_listen,
            registry: registry(&s, sidecar.is_some())?,
            resources: resources(&s, sidecar.is_some(), names, variable)?,
            connections: connections(&s),
            observer: observer(&s),
            fetching: fetching(&s, variable)?,
            app_id: s.app_id.or_else(|| variable("APP_ID")).unwrap_or_else(|| "daplet".to_owned()),
            keys_dir: s.keys_dir.unwrap_or_else(|| data_dir.join("keys")),
            data_dir,
            cache_dir: s.cache_dir.unwrap_or_else(|| user_folder(variable, "XDG_CACHE_HOME", ".cache")),
            secrets: Secrets { file: s.secrets_file, environment: let_in(s.secrets_env_prefix, names, variable)? },
            workers: s.workers,
            queue: s.queue,
            queue_wait: Duration::from_millis(s.queue_ms),
            snapshot_cache_bytes: s.snapshot_cache_mb.map(mib),
            store_cache_bytes: mib(s.store_cache_mb),
            memory_budget_bytes: mib(s.memory_budget_mb.unwrap_or_else(memory_budget_mb)),
            snapshot_disk_bytes: mib(s.snapshot_disk_mb),
            max_source_bytes: s.max_source_bytes,
            max_body_bytes: s.max_body_bytes,
            max_answer_bytes: s.max_answer_bytes,
            query_time: Duration::from_millis(s.query_ms),
            query_sort_bytes: s.query_sort_mb << 20,
            load_cpu: Duration::from_millis(s.load_cpu_ms),
            check_time: Duration::from_millis(s.check_ms),
            check_memory_bytes: mib(s.check_memory_mb),
            production: s.production,
            safe_mode: s.safe_mode,
            log_format: s.log_format,
            log: s.log,
            drain: Duration::from_millis(s.drain_ms),
            shutdown_grace: Duration::from_millis(s.shutdown_grace_ms),
            verify_restore: s.verify_restore,
            limits,
            max_limits,
            quotas,
            bindings,
            app_token: variable("APP_API_TOKEN"),
            manage_through_dapr: s.manage_through_dapr,
            grants: s.grants,
            max_lock_seconds: s.max_lock_seconds,
            sidecar,
            unused,
        })
    }
}

fn mib(mib: u64) -> u64 {
    mib.saturating_mul(1 << 20)
}

fn registry(s: &Values, sidecar: bool) -> Result<RegistryPlace, ConfigError> {
    match s.registry {
        RegistryKind::File => Ok(RegistryPlace::File),
        RegistryKind::Dapr if sidecar => {
            Ok(RegistryPlace::Dapr { store: s.registry_store.clone(), poll: Duration::from_millis(s.registry_poll_ms) })
        }
        RegistryKind::Dapr => {
            let range = "file where no Dapr sidecar is known (DAPR_HTTP_PORT or DAPR_HTTP_ENDPOINT)";
            Err(ConfigError::out_of_range("registry", "dapr", range))
        }
    }
}

fn resources(
    s: &Values,
    sidecar: bool,
    names: &[String],
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Resources>, ConfigError> {
    match &s.resources_path {
        Some(folder) if sidecar => {
            let range = "absent where there is a Dapr sidecar (DAPR_HTTP_PORT or DAPR_HTTP_ENDPOINT): the components are the \
                         sidecar's, which has an option of the same name";
            Err(ConfigError::out_of_range("resources_path", folder.display().to_string(), range))
        }
        folder => {
            let folder = folder.clone();
            Ok(folder.map(|folder| Resources { folder, environment: readable(names, variable) }))
        }
    }
}

fn observer(s: &Values) -> observer::Settings {
    observer::Settings {
        functions: s.metrics_functions,
        access_log: s.access_log,
        slow: (s.slow_ms > 0).then(|| Duration::from_millis(s.slow_ms)),
    }
}

fn fetching(s: &Values, variable: &impl Fn(&str) -> Option<String>) -> Result<Fetching, ConfigError> {
    Ok(Fetching {
        outbound: s.outbound,
        proxies: s.outbound_proxy.then(|| proxies(variable)).transpose()?,
        ca_file: s.ca_file.clone(),
        connect: Duration::from_millis(s.fetch_connect_ms),
        head: Duration::from_millis(s.fetch_head_ms),
        idle: Duration::from_millis(s.fetch_idle_ms),
        connections: s.fetch_connections,
        open: s.fetch_open,
    })
}

fn connections(s: &Values) -> Connections {
    Connections {
        most: s.max_connections,
        line_bytes: s.max_request_line_bytes,
        head_bytes: s.max_head_bytes,
        head: Duration::from_millis(s.head_ms),
        body: Duration::from_millis(s.body_ms),
        write: Duration::from_millis(s.write_ms),
        idle: Duration::from_millis(s.idle_ms),
        rate: s.min_rate_bytes,
    }
}
