//! The table of the settings: name, type, default, range and help of each, once.
//!
//! A row becomes an option of `daplet serve`, an environment variable, a key of the TOML file, a check of the range, and a line of
//! the help and of docs/settings.md. A new setting is a row here, and a field of [`Config`](super::Config) that the server reads.
use super::ConfigError;
use super::bindings::BindingSettings;
use super::kinds::{AbsentGrants, LogFormat, Outbound, Place, RegistryKind};
use super::limits::LimitSettings;
use super::row::{Row, settings};
use super::value::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// An address that other machines cannot reach.
fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

settings! {
    given Settings, values Values, prefix "";
    tables {
        /// `[limits]` and `[limits.max]`.
        limits: Option<LimitSettings>;
        /// `[bindings.NAME]`.
        bindings: Option<BTreeMap<String, BindingSettings>>;
        /// `[quotas]`.
        quotas: QuotaSettings;
    }
    "Addresses" {
        /// Address of functions and management
        listen: SocketAddr [ADDR] = loopback(8080);
        /// Address of Dapr's HTTP API, served without a sidecar
        dapr_listen: SocketAddr [ADDR] = loopback(3500);
        /// Address of Dapr's gRPC API, served without a sidecar
        dapr_grpc_listen: SocketAddr [ADDR] = loopback(50001);
        /// Address of management and health, IP:PORT or unix:PATH; the address of `--listen` then serves only functions
        admin_listen: Place [PLACE], otherwise "the address of --listen";
        /// File with the token that management asks for (`Authorization: Bearer`); created if it does not exist. A relative path
        /// is in the data folder. Required where management is not on loopback
        admin_token_file: PathBuf [FILE], otherwise "no token", bare "admin-token";
        /// Host names that this server answers to, beside addresses and localhost; `*.domain` allows every name below a domain
        allowed_hosts: Vec<String> [NAMES], otherwise "none";
        /// Domain under which NAME.DOMAIN reaches the function NAME, as NAME.localhost does
        function_domain: String [DOMAIN], otherwise "none";
        /// Origins of web pages that may use management and Dapr's API, such as https://console.example.com
        cors_origins: Vec<String> [ORIGINS], otherwise "none";
        /// The app-id under which Dapr knows this host
        app_id: String [ID], otherwise "APP_ID, or daplet";
    }
    "Files" {
        /// Folder of functions, state and messages
        data_dir: PathBuf [DIR], otherwise "~/.local/share/daplet";
        /// Where functions are stored: `file`, in the data folder, or `dapr`, in a state store of the sidecar that every replica with
        /// this app-id shares
        registry: RegistryKind [PLACE] = RegistryKind::File;
        /// Component of the state store for `--registry dapr`
        registry_store: String [NAME] = "statestore".to_owned();
        /// Time between two reads of that store for what other replicas changed, ms
        registry_poll_ms: u64 [MS] = 1_000, in 20..=3_600_000;
        /// Folder of encryption keys (PEM, JWK), used without a sidecar
        keys_dir: PathBuf [DIR], otherwise "`keys` in the data folder";
        /// Folder of Dapr components (YAML), used without a sidecar
        resources_path: PathBuf [DIR], otherwise "none";
        /// Folder of the compiled engine, in a private subfolder
        cache_dir: PathBuf [DIR], otherwise "~/.cache/daplet";
        /// JSON file of secrets, used without a sidecar; nested names are joined by ":"
        secrets_file: PathBuf [FILE], otherwise "none";
        /// Environment variables with this prefix are secrets, named without it; used without a sidecar
        secrets_env_prefix: String [PREFIX], otherwise "none";
    }
    "Capacity" {
        /// Threads that run functions; 0: one per core
        workers: usize [N] = 0, in 0..=256;
        /// Requests that may wait for a worker; further ones are answered 503 `loadShed` with `Retry-After`
        queue: usize [N] = 20_000;
        /// Time that a request may wait for a worker before it is answered 503 `loadShed`, ms
        queue_ms: u64 [MS] = 5_000;
        /// Caches of the databases together, part of the memory budget, MiB
        store_cache_mb: u64 [MIB] = 64, in 2..=1 << 20;
        /// Memory for loaded functions, MiB
        snapshot_cache_mb: u64 [MIB], otherwise "512, at most a quarter of the memory budget", in 0..=16 << 20;
        /// Memory for everything that the server holds, MiB; above it requests are answered 503 `memoryBudget` with `Retry-After`
        memory_budget_mb: u64 [MIB], otherwise "70 % of the cgroup's limit, else of the machine's memory", in 64..=16 << 20;
        /// Disk for loaded functions, in the data folder, MiB; 0: none, so that a restart loads every function again
        snapshot_disk_mb: u64 [MIB] = 4_096;
        /// Largest source of a function, bytes; a larger one is answered 413 `payloadTooLarge`
        max_source_bytes: usize [BYTES] = 4 << 20;
        /// Largest request body, bytes; a larger one is answered 413 `payloadTooLarge`
        max_body_bytes: usize [BYTES] = 4 << 20;
        /// Largest answer of Dapr's API with state or secrets in it, bytes; a larger one is answered 413 `RESULT_TOO_LARGE`
        max_answer_bytes: u64 [BYTES] = 32 << 20, in 1 << 16..=1 << 31;
        /// CPU time of one query over state, without a sidecar, ms; above it 413, in functions an error: `QUERY_TOO_LARGE`
        query_ms: u64 [MS] = 30_000, in 1..=3_600_000;
        /// Memory for sorting in one query over state, without a sidecar, MiB; above it as for `query_ms`
        query_sort_mb: usize [MIB] = 16, in 1..=1 << 14;
        /// CPU time for loading a function, ms; above it the upload is answered 422
        load_cpu_ms: u64 [MS] = 1_000;
        /// Time for parsing a source, ms, and as long again for each MiB of it; above it the upload is answered 422 `invalidSource`
        check_ms: u64 [MS] = 2_000, in 100..=600_000;
        /// Memory for parsing a source, in a process of its own, MiB; above it the upload is answered 422 `invalidSource`
        check_memory_mb: u64 [MIB] = 448, in 64..=64 << 10;
    }
    "Connections" {
        /// Connections at once, as far as the limit of open files allows; further ones are answered 503 `loadShed` and closed
        max_connections: usize [N] = 20_000, in 1..=1_000_000;
        /// Largest request line, bytes; a longer one is answered 414 `uriTooLong`
        max_request_line_bytes: usize [BYTES] = 16 << 10, in 256..=60 << 10;
        /// Largest head of a request, its line and at most 100 headers, bytes; a larger one is answered 431 `headersTooLarge`
        max_head_bytes: usize [BYTES] = 64 << 10, in 1 << 10..=1 << 20;
        /// Time for a request's head to arrive, ms; above it 408 `requestTimeout`
        head_ms: u64 [MS] = 10_000;
        /// Time for a request's body to arrive, ms; above it 408 `requestTimeout`
        body_ms: u64 [MS] = 60_000;
        /// Time for a client to accept the next part of an answer, ms; above it the connection is closed
        write_ms: u64 [MS] = 30_000;
        /// Least rate of a body or an answer while the server waits for the client, bytes a second over ten seconds; 0: any rate.
        /// Below it 408 `requestTimeout`, or the connection is closed
        min_rate_bytes: u64 [BYTES] = 1_024, in 0..=1 << 30;
        /// Time that a connection stays open between requests, ms
        idle_ms: u64 [MS] = 75_000;
    }
    "Fetch" {
        /// Where functions may fetch from: `public`, public addresses and the hosts that their grants name; `none`; `any`, every
        /// address
        outbound: Outbound [WHERE] = Outbound::Public;
        /// Fetch through the proxies that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY name; a proxy looks up names itself, so that
        /// it decides which addresses they lead to
        outbound_proxy: bool [BOOL] = false, bare "true";
        /// File of certificates (PEM) that fetches believe, in place of the system's
        ca_file: PathBuf [FILE], otherwise "the system's certificates";
        /// Time for a fetch to connect, TLS included, ms; above it the fetch fails with `ETIMEDOUT`
        fetch_connect_ms: u64 [MS] = 10_000, in 1..=600_000;
        /// Time from a fetch's request to the head of its response, ms; above it the fetch fails with `ETIMEDOUT`
        fetch_head_ms: u64 [MS] = 60_000, in 1..=3_600_000;
        /// Time for the next part of a fetched body, ms; above it the fetch fails with `ETIMEDOUT`
        fetch_idle_ms: u64 [MS] = 60_000, in 1..=3_600_000;
        /// Connections of fetches at once, idle ones included; a function may have as many as are then left free. Above it fetches
        /// fail with `TOO_MANY_CONNECTIONS`
        fetch_connections: usize [N] = 1_024, in 2..=65_536;
        /// Fetches that one invocation runs at once; further ones wait
        fetch_open: usize [N] = 64, in 1..=10_000;
    }
    "Operation" {
        /// Hide messages and stack traces of failed functions from callers
        production: bool [BOOL] = false, bare "true";
        /// Let other applications manage functions through Dapr's service invocation
        manage_through_dapr: bool [BOOL] = false, bare "true";
        /// What a list of `grants` allows that an upload leaves out: `open`, the list's own default, or `deny`, nothing
        grants: AbsentGrants [RULE] = AbsentGrants::Open;
        /// Longest lifetime of a lock, s
        max_lock_seconds: u32 [S] = 86_400, in 1..=i32::MAX as u64;
        /// Start without deliveries, jobs, reminders and timers, to remove a function whose events keep the server from running
        safe_mode: bool [BOOL] = false, bare "true";
        /// Form of the log: `text`, or `json`, one object a line
        log_format: LogFormat [FORM] = LogFormat::Text;
        /// What to log, in tracing's filter language
        log: String [FILTER] = "info".to_owned();
        /// Write a line to the log for each request of a function
        access_log: bool [BOOL] = false, bare "true";
        /// Write a line to the log for each invocation that takes this long or longer, ms; 0: none
        slow_ms: u64 [MS] = 0;
        /// Functions, and subscriptions, with metrics of their own; all others share the label `other`
        metrics_functions: usize [N] = 200, in 0..=10_000;
        /// Time between the signal to stop and the end of serving, while `/readyz` answers that the server stops, ms
        drain_ms: u64 [MS] = 0, in 0..=600_000;
        /// Time that running requests get when the server stops, ms
        shutdown_grace_ms: u64 [MS] = 10_000;
        /// Compare the whole memory with its snapshot after every N-th request; 0: never
        verify_restore: u32 [N] = 1_000, bare "1";
    }
}

settings! {
    given QuotaSettings, values QuotaValues, prefix "quota_";
    tables {}
    "Quotas" {
        /// Messages that wait for the subscriptions of one function, MiB
        function_messages_mb: u64 [MIB] = 256;
        /// Messages that wait for all subscriptions, MiB
        messages_mb: u64 [MIB] = 4_096;
        /// Jobs of one function
        function_jobs: u64 [N] = 10_000;
        /// Jobs of all functions
        jobs: u64 [N] = 100_000;
        /// Reminders of the actors of one type
        function_reminders: u64 [N] = 100_000;
        /// Reminders of all actors
        reminders: u64 [N] = 1_000_000;
        /// State of one function, of one shared space, or of the actors of one type, MiB
        function_state_mb: u64 [MIB] = 2_048;
        /// State of all functions, MiB
        state_mb: u64 [MIB] = 16_384;
        /// Functions
        functions: u64 [N] = 100_000;
        /// Snapshot of one loaded function, MiB; `snapshot_disk_mb` bounds all of them on disk
        function_snapshot_mb: u64 [MIB] = 112;
    }
}
