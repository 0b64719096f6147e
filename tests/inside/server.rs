//! One host per test, built in this process on ports of its own.
//!
//! What is global to the process, and how hosts share it: the handlers of faults and the parked invocation that keeps WasmEdge's in place
//! (`sandbox/program/pin.rs`), made by the first host for all; the limit of open files; the log, which no test starts. A host has its own
//! engine, threads, databases and ports. Sources are checked by processes of the built program.
use clap::Parser;
use daplet_host::config::{Cli, Command, Config};
use daplet_host::host::{Host, Serving};
pub use daplet_tests::client::{Answer, Client};
pub use daplet_tests::server::Options;
use daplet_tests::server::{binary, cache_dir, free_port};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long an ended host may hold its databases.
const RELEASE: Duration = Duration::from_secs(10);

/// A host that serves; it has ended when this is dropped.
pub struct Server {
    client: Client,
    /// The data folder; outlives the host if the test holds the guard.
    pub data: PathBuf,
    running: Option<(Host, Serving)>,
    _guard: Option<tempfile::TempDir>,
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// Starts a host with defaults.
    pub async fn start() -> Server {
        Server::with(Options::default()).await
    }

    /// Starts a host whose functions may ask for much.
    pub async fn with_high_limits() -> Server {
        Server::with(Options::default().high_limits()).await
    }

    /// Starts a host and waits until it serves.
    pub async fn with(options: Options) -> Server {
        assert!(options.before.is_empty(), "a program around the server needs a process");
        let [free, dapr, grpc] = std::array::from_fn(|_| format!("127.0.0.1:{}", free_port()));
        let listen = options.listen.clone().unwrap_or(free);
        let (data, guard) = match &options.data {
            Some(data) => (data.clone(), None),
            None => {
                let guard = tempfile::tempdir().unwrap();
                (guard.path().to_path_buf(), Some(guard))
            }
        };
        let addresses = [listen, dapr, grpc];
        let config = config(&options, &addresses, &data);
        let build = move || {
            let host = built(&config);
            let serving = host.block_on(async { host.serve(host.listen().await?).await });
            let serving = serving.unwrap_or_else(|e| panic!("the host cannot serve: {e}"));
            (host, serving)
        };
        let running = tokio::task::spawn_blocking(build).await.unwrap();
        let server = Server { client: Client::new(addresses), data, running: Some(running), _guard: guard };
        while server.get("/readyz").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server
    }
}

/// A host on its data folder. The one before it in this process may hold the databases a little longer: the threads of its
/// sandbox end by themselves, and with them the last that reads.
fn built(config: &Config) -> Host {
    let start = Instant::now();
    loop {
        match Host::build(config.clone(), binary()) {
            Ok(host) => return host,
            Err(e) if e.to_string().contains("already open") && start.elapsed() < RELEASE => {}
            Err(e) => panic!("the host cannot be built: {e}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some((host, serving)) = self.running.take() else { return };
        // A host has runtimes, which must not be dropped on a thread of another one.
        let ended = std::thread::spawn(move || {
            host.block_on(host.drain(serving));
            drop(host);
        })
        .join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

fn config(options: &Options, [listen, dapr, grpc]: &[String; 3], data: &std::path::Path) -> Config {
    let cache = options.cache.clone().unwrap_or_else(cache_dir);
    let own = ["daplet", "serve", "--listen", listen, "--dapr-listen", dapr, "--dapr-grpc-listen", grpc];
    let own = own.into_iter().map(str::to_owned);
    let folders = [format!("--data-dir={}", data.display()), format!("--cache-dir={}", cache.display())];
    let cli = Cli::parse_from(own.chain(folders).chain(options.args.clone()));
    let env: BTreeMap<String, String> = options.env.iter().cloned().collect();
    let command = Command::from(cli, |name| env.get(name).cloned(), env.keys().cloned());
    match command.unwrap_or_else(|e| panic!("{e}")) {
        Command::Serve(config) => *config,
        other => panic!("{other:?} serves nothing"),
    }
}
