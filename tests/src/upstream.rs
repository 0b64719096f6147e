//! A service outside that functions fetch from. What it answers stands in the path; it also answers as no service should.
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as the service read it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which connection it came on.
    pub connection: usize,
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    /// The values of a header.
    pub fn header(&self, wanted: &str) -> Vec<&str> {
        self.headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect()
    }
}

/// A running service; ended when dropped.
pub struct Upstream {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Upstream {
    /// Starts one on 127.0.0.1.
    pub async fn start() -> Upstream {
        // Made now, not while a fetch waits.
        LazyLock::force(&BOMB);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, connection, Arc::clone(&all)));
            }
        });
        Upstream { port, asked, task }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All requests so far, in their order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, connection: usize, all: Arc<Mutex<Vec<Asked>>>) {
    let mut buffer: Vec<u8> = Vec::new();
    loop {
        let Some(asked) = read(&mut stream, &mut buffer, connection).await else { return };
        all.lock().unwrap().push(asked.clone());
        match answer(&asked) {
            Said::Whole(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Said::ThenEnd(bytes) => {
                let _gone = stream.write_all(&bytes).await;
                return;
            }
            Said::ThenNothing(bytes) => {
                let _gone = stream.write_all(&bytes).await;
                std::future::pending::<()>().await;
            }
            Said::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Said::Endless => {
                let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
                while stream.write_all(&chunk).await.is_ok() {}
                return;
            }
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>, connection: usize) -> Option<Asked> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.unwrap_or(0) == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let mut asked = Asked { connection, method, path, headers: lines.filter_map(pair).collect(), body: String::new() };
    let length: usize = asked.header("content-length").first().and_then(|length| length.parse().ok()).unwrap_or(0);
    while buffer.len() < length {
        if stream.read_buf(buffer).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    asked.body = String::from_utf8_lossy(&buffer.drain(..length).collect::<Vec<_>>()).into_owned();
    Some(asked)
}

enum Said {
    Whole(Vec<u8>),
    ThenEnd(Vec<u8>),
    /// The connection stays open.
    ThenNothing(Vec<u8>),
    Reset,
    Endless,
}

/// `{"coded":true}` in the codings that no crate of the tests writes.
const BROTLI: &[u8] = &[139, 6, 128, 123, 34, 99, 111, 100, 101, 100, 34, 58, 116, 114, 117, 101, 125, 3];
const DEFLATE: &[u8] = &[171, 86, 74, 206, 79, 73, 77, 81, 178, 42, 41, 42, 77, 173, 5, 0];
const ZSTD: &[u8] = &[
    40, 181, 47, 253, 4, 88, 113, 0, 0, 123, 34, 99, 111, 100, 101, 100, 34, 58, 116, 114, 117, 101, 125, 77, 45, 13,
    146,
];

/// 64 MiB of zeros: more than a function may take.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..64).for_each(|_| encoder.write_all(&[0; 1 << 20]).unwrap());
    encoder.finish().unwrap()
});

fn answer(asked: &Asked) -> Said {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let words: Vec<&str> = path.trim_matches('/').split('/').collect();
    match words.as_slice() {
        ["redirect", status] => Said::Whole(
            format!("HTTP/1.1 {status} Moved\r\nlocation: {query}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        ),
        ["loop", count] => {
            let next = count.parse::<u32>().unwrap() + 1;
            Said::Whole(format!("HTTP/1.1 302 F\r\nlocation: /loop/{next}\r\ncontent-length: 0\r\n\r\n").into_bytes())
        }
        ["status", status] => {
            Said::Whole(format!("HTTP/1.1 {status} Said So\r\ncontent-length: 0\r\n\r\n").into_bytes())
        }
        ["reset"] => Said::Reset,
        ["end"] => Said::ThenEnd(Vec::new()),
        ["cut"] => Said::ThenEnd(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
        ["cut-chunk"] => Said::ThenEnd(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\nhalf".to_vec()),
        ["longer"] => Said::ThenEnd(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhalf and more".to_vec()),
        ["two-lengths"] => {
            Said::ThenEnd(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nhalf!".to_vec())
        }
        ["slow-head"] => Said::ThenNothing(b"HTTP/1.1 200".to_vec()),
        ["slow-body"] => Said::ThenNothing(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
        ["ssh"] => Said::ThenEnd(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ["long-head"] => Said::ThenEnd(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1 << 20)).into_bytes()),
        ["endless"] => Said::Endless,
        ["coded", coding] => coded(coding),
        ["bomb"] => with_coding("gzip", &BOMB),
        _ => {
            let Asked { method, path, headers, body, .. } = asked;
            let text = json!({"method": method, "path": path, "headers": headers, "body": body}).to_string();
            let length = text.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nkeep-alive: 5";
            Said::Whole(format!("{head}\r\ncontent-length: {length}\r\n\r\n{text}").into_bytes())
        }
    }
}

fn coded(coding: &str) -> Said {
    let text = br#"{"coded":true}"#;
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    match coding {
        "gzip" => with_coding("gzip", &gzip(text)),
        "twice" => with_coding("gzip, GZIP", &gzip(&gzip(text))),
        "often" => with_coding("gzip, gzip, gzip, gzip", &gzip(text)),
        "zlib" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).unwrap();
            with_coding("deflate", &encoder.finish().unwrap())
        }
        "deflate" => with_coding("deflate", DEFLATE),
        "br" => with_coding("br", BROTLI),
        "zstd" => with_coding("zstd", ZSTD),
        "unknown" => with_coding("secret", text),
        "empty" => with_coding("gzip", b""),
        "broken" => with_coding("gzip", b"this is no gzip"),
        other => panic!("{other} is no coding of this service"),
    }
}

fn with_coding(coding: &str, bytes: &[u8]) -> Said {
    let length = bytes.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {length}\r\n\r\n");
    Said::Whole([head.as_bytes(), bytes].concat())
}

/// Waits until a condition holds, for so long that only a fault is longer.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not happen");
}
