//! Closed-loop load over raw TCP: each connection sends, reads the whole answer, sends again. What it saw, by status.
//!
//! Must not know: what the answers mean. An answer that is not HTTP, or a connection that breaks, is counted, never
//! hidden.
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug, Default)]
pub struct Tally {
    /// Latencies by status, µs.
    pub answers: BTreeMap<u16, Vec<f64>>,
    /// 503 without `Retry-After`, or without the code `loadShed`.
    pub unnamed: u64,
    /// Connections that were refused or broke.
    pub broken: u64,
    /// How long answers were counted.
    pub seconds: f64,
}

impl Tally {
    /// Answers with this status.
    pub fn count(&self, status: u16) -> usize {
        self.answers.get(&status).map_or(0, Vec::len)
    }

    /// Answers with this status per second.
    pub fn rate(&self, status: u16) -> f64 {
        self.count(status) as f64 / self.seconds
    }

    /// A quantile of the latencies with this status, ms.
    pub fn quantile_ms(&self, status: u16, q: f64) -> f64 {
        let mut values = self.answers.get(&status).cloned().unwrap_or_default();
        values.sort_by(f64::total_cmp);
        values.get(((values.len().max(1) - 1) as f64 * q).round() as usize).map_or(f64::NAN, |us| us / 1e3)
    }

    fn merge(&mut self, other: Tally) {
        for (status, latencies) in other.answers {
            self.answers.entry(status).or_default().extend(latencies);
        }
        self.unnamed += other.unnamed;
        self.broken += other.broken;
    }
}

/// A request of HTTP/1.1, as bytes.
pub fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Loads `address` for `time`: `connections` at once, the next request as soon as an answer is there.
pub async fn closed_loop(address: &str, request: &[u8], connections: usize, time: Duration) -> Tally {
    let end = Instant::now() + time;
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let (address, request) = (address.to_owned(), request.to_vec());
            tokio::spawn(async move { client(&address, &request, end).await })
        })
        .collect();
    let mut tally = Tally::default();
    for client in clients {
        tally.merge(client.await.expect("a client of the load"));
    }
    tally.seconds = time.as_secs_f64();
    tally
}

async fn client(address: &str, request: &[u8], end: Instant) -> Tally {
    let mut tally = Tally::default();
    while Instant::now() < end {
        if connection(address, request, end, &mut tally).await.is_err() {
            tally.broken += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    tally
}

async fn connection(address: &str, request: &[u8], end: Instant, tally: &mut Tally) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4 << 10);
    while Instant::now() < end {
        let start = Instant::now();
        stream.write_all(request).await?;
        let answer = read_answer(&mut stream, &mut buffer).await?;
        // What comes later belongs to no rate.
        if Instant::now() > end {
            return Ok(());
        }
        tally.answers.entry(answer.status).or_default().push(start.elapsed().as_secs_f64() * 1e6);
        tally.unnamed += u64::from(answer.status == 503 && !answer.is_shed());
        if answer.header("connection").is_some_and(|value| value.contains("close")) {
            return Ok(());
        }
    }
    Ok(())
}

/// An answer with a length, off the wire.
#[derive(Debug)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// The head in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// The header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(':').filter(|(n, _)| *n == name)).map(|(_, v)| v.trim())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A refusal that says when to come again.
    pub fn is_shed(&self) -> bool {
        self.header("retry-after").is_some() && self.text().contains("\"loadShed\"")
    }
}

/// Reads one answer; `buffer` is scratch.
pub async fn read_answer(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> std::io::Result<RawAnswer> {
    let bad = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned());
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text =
            std::str::from_utf8(&buffer[..head]).map_err(|_| bad("a head that is not text"))?.to_ascii_lowercase();
        let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| bad("no status"))?;
        let mut answer = RawAnswer { status, head: text, body: Vec::new() };
        let length: usize = answer.header("content-length").map_or(Ok(0), str::parse).map_err(|_| bad("a length"))?;
        while buffer.len() < head + 4 + length {
            if stream.read_buf(buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        answer.body = buffer[head + 4..].to_vec();
        return Ok(answer);
    }
}
