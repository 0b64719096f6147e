//! The memory budget and the least rate of transfers, as callers see them.
use daplet_tests::exposition::Exposition;
use daplet_tests::server::{Answer, Options, Server};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
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
const SMALL: [&str; 6] = ["--memory-budget-mb", "716", "--workers", "1", "--snapshot-cache-mb", "256"];

async fn small() -> Server {
    Server::with(options(&SMALL)).await
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
    server.deploy("hello", "export default async (request) => (await request.text()).length").await;
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

/// Resident memory of the server, bytes.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let kb = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")).unwrap();
    kb.parse::<u64>().unwrap() << 10
}

/// What a connection holds between requests is what its share stands for, whatever has passed.
#[tokio::test]
async fn idle_connections_hold_no_more_than_their_shares() {
    const CONNECTIONS: u64 = 400;
    let server = Server::with(options(&["--workers", "1"])).await;
    server.deploy("length", "export default async (r) => String((await r.arrayBuffer()).byteLength)").await;
    let head = format!("POST /length HTTP/1.1\r\nhost: {}\r\ncontent-length: 200000\r\n\r\n", address(&server));
    let request = [head.as_bytes(), &[b'x'; 200_000]].concat();
    let mut open = Vec::new();
    let mut before = 0;
    for count in 0..CONNECTIONS + 20 {
        // The first ones bring up what is there once.
        if count == 20 {
            before = resident(&server);
        }
        let mut stream = TcpStream::connect(address(&server)).await.unwrap();
        stream.write_all(&request).await.unwrap();
        let (mut answer, mut read) = ([0; 1024], 0);
        while !answer[..read].ends_with(b"200000") {
            let more = stream.read(&mut answer[read..]).await.unwrap();
            assert!(more > 0, "{}", String::from_utf8_lossy(&answer[..read]));
            read += more;
        }
        open.push(stream);
    }
    let each = resident(&server).saturating_sub(before) / CONNECTIONS;
    assert!(each <= 32 << 10, "an idle connection holds {each} bytes");
}

/// A body that begins with `start` and goes on by `part` ten times a second.
fn dripping(start: Vec<u8>, part: Vec<u8>) -> reqwest::Body {
    let first = futures::stream::once(async { start });
    let drops = futures::stream::unfold(part, |part| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((part.clone(), part))
    });
    reqwest::Body::wrap_stream(first.chain(drops).map(Ok::<_, std::io::Error>))
}

fn http2() -> reqwest::Client {
    reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap()
}

#[tokio::test]
async fn requests_of_http2_that_wait_take_shares() {
    let server = Server::with(options(&[&SMALL[..], &["--min-rate-bytes", "0"]].concat()).high_limits()).await;
    let source = "export default (request) => new Promise((done) => setTimeout(done, request.method === 'POST' ? 20_000 : 0, 'x'))";
    server.deploy("hello", source).await;
    let head = "h".repeat(50_000);
    let clients: Vec<_> = (0..3).map(|_| http2()).collect();
    let asks = clients.iter().flat_map(|client| (0..800).map(|_| client.post(server.url("/hello"))));
    let mut answers: FuturesUnordered<_> =
        asks.map(|ask| ask.header("x-head", &head).body(dripping(Vec::new(), vec![b'x'])).send()).collect();
    // A stream that is refused ends while its body still comes: a client may see that end before the answer. So the server says it.
    let answered = async {
        while answers.next().await.is_some() {}
        std::future::pending::<()>().await;
    };
    let refused = async {
        while Exposition::parse(&server.get("/metrics").await.text())
            .sum("daplet_sheds_total", &[("limit", "memory_budget_mb")])
            == 0.0
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let refused = async {
        tokio::select! { () = answered => {}, () = refused => {} }
    };
    tokio::time::timeout(Duration::from_secs(60), refused).await.expect("no request was refused a share");
    drop((answers, clients));
    let start = Instant::now();
    while http2().get(server.url("/hello")).send().await.unwrap().status() != 200 {
        assert!(start.elapsed() < Duration::from_secs(60), "the shares never came back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn calls_of_grpc_that_wait_take_shares() {
    const LENGTH: u32 = 4_000_000;
    let server = small().await;
    let client = http2();
    let start = [&[0][..], &LENGTH.to_be_bytes(), &vec![0; LENGTH as usize - 1_000_000]].concat();
    let call = || {
        let call = client.post(format!("{}/dapr.proto.runtime.v1.Dapr/SaveState", server.grpc));
        call.header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(dripping(start.clone(), vec![0; 500]))
    };
    let mut answers: FuturesUnordered<_> = (0..60).map(|_| call().send()).collect();
    let refused = async {
        loop {
            let answer = answers.next().await.unwrap().unwrap();
            let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            if header("grpc-status").as_deref() == Some("14") {
                return header("grpc-message").unwrap_or_default();
            }
        }
    };
    let message = tokio::time::timeout(Duration::from_secs(60), refused).await.unwrap();
    assert!(message.contains("memoryBudget"), "{message}");
}

#[tokio::test]
async fn http2_has_the_least_rates_of_http1() {
    let args = ["--min-rate-bytes", "4096", "--write-ms", "120000", "--body-ms", "120000"];
    let server = Server::with(options(&args)).await;
    server.deploy("large", LARGE).await;
    server.deploy("hello", "export default async (request) => (await request.text()).length").await;
    let body = async {
        let slow = http2().post(server.url("/hello")).body(dripping(Vec::new(), vec![b'x'; 100])).send();
        let answer = Answer::of(tokio::time::timeout(Duration::from_secs(60), slow).await.unwrap().unwrap()).await;
        assert!(
            answer.status == 408 && answer.text().contains("min_rate_bytes"),
            "{} {}",
            answer.status,
            answer.text()
        );
    };
    let reader = async {
        // SETTINGS with an empty window; HEADERS: GET, http, :path, :authority; then 64 bytes of window a second.
        let settings = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
        let path = [&[0x82, 0x86, 0x44, 6], b"/large".as_slice(), &[0x41, 9], b"localhost"].concat();
        let head = [&[0, 0, u8::try_from(path.len()).unwrap(), 1, 5, 0, 0, 0, 1], path.as_slice()].concat();
        let window = [0, 0, 4, 8, 0, 0, 0, 0, 1, 0, 0, 0, 64];
        let (mut reader, mut writer) = TcpStream::connect(address(&server)).await.unwrap().into_split();
        let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &settings, &head].concat();
        writer.write_all(&preface).await.unwrap();
        let opens = async {
            loop {
                let _closed = writer.write_all(&window).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let mut seen = Vec::new();
        tokio::select! {
            closed = tokio::time::timeout(Duration::from_secs(35), reader.read_to_end(&mut seen)) =>
                assert!(closed.is_ok() && seen.len() < 10_000, "open after 35 s; seen {} bytes", seen.len()),
            () = opens => unreachable!("it opens the window for ever"),
        }
    };
    tokio::join!(body, reader);
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
