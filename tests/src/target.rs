//! A service of HTTP/1.1 that believes whatever frames a request, and answers before it has read a body: what two servers could read
//! differently shows in what it says it was sent.
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as the service read it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which connection it came on.
    pub connection: usize,
    /// Method and path, `GET /send`.
    pub asked: String,
    /// The header lines.
    pub headers: Vec<String>,
}

impl Seen {
    /// The values of a header, by its name in any case.
    pub fn header(&self, wanted: &str) -> Vec<&str> {
        let pairs = self.headers.iter().filter_map(|line| line.split_once(':'));
        pairs.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim()).collect()
    }
}

/// A running service; ended when dropped. `…/redirect/{status}?{location}` redirects; every other path answers with what it was asked.
pub struct Target {
    /// Its port on the loopback address.
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Target {
    /// Starts one.
    pub async fn start() -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, connection, Arc::clone(&all)));
            }
        });
        Target { port, seen, task }
    }

    /// All requests so far, in their order, but for probes of health.
    pub fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| !seen.asked.contains("/healthz")).cloned().collect()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, connection: usize, all: Arc<Mutex<Vec<Seen>>>) {
    let mut buffer: Vec<u8> = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|part| part == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.drain(..end + 4);
        let mut lines = head.split("\r\n").map(str::to_owned);
        let asked = lines.next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
        let seen = Seen { connection, asked, headers: lines.collect() };
        let length: usize = seen.header("content-length").first().and_then(|length| length.parse().ok()).unwrap_or(0);
        let answer = answer(&seen);
        all.lock().unwrap().push(seen);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        while buffer.len() < length {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        }
        buffer.drain(..length);
    }
}

fn answer(seen: &Seen) -> String {
    if let Some((_, redirect)) = seen.asked.split_once("/redirect/")
        && let Some((status, location)) = redirect.split_once('?')
    {
        return format!("HTTP/1.1 {status} Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    }
    let body = serde_json::json!({"asked": seen.asked}).to_string();
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
}
