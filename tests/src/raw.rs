//! Requests as bytes, for what no client would send.
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an address answers to a request: bytes as characters, up to the end of the connection or a pause after a whole head.
pub async fn ask(base: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
    let bytes: Vec<u8> = request.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    stream.write_all(&bytes).await.unwrap();
    let (mut seen, mut part) = (Vec::new(), [0; 16 << 10]);
    loop {
        let whole = seen.windows(4).any(|w| w == b"\r\n\r\n");
        let wait = if whole { Duration::from_millis(300) } else { PATIENCE };
        match tokio::time::timeout(wait, stream.read(&mut part)).await {
            Ok(Ok(read)) if read > 0 => seen.extend_from_slice(&part[..read]),
            _ => return seen.into_iter().map(char::from).collect(),
        }
    }
}

/// The status of an answer.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}
