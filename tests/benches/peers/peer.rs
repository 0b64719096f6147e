//! A peer as its `peer.toml` tells, and its running server: started, waited for, deployed to, checked.
//!
//! Knows nothing of single peers and nothing of load.
use daplet_tests::{root, server};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The workload that answers how many requests have left a mark in its module or in a global variable.
pub const LEAK: &str = "leak";

/// One `peer.toml`. Its commands run in its folder; `{workload}` (the file), `{name}` (of the workload), `{port}`, `{root}`
/// (of the checkout) and `{tmp}` (a folder for this server alone) are filled in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Where the `peer.toml` lies.
    #[serde(skip)]
    pub folder: PathBuf,
    /// As the tables show it.
    pub name: String,
    /// Its isolation class, as the tables show it.
    pub isolation: String,
    /// The form of the workload's file: a folder of `tests/peers/workloads`.
    #[serde(default = "fetch")]
    handler: String,
    /// What it can run.
    #[serde(default = "all")]
    workloads: Vec<String>,
    /// Brings what the peer needs, quick when it is there. Where it fails, the peer is left out.
    #[serde(default)]
    install: Vec<String>,
    /// Becomes the server, in the foreground.
    start: Vec<String>,
    /// A path that answers 200 when the server is up, where taking a connection says too little.
    ready: Option<String>,
    /// Where the workload's file is to be PUT once the server is up.
    deploy: Option<String>,
    /// Where the workload answers.
    #[serde(default = "slash")]
    path: String,
    /// What `hello` answers, when it is something else than elsewhere.
    answer: Option<String>,
}

fn fetch() -> String {
    "fetch".to_owned()
}

fn slash() -> String {
    "/".to_owned()
}

fn all() -> Vec<String> {
    ["hello", "json", "fib", LEAK].map(str::to_owned).to_vec()
}

/// What `json` is sent, with factor 1, and what it answers beside the sum, with factor 2.
pub fn items(factor: u32) -> Value {
    json!({"items": (0..50).map(|n| json!({"n": n * factor, "name": format!("item {n}")})).collect::<Vec<_>>()})
}

impl Peer {
    pub fn read(folder: &Path) -> Peer {
        let text = std::fs::read_to_string(folder.join("peer.toml")).unwrap();
        let peer: Peer = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        Peer { folder: folder.to_owned(), ..peer }
    }

    pub fn runs(&self, workload: &str) -> bool {
        self.workloads.iter().any(|name| name == workload)
    }

    /// Runs its install command; the last line that it printed, if it failed.
    pub fn install(&self) -> Result<(), String> {
        let Some((program, arguments)) = self.install.split_first() else { return Ok(()) };
        let output = Command::new(program).args(arguments).current_dir(&self.folder).output();
        let output = output.map_err(|e| format!("{program}: {e}"))?;
        let text = String::from_utf8_lossy(&output.stderr);
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("{}: {}", self.install.join(" "), text.trim().lines().last().unwrap_or_default())),
        }
    }

    fn workload(&self, name: &str) -> PathBuf {
        root().join("tests/peers/workloads").join(&self.handler).join(format!("{name}.js"))
    }
}

/// A peer's server with one workload; killed when dropped.
pub struct Running<'a> {
    peer: &'a Peer,
    child: Child,
    port: u16,
    http: reqwest::Client,
    tmp: tempfile::TempDir,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running<'_> {
    /// Starts the server on the first core, waits for it and deploys the workload.
    pub async fn start<'a>(peer: &'a Peer, workload: &str) -> Result<Running<'a>, String> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let tmp = tempfile::tempdir().unwrap();
        let file = peer.workload(workload);
        let fill = |word: &String| {
            word.replace("{workload}", &file.to_string_lossy())
                .replace("{name}", workload)
                .replace("{port}", &port.to_string())
                .replace("{root}", &root().to_string_lossy())
                .replace("{tmp}", &tmp.path().to_string_lossy())
        };
        // setpriv: the server does not outlive an interrupted benchmark.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "taskset", "-c", "0"]).args(peer.start.iter().map(fill));
        let log = std::fs::File::create(tmp.path().join("log")).unwrap();
        command.current_dir(&peer.folder).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        server::without_settings(&mut command);
        let child = command.spawn().map_err(|e| e.to_string())?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        let running = Running { peer, child, port, http, tmp };
        running.ready().await?;
        if let Some(path) = &peer.deploy {
            let upload = running.http.put(running.at(path)).header("content-type", "text/javascript");
            let answer = upload.body(std::fs::read(file).unwrap()).send().await.map_err(|e| e.to_string())?;
            answer.error_for_status().map_err(|e| e.to_string())?;
        }
        Ok(running)
    }

    /// Up is who answers 200 at `ready`, or, without one, who takes a connection.
    async fn ready(&self) -> Result<(), String> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            let up = match &self.peer.ready {
                Some(path) => self.http.get(self.at(path)).send().await.is_ok_and(|answer| answer.status() == 200),
                None => TcpStream::connect(("127.0.0.1", self.port)).is_ok(),
            };
            if up {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(self.failed("not up within a minute"))
    }

    fn failed(&self, what: &str) -> String {
        let log = std::fs::read_to_string(self.tmp.path().join("log")).unwrap_or_default();
        format!("{what}; its output ends with: {}", log.trim().lines().last().unwrap_or_default())
    }

    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where the workload answers.
    pub fn url(&self) -> String {
        self.at(&self.peer.path)
    }

    /// Processor time of the server and of those of its children that have ended.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // After the name, which is in brackets: utime, stime, cutime and cstime are fields 14 to 17 of the whole line.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
        fields.skip(11).take(4).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
    }

    async fn ask(&self, workload: &str, close: bool) -> Result<String, String> {
        let request = match workload {
            "json" => self.http.post(self.url()).json(&items(1)),
            _ => self.http.get(self.url()),
        };
        let request = if close { request.header("connection", "close") } else { request };
        let answer = request.send().await.map_err(|e| self.failed(&e.to_string()))?;
        let (status, text) = (answer.status(), answer.text().await.map_err(|e| e.to_string())?);
        if status == 200 { Ok(text) } else { Err(self.failed(&format!("{workload} answered {status} {text}"))) }
    }

    /// Whether the workload's answer is right.
    pub async fn check(&self, workload: &str) -> Result<(), String> {
        let text = self.ask(workload, false).await?;
        let right = match workload {
            "hello" => text == self.peer.answer.as_deref().unwrap_or("hello"),
            "fib" => text == "2584",
            "json" => {
                let mut expected = items(2);
                expected["sum"] = json!(49 * 50 / 2);
                serde_json::from_str::<Value>(&text).is_ok_and(|value| value == expected)
            }
            other => panic!("no workload {other}"),
        };
        if right { Ok(()) } else { Err(format!("{workload} answered {text}")) }
    }

    /// Whether a request sees what an earlier one left, on the same connection or on another.
    pub async fn leaks(&self) -> Result<bool, String> {
        let mut most = 0;
        for number in 0..40 {
            let seen = self.ask(LEAK, number % 2 == 1).await?;
            most = most.max(seen.parse::<u32>().map_err(|_| format!("{LEAK} answered {seen}"))?);
        }
        Ok(most > 1)
    }
}
