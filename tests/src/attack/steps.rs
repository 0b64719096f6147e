//! What an enemy does: requests by the dozen, callers that leave, bodies and readers that are slow, a server that is killed.
use crate::server::{Answer, Server};
use futures::future::try_join_all;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// One step.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Requests, `parallel` at once, `times` each.
    Request(Request),
    /// Connections that send all of a body but its last byte, and wait.
    SlowBody(SlowBody),
    /// Connections that ask and take 64 bytes a second of the answer.
    SlowRead(SlowRead),
    /// Nothing for a while: what was begun goes on.
    Wait {
        /// How long.
        ms: u64,
    },
    /// Removes a function while its requests run.
    Delete {
        /// Which.
        name: String,
    },
}

/// Requests that are alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default)]
    on: Port,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    /// A body of that many bytes: a JSON array of zeros.
    json_bytes: Option<usize>,
    #[serde(default = "once")]
    times: usize,
    #[serde(default = "once")]
    parallel: usize,
    /// The caller leaves after so long; nothing is expected then.
    leave_ms: Option<u64>,
    /// Statuses that may answer.
    #[serde(default = "ok")]
    expect: Vec<u16>,
    /// A text that every answer contains.
    contains: Option<String>,
    /// A text that no answer contains.
    lacks: Option<String>,
    /// Every answer comes within so long.
    within_ms: Option<u64>,
    /// They go on from the beginning, beside the other steps, until those have ended.
    #[serde(default)]
    behind: bool,
    /// Each of the parallel callers has an address of its own.
    #[serde(default)]
    addresses: bool,
}

/// Bodies that do not end.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowBody {
    path: String,
    #[serde(default)]
    on: Port,
    #[serde(default = "content_type")]
    content_type: String,
    connections: usize,
    length: usize,
    hold_ms: u64,
}

/// Answers that are not taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowRead {
    path: String,
    #[serde(default)]
    on: Port,
    connections: usize,
    hold_ms: u64,
}

/// Which listener.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Port {
    /// `--listen`.
    #[default]
    Functions,
    /// `--dapr-listen`.
    Dapr,
}

fn get() -> String {
    "GET".to_owned()
}

fn once() -> usize {
    1
}

fn ok() -> Vec<u16> {
    vec![200]
}

fn content_type() -> String {
    "application/json".to_owned()
}

fn base(server: &Server, port: Port) -> &str {
    match port {
        Port::Functions => &server.base,
        Port::Dapr => &server.dapr,
    }
}

fn address(server: &Server, port: Port) -> String {
    base(server, port).trim_start_matches("http://").to_owned()
}

/// Does the steps: some behind all others, which come one after the other.
pub async fn perform_all(server: &Server, steps: &[Step]) -> Result<(), String> {
    let is_behind = |step: &Step| matches!(step, Step::Request(Request { behind: true, .. }));
    let numbered = |(index, step)| async move {
        perform(server, step).await.map_err(|error| format!("step {}: {error}", index + 1))
    };
    let (behind, ahead): (Vec<_>, Vec<_>) = steps.iter().enumerate().partition(|(_, step)| is_behind(step));
    let behind = async {
        match try_join_all(behind.into_iter().map(numbered)).await {
            Ok(_) => std::future::pending().await,
            Err(error) => error,
        }
    };
    let ahead = async {
        for step in ahead {
            numbered(step).await?;
        }
        Ok(())
    };
    tokio::select! {
        error = behind => Err(error),
        done = ahead => done,
    }
}

/// Does one step.
async fn perform(server: &Server, step: &Step) -> Result<(), String> {
    match step {
        Step::Request(request) => {
            try_join_all((0..request.parallel).map(|caller| requests(server, request, caller))).await.map(drop)
        }
        Step::SlowBody(slow) => slow_body(&address(server, slow.on), slow).await,
        Step::SlowRead(slow) => slow_read(&address(server, slow.on), slow).await,
        Step::Wait { ms } => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            Ok(())
        }
        Step::Delete { name } => {
            let answer = server.http.delete(server.url(&format!("/functions/{name}"))).send().await;
            match answer.map(|answer| answer.status().as_u16()) {
                Ok(204) => Ok(()),
                other => Err(format!("DELETE of {name}: {other:?}")),
            }
        }
    }
}

