//! A real Dapr beside the server under test: Redis, components as files, and sidecars that are started, killed and restarted.
//!
//! `scripts/setup-tests` brings `daprd` and `redis-server`. Where one is missing the tests that need it are skipped, and say so;
//! in CI (`CI=true`) they fail instead.
use crate::app::App;
use crate::root;
use crate::server::{Options, Server, collect, free_port, without_settings};
use axum::Router;
use axum::extract::Path as UrlPath;
use serde_json::Value;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a process of these may take to start.
const START: Duration = Duration::from_secs(30);

/// What every operator should have: without a policy daprd 1.18 loses a message of redis that it reads in the moment between
/// subscribing and knowing the stream ("no streamer subscribed"). Four deliveries in all.
const RETRIES: &str = "apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata:
  name: retries
spec:
  policies:
    retries:
      often:
        policy: constant
        duration: 20ms
        maxRetries: 3
  targets:
    components:
      pubsub:
        inbound:
          retry: often
";

/// What several sidecars share: a Redis, component files, and the file in which they find each other.
pub struct Mesh {
    redis: Option<Child>,
    placement: Option<(Child, u16)>,
    /// Port of Redis.
    pub redis_port: u16,
    /// Component files, names and keys; a test may add to it before it starts a sidecar.
    pub folder: tempfile::TempDir,
}

/// One sidecar; killed when dropped.
pub struct Daprd {
    child: Option<Child>,
    app_id: String,
    folder: PathBuf,
    placement: Option<u16>,
    /// Port of its HTTP API.
    pub http_port: u16,
    /// Port of its gRPC API.
    pub grpc_port: u16,
    internal_port: u16,
    /// Environment beside the inherited one, such as tokens.
    pub env: Vec<(String, String)>,
    lines: Arc<Mutex<VecDeque<String>>>,
}

fn find(name: &str, built: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    on_path.or_else(|| built.is_file().then(|| built.to_path_buf()))
}

fn daprd() -> Option<PathBuf> {
    find("daprd", &root().join("target/daprd/daprd"))
}

fn redis() -> Option<PathBuf> {
    find("redis-server", Path::new("/usr/bin/redis-server"))
}

impl Mesh {
    /// Starts Redis and writes the components, with `statestore` of the given type (`in-memory`, `sqlite`, `redis`).
    /// `None`, with a loud line, where Dapr or Redis is not there.
    pub async fn start(statestore: &str) -> Option<Mesh> {
        let (Some(_), Some(_)) = (redis(), daprd()) else {
            let reason = "daprd or redis-server is missing; scripts/setup-tests brings them";
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{reason}, and CI skips nothing");
            eprintln!("*** SKIPPED, not tested with a real Dapr: {reason} ***");
            return None;
        };
        let (folder, redis_port) = (tempfile::tempdir().unwrap(), free_port());
        let mut mesh = Mesh { redis: None, placement: None, redis_port, folder };
        mesh.start_redis().await;
        mesh.write_components(statestore);
        Some(mesh)
    }

