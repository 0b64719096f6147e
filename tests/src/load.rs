//! Load on a server from plain threads: the client must cost little beside the server. For benchmarks.
use crate::server::Server;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a load saw.
pub struct Load {
    /// How long it went on.
    pub seconds: f64,
    /// Of each answer, µs.
    pub latencies: Vec<f64>,
}

impl Load {
    /// Answers per second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }
}

/// The bytes of a request.
pub fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\nuser-agent: bench\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Keep-alive connections with one request in flight on each, drawn at random from `requests`. Every answer must be a success.
pub fn load(server: &Server, requests: &[Vec<u8>], connections: usize, time: Duration) -> Load {
    let requests: Arc<[Vec<u8>]> = requests.into();
    let stop = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|index| {
            let (mut client, requests, stop) = (Client::new(server), requests.clone(), stop.clone());
            std::thread::spawn(move || {
                let (mut latencies, mut dice) = (Vec::new(), Dice(index as u64 + 1));
                while !stop.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    client.call(&requests[dice.below(requests.len())]);
                    latencies.push(start.elapsed().as_secs_f64() * 1e6);
                }
                latencies
            })
        })
        .collect();
    std::thread::sleep(time);
    stop.store(true, Ordering::Relaxed);
    let latencies = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    Load { seconds: start.elapsed().as_secs_f64(), latencies }
}

/// One keep-alive connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects to `--listen`.
    pub fn new(server: &Server) -> Client {
        let stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, buffer: vec![0; 16 << 10] }
    }

    /// Sends a request and reads its answer, which must be a success that fits the buffer; the body.
    pub fn call(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).unwrap();
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            let text = &self.buffer[..filled];
            let Some(head) = text.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let head_text = std::str::from_utf8(&text[..head]).unwrap().to_ascii_lowercase();
            assert!(head_text.starts_with("http/1.1 2"), "{head_text}");
            let length = head_text.lines().find_map(|line| line.strip_prefix("content-length: "));
            if filled >= head + 4 + length.map_or(0, |l| l.trim().parse().unwrap()) {
                return &self.buffer[head + 4..filled];
            }
        }
    }
}

/// A small generator, the same in each run. Source: Marsaglia, xorshift.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// The value below which the part `q` of the values lies.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}

/// Resident memory of a process, kB.
pub fn rss_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