/// Numbers that paths are made different with.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// A caller with connections of its own, and where asked an address: all of 127.0.0.0/8 leads to this machine.
fn caller_of_its_own(request: &Request, number: usize) -> Result<reqwest::Client, String> {
    let [high, low] = u16::try_from(number + 1).map_err(|e| e.to_string())?.to_be_bytes();
    let address = request.addresses.then(|| IpAddr::from([127, 1, high, low]));
    reqwest::Client::builder().no_proxy().local_address(address).build().map_err(|e| e.to_string())
}

async fn requests(server: &Server, request: &Request, caller: usize) -> Result<(), String> {
    let own = request.behind || request.addresses;
    let http = if own { caller_of_its_own(request, caller)? } else { server.http.clone() };
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(|e| e.to_string())?;
    let zeros = request.json_bytes.map(|bytes| format!("[{}0]", "0,".repeat(bytes.saturating_sub(3) / 2)));
    for _ in 0..request.times {
        let path = request.path.replace("{n}", &NUMBERS.fetch_add(1, Relaxed).to_string());
        let mut builder = http.request(method.clone(), format!("{}{path}", base(server, request.on)));
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body.as_ref().or(zeros.as_ref()) {
            builder = builder.body(body.clone());
        }
        if let Some(ms) = request.leave_ms {
            let _left = builder.timeout(Duration::from_millis(ms)).send().await;
            continue;
        }
        let started = Instant::now();
        let answer = Answer::of(builder.send().await.map_err(|e| format!("{}: {e:?}", request.path))?).await;
        let (text, took) = (answer.text(), started.elapsed());
        if request.within_ms.is_some_and(|within| took > Duration::from_millis(within)) {
            return Err(format!("{}: {} after {} ms", request.path, answer.status, took.as_millis()));
        }
        let fits = request.contains.as_ref().is_none_or(|wanted| text.contains(wanted))
            && request.lacks.as_ref().is_none_or(|unwanted| !text.contains(unwanted));
        if !request.expect.contains(&answer.status) || !fits {
            return Err(format!("{}: {} {:.400}", request.path, answer.status, text));
        }
    }
    Ok(())
}

async fn slow_body(address: &str, slow: &SlowBody) -> Result<(), String> {
    let (path, length, media) = (&slow.path, slow.length, &slow.content_type);
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n");
    let body = vec![b'x'; length - 1];
    let mut open = Vec::new();
    for _ in 0..slow.connections {
        let mut stream = TcpStream::connect(address).await.map_err(|e| e.to_string())?;
        // A server without room refuses in the middle.
        let send = async {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await
        };
        let _refused = tokio::time::timeout(Duration::from_millis(500), send).await;
        open.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(slow.hold_ms)).await;
    Ok(())
}

async fn slow_read(address: &str, slow: &SlowRead) -> Result<(), String> {
    let mut open = Vec::new();
    for _ in 0..slow.connections {
        let socket = TcpSocket::new_v4().map_err(|e| e.to_string())?;
        socket.set_recv_buffer_size(4096).map_err(|e| e.to_string())?;
        let target = address.parse().map_err(|_| format!("{address} is no address"))?;
        let mut stream = socket.connect(target).await.map_err(|e| e.to_string())?;
        let request = format!("GET {} HTTP/1.1\r\nhost: {address}\r\n\r\n", slow.path);
        stream.write_all(request.as_bytes()).await.map_err(|e| e.to_string())?;
        open.push(stream);
    }
    let mut part = [0; 64];
    for _ in 0..slow.hold_ms / 1_000 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for stream in &mut open {
            let _closed = tokio::time::timeout(Duration::from_micros(100), stream.read(&mut part)).await;
        }
    }
    Ok(())
}