    /// Starts Dapr's placement service: sidecars from now on have actors.
    pub async fn start_placement(&mut self) {
        let (port, health) = (free_port(), free_port());
        let mut command = Command::new(find("placement", &root().join("target/daprd/placement")).unwrap());
        without_settings(&mut command);
        command.env("NAMESPACE", "default").current_dir(self.folder.path());
        command.args([
            format!("--port={port}"),
            format!("--healthz-port={health}"),
            "--enable-metrics=false".to_owned(),
        ]);
        command.args(["--listen-address=127.0.0.1", "--healthz-listen-address=127.0.0.1"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.placement = Some((command.spawn().unwrap(), port));
        let start = Instant::now();
        while reqwest::get(format!("http://127.0.0.1:{health}/healthz")).await.is_err() {
            assert!(start.elapsed() < START, "the placement service did not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts Redis, with what was written before it was killed.
    pub async fn start_redis(&mut self) {
        let mut command = Command::new(redis().unwrap());
        command.args(["--bind", "127.0.0.1", "--port", &self.redis_port.to_string()]);
        // A process that is killed loses nothing that the kernel has; this machine's end is not what is tested.
        command.args(["--save", "", "--appendonly", "yes", "--appendfsync", "no"]);
        command.arg("--dir").arg(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        self.redis = Some(command.spawn().unwrap());
        let start = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", self.redis_port)).await.is_err() {
            assert!(start.elapsed() < START, "Redis did not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The keys in Redis that fit a pattern.
    pub async fn keys(&self, pattern: &str) -> Vec<String> {
        let text = self.command(&["KEYS", pattern]).await;
        let lines = text.lines().filter(|line| !line.starts_with(['*', '$', '+']));
        lines.map(str::to_owned).collect()
    }

    /// What Redis answers to a command, as it stands in its protocol.
    pub async fn command(&self, words: &[&str]) -> String {
        redis_command(self.redis_port, words).await
    }

    /// What an operator of Daplet has over HTTP: `PUT /{key}` sets an item of the configuration store.
    pub async fn operator(&self) -> App {
        let port = self.redis_port;
        let set = move |UrlPath(key): UrlPath<String>, value: String| async move {
            redis_command(port, &["SET", &key, &value]).await;
        };
        App::serve(Router::new().route("/{key}", axum::routing::put(set))).await
    }

    /// `kill -9` of Redis, and waits for the end.
    pub fn kill_redis(&mut self) {
        if let Some(mut redis) = self.redis.take() {
            let _ = redis.kill();
            let _ = redis.wait();
        }
    }

    fn write_components(&self, statestore: &str) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let redis = format!("127.0.0.1:{}", self.redis_port);
        let sqlite = path("state.db");
        std::fs::create_dir_all(self.folder.path().join("resources")).unwrap();
        std::fs::create_dir_all(self.folder.path().join("keys")).unwrap();
        std::fs::write(path("secrets.json"), r#"{"db":{"user":"ada","password":"lovelace"},"plain":"text"}"#).unwrap();
        let host: &[(&str, &str)] = &[("redisHost", &redis), ("redisPassword", "")];
        let state = |kind: &str| match kind {
            "in-memory" => vec![],
            "sqlite" => vec![("connectionString", sqlite.as_str())],
            "redis" => host.to_vec(),
            other => panic!("no state store of type {other}"),
        };
        let for_actors = [state(statestore), vec![("actorStateStore", "true")]].concat();
        self.component("statestore", &format!("state.{statestore}"), &for_actors);
        for kind in ["in-memory", "sqlite", "redis"] {
            self.component(&format!("state-{kind}"), &format!("state.{kind}"), &state(kind));
        }
        // Keys without the app-id before them: what one application writes another can read.
        self.component("state-shared", "state.redis", &[host, &[("keyPrefix", "none")]].concat());
        self.component("pubsub", "pubsub.redis", host);
        self.component("pubsub-redis", "pubsub.redis", host);
        self.component("pubsub-memory", "pubsub.in-memory", &[]);
        self.component(
            "secretstore",
            "secretstores.local.file",
            &[("secretsFile", &path("secrets.json")), ("multiValued", "true")],
        );
        self.component("secrets-env", "secretstores.local.env", &[]);
        self.component("configstore", "configuration.redis", host);
        self.component("lockstore", "lock.redis", host);
        self.component("cryptostore", "crypto.dapr.localstorage", &[("path", &path("keys"))]);
        self.resource("retries", RETRIES);
        let names = path("names.db");
        let config = format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: tests\nspec:\n  tracing:\n    samplingRate: \"1\"\n  \
             nameResolution:\n    component: sqlite\n    version: v1\n    configuration:\n      connectionString: \"{names}\"\n"
        );
        std::fs::write(path("config.yaml"), config).unwrap();
    }

    /// Writes one component file; sidecars read it when they start.
    pub fn component(&self, name: &str, kind: &str, metadata: &[(&str, &str)]) {
        let mut text = format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {kind}\n  version: v1\n  metadata:\n"
        );
        if metadata.is_empty() {
            text = text.replace("  metadata:\n", "  metadata: []\n");
        }
        for (key, value) in metadata {
            text += &format!("  - name: {key}\n    value: {value:?}\n");
        }
        self.resource(name, &text);
    }

    /// Writes any resource file, such as a resiliency policy.
    pub fn resource(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(format!("resources/{name}.yaml")), text).unwrap();
    }

    /// Leaves no components but those of these files: their names and texts.
    pub fn only(&self, files: &[(String, String)]) {
        let folder = self.folder.path().join("resources");
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }

    /// A sidecar for an application; its ports are chosen, and it is not started.
    pub fn sidecar(&self, app_id: &str) -> Daprd {
        Daprd {
            child: None,
            app_id: app_id.to_owned(),
            folder: self.folder.path().to_path_buf(),
            placement: self.placement.as_ref().map(|(_, port)| *port),
            http_port: free_port(),
            grpc_port: free_port(),
            internal_port: free_port(),
            env: Vec::new(),
            lines: Arc::default(),
        }
    }

    /// A server under test behind a sidecar of its own (app-id `daplet`), both ready.
    pub async fn daplet(&self) -> (Server, Daprd) {
        self.daplet_with(&[], &[]).await
    }

    /// The same with more in the environment of the server and of the sidecar. An empty value takes a variable away.
    pub async fn daplet_with(&self, server: &[(&str, &str)], sidecar: &[(&str, &str)]) -> (Server, Daprd) {
        let owned = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let mut daprd = self.sidecar("daplet");
        daprd.env = owned(sidecar);
        let env = [daprd.app_env(), owned(server)].concat();
        let server = Server::spawn(Options { env, ..Options::default() });
        daprd.start(server.port()).await;
        server.ready().await;
        (server, daprd)
    }
}

async fn redis_command(port: u16, words: &[&str]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request += &format!("${}\r\n{word}\r\n", word.len());
    }
    request += "*1\r\n$4\r\nQUIT\r\n";
    let mut redis = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    redis.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    redis.read_to_string(&mut text).await.unwrap();
    text
}

impl Drop for Mesh {
    fn drop(&mut self) {
        self.kill_redis();
        if let Some((mut placement, _)) = self.placement.take() {
            let _ = placement.kill();
            let _ = placement.wait();
        }
    }
}

impl Daprd {
    /// What an application learns about its sidecar.
    pub fn app_env(&self) -> Vec<(String, String)> {
        [("DAPR_HTTP_PORT", self.http_port), ("DAPR_GRPC_PORT", self.grpc_port)]
            .map(|(name, port)| (name.to_owned(), port.to_string()))
            .to_vec()
    }

    /// Starts it for the application at this port, without waiting.
    pub fn spawn(&mut self, app_port: u16) {
        self.kill();
        let mut command = Command::new(daprd().unwrap());
        without_settings(&mut command);
        command.env("NAMESPACE", "default").envs(self.env.clone()).current_dir(&self.folder);
        command.args(["--mode=standalone", "--app-protocol=http", "--app-channel-address=127.0.0.1"]);
        command.args(["--dapr-listen-addresses=127.0.0.1", "--dapr-internal-grpc-listen-address=127.0.0.1"]);
        command.args(["--enable-metrics=false", "--dapr-graceful-shutdown-seconds=1"]);
        command.arg(format!("--app-id={}", self.app_id)).arg(format!("--app-port={app_port}"));
        command.arg(format!("--dapr-http-port={}", self.http_port));
        command.arg(format!("--dapr-grpc-port={}", self.grpc_port));
        command.arg(format!("--dapr-internal-grpc-port={}", self.internal_port));
        command.args(self.placement.map(|port| format!("--placement-host-address=127.0.0.1:{port}")));
        command.arg("--resources-path").arg(self.folder.join("resources"));
        command.arg("--config").arg(self.folder.join("config.yaml"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        collect(child.stdout.take().unwrap(), &self.lines);
        collect(child.stderr.take().unwrap(), &self.lines);
        self.child = Some(child);
    }

    /// Starts it and waits until `/v1.0/healthz` answers 204: the application's port is open, the components are there.
    pub async fn start(&mut self, app_port: u16) {
        self.spawn(app_port);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().unwrap();
        let start = Instant::now();
        while start.elapsed() < START {
            if let Ok(answer) = client.get(self.url("/v1.0/healthz")).send().await
                && answer.status() == 204
            {
                return;
            }
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().unwrap()) {
                panic!("daprd ended ({status}):\n{}", self.output());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("daprd did not get ready:\n{}", self.output());
    }

    /// A full URL of its HTTP API.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.http_port)
    }

    /// `kill -9`, and waits for the end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends a signal by name, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
    }

    /// GET of its HTTP API, as JSON.
    pub async fn json(&self, path: &str) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(self.url(path)).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null)
    }

    /// What it has printed lately.
    pub fn output(&self) -> String {
        self.lines.lock().unwrap().iter().cloned().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Daprd {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- sidecar of {} ---\n{}", self.app_id, self.output());
        }
    }
}
