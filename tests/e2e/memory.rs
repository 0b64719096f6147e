//! The memory budget and the least rate of transfers, as callers see them.
use daplet_tests::server::{Options, Server};
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const LARGE: &str = "export default () => new Uint8Array(7 << 20)";
const PARK: &str = "export default async (request) => {
    const given = new URL(request.url).searchParams;
    const held = new Uint8Array(Number(given.get('mb')) << 20).fill(1);
    await new Promise((done) => setTimeout(done, Number(given.get('ms'))));
    return String(held.length) }";

fn options(args: &[&str]) -> Options {
    Options { args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..Options::default() }
}

/// 236 MiB for requests, of which one function gets half.
async fn small() -> Server {
    let args = ["--memory-budget-mb", "716", "--workers", "1", "--snapshot-cache-mb", "256"];
    Server::with(options(&args)).await
}

fn address(server: &Server) -> &str {
    server.base.trim_start_matches("http://")
}

async fn asks(server: &Server, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address(server).parse().unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", address(server));
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn invocations_that_wait_take_shares_and_give_them_back() {
    let server = small().await;
    server.deploy_with(json!({"name": "park", "source": PARK, "limits": {"cpuMs": 1000}})).await;
    let all = join_all((0..8).map(|_| server.get("/park?mb=40&ms=3000"))).await;
    let (went, refused): (Vec<_>, Vec<_>) = all.iter().partition(|answer| answer.status == 200);
    assert!((1..=3).contains(&went.len()), "{} of 8 waited at once", went.len());
    for answer in refused {
        let problem: Value = answer.json();
        assert_eq!((answer.status, answer.code().as_str()), (503, "memoryBudget"), "{problem}");
        assert_eq!((&problem["limit"], answer.header("retry-after")), (&json!("memory_budget_mb"), Some("1")));
        assert!(problem["detail"].as_str().unwrap().contains("memory_budget_mb"), "{problem}");
    }
    let again = server.get("/park?mb=40&ms=10").await;
    assert_eq!((again.status, again.text()), (200, (40 << 20).to_string()));
}

#[tokio::test]
async fn answers_that_nobody_takes_hold_no_more_than_their_share() {
    let server = small().await;
    server.deploy("large", LARGE).await;
    server.deploy("hello", "export default () => 'hello'").await;
    let readers = join_all((0..40).map(|_| asks(&server, "/large"))).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.get("/large").await.code(), "memoryBudget");
    assert_eq!(server.get("/hello").await.text(), "hello");
    drop(readers);
    let start = Instant::now();
    while server.get("/large").await.status != 200 {
        assert!(start.elapsed() < Duration::from_secs(60), "the shares never came back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_reader_below_the_least_rate_is_cut_off_and_one_above_it_is_not() {
    let server = Server::with(options(&["--min-rate-bytes", "2048", "--write-ms", "120000"])).await;
    server.deploy("large", LARGE).await;
    let steady = async {
        let mut stream = asks(&server, "/large").await;
        let (start, mut taken, mut part) = (Instant::now(), 0, vec![0; 4096]);
        // Four times the least rate, which the kernel sees as one large step in a while.
        while start.elapsed() < Duration::from_secs(35) {
            let read = stream.read(&mut part).await.unwrap();
            assert!(read > 0, "closed after {taken} bytes");
            taken += read;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let slow = async {
        let mut stream = asks(&server, "/large").await;
        let (start, mut part) = (Instant::now(), [0; 64]);
        while start.elapsed() < Duration::from_secs(25) {
            let _ended = stream.read(&mut part).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // The kernel still delivers what it has; then nothing follows.
        let mut rest = Vec::new();
        let _reset = stream.read_to_end(&mut rest).await;
        assert!(rest.len() < 7 << 20, "{}", rest.len());
    };
    tokio::join!(steady, slow);
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_refused_by_name() {
    let server = Server::with(options(&["--min-rate-bytes", "4096"])).await;
    server.deploy("hello", "export default () => 'hello'").await;
    let mut stream = TcpStream::connect(address(&server)).await.unwrap();
    let head = format!("POST /hello HTTP/1.1\r\nhost: {}\r\ncontent-length: 100000\r\n\r\n", address(&server));
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let drip = async {
        loop {
            let _refused = writer.write_all(&[b'x'; 100]).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut answer = vec![0; 4096];
    let read = tokio::select! {
        read = tokio::time::timeout(Duration::from_secs(60), reader.read(&mut answer)) => read.unwrap().unwrap(),
        () = drip => unreachable!("it drips for ever"),
    };
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("min_rate_bytes"), "{answer}");
}

#[tokio::test]
async fn a_budget_that_holds_nothing_is_refused_by_name() {
    let mut server =
        Server::spawn(options(&["--memory-budget-mb", "300", "--workers", "4", "--snapshot-cache-mb", "128"]));
    assert_ne!(server.exit_code(Duration::from_secs(60)).await, Some(0));
    let said = server.output();
    for word in ["memory_budget_mb is 300", "snapshot_cache_mb, 128", "4 workers", "memoryMb"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}
