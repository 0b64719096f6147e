//! One server process per test (or shared by many): its ports, folders, output and end.
pub use crate::client::{Answer, Client};
use crate::root;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How to start a server. `Default` is a development server on free ports with a data folder of its own.
#[derive(Clone, Default)]
pub struct Options {
    /// A program and its arguments that become the server, such as `prlimit --as=1000000000`.
    pub before: Vec<String>,
    /// More arguments after `daplet serve`.
    pub args: Vec<String>,
    /// Environment beside the inherited one.
    pub env: Vec<(String, String)>,
    /// A data folder to use again; one of the server's own otherwise.
    pub data: Option<PathBuf>,
    /// Where the compiled engine is kept; [`cache_dir`] otherwise.
    pub cache: Option<PathBuf>,
    /// `--listen`; a free port of the loopback address otherwise.
    pub listen: Option<String>,
    /// Where health is, as a base URL or `unix:PATH`, when it is not beside functions.
    pub probe: Option<String>,
}

impl Options {
    /// Uploads may ask for whatever a function can be given at all.
    pub fn high_limits(mut self) -> Options {
        let file = root().join("tests/settings/high-limits.toml");
        self.args.extend(["--config".to_owned(), file.to_string_lossy().into_owned()]);
        self
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    client: Client,
    /// The data folder; outlives the server if the test holds the guard.
    pub data: PathBuf,
    probe: Option<String>,
    _guard: Option<tempfile::TempDir>,
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The server binary under test.
pub fn binary() -> PathBuf {
    std::env::var_os("DAPLET_BIN").map_or_else(|| root().join("target/release/daplet"), PathBuf::from)
}

/// The folder of the compiled engine, shared by all tests so that it is compiled once.
pub fn cache_dir() -> PathBuf {
    std::env::var_os("DAPLET_TEST_CACHE").map_or_else(|| root().join("target/aot-cache"), PathBuf::from)
}

/// What is set around the tests is not about the server under test.
pub fn without_settings(command: &mut Command) {
    let about = |name: &str| ["DAPLET_", "DAPR_", "APP_"].iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in std::env::vars().filter(|(name, _)| about(name)) {
        command.env_remove(name);
    }
}

/// A port of the loopback address that nobody listens on now, of a range that the system gives to nobody who does not ask for
/// it: what listens on port 0, or connects, cannot take it before it is used.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 16_384).unwrap();
    loop {
        let port = 16_384 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 16_384;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Server {
    /// Starts a server with defaults and waits until it is ready.
    pub async fn start() -> Server {
        Server::with(Options::default()).await
    }

    /// Starts a server whose functions may ask for much, and waits until it is ready.
    pub async fn with_high_limits() -> Server {
        Server::with(Options::default().high_limits()).await
    }

    /// Starts a server and waits until `/readyz` answers 200.
    pub async fn with(options: Options) -> Server {
        loop {
            let server = Server::spawn(options.clone());
            tokio::select! {
                () = server.ready() => return server,
                () = server.ended() => {}
            }
            // Another process took the port between its choice and its use.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let output = server.output();
            assert!(output.contains("cannot listen on"), "the server ended before it was ready:\n{output}");
        }
    }

    /// Starts a server without waiting.
    pub fn spawn(options: Options) -> Server {
        let [free, dapr, grpc] = std::array::from_fn(|_| format!("127.0.0.1:{}", free_port()));
        let listen = options.listen.unwrap_or(free);
        let (data, guard) = match options.data {
            Some(data) => (data, None),
            None => {
                let guard = tempfile::tempdir().unwrap();
                (guard.path().to_path_buf(), Some(guard))
            }
        };
        let mut words = options.before.iter().map(Into::into).chain([binary().into_os_string()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command.args(["serve", "--listen", &listen, "--dapr-listen", &dapr, "--dapr-grpc-listen", &grpc]);
        command.arg("--data-dir").arg(&data).arg("--cache-dir");
        command.arg(options.cache.unwrap_or_else(cache_dir)).args(&options.args);
        without_settings(&mut command);
        command.envs(options.env).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{}: {e}; run `make build`", binary().display()));
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        collect(child.stdout.take().unwrap(), &lines);
        collect(child.stderr.take().unwrap(), &lines);
        let client = Client::new([listen, dapr, grpc]);
        Server { child, client, data, probe: options.probe, _guard: guard, lines }
    }

    /// Waits until `/readyz` answers 200. The first start of a machine compiles the engine: minutes, not seconds.
    pub async fn ready(&self) {
        self.answers("/readyz").await;
    }

    /// Waits until `/livez` answers 200: there may be no sidecar yet.
    pub async fn listening(&self) {
        self.answers("/livez").await;
    }

    async fn answers(&self, probe: &str) {
        let start = Instant::now();
        let base = self.probe.as_deref().unwrap_or(&self.base);
        while start.elapsed() < Duration::from_secs(300) {
            if let Some(socket) = base.strip_prefix("unix:") {
                if answers_on(socket, probe) {
                    return;
                }
            } else if let Ok(answer) = self.http.get(format!("{base}{probe}")).send().await
                && answer.status() == 200
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the server did not answer 200 at {probe}:\n{}", self.output());
    }

    /// Process id: unchanged as long as this is the same server.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process's first thread has ended, without taking its exit code.
    pub async fn ended(&self) {
        let stat = format!("/proc/{}/stat", self.pid());
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Whether the process still runs.
    pub fn alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What the server has printed lately.
    pub fn output(&self) -> String {
        self.lines.lock().unwrap().iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// `kill -9`, and waits for the end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
    }

    /// Waits for the end; the exit code if it ended by itself in time.
    pub async fn exit_code(&mut self, within: Duration) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < within {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- output of the server ---\n{}\n---", self.output());
        }
    }
}

fn answers_on(socket: &str, probe: &str) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(socket) else { return false };
    let mut answer = [0; 12];
    let asked =
        stream.write_all(format!("GET {probe} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes());
    asked.is_ok() && stream.read_exact(&mut answer).is_ok() && answer.ends_with(b"200")
}

/// Keeps the last lines that a process prints.
pub fn collect(stream: impl std::io::Read + Send + 'static, lines: &Arc<Mutex<VecDeque<String>>>) {
    let lines = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut lines = lines.lock().unwrap();
            if lines.len() == 2_000 {
                lines.pop_front();
            }
            lines.push_back(line);
        }
    });
}
