//! Too much, too slow, too large: callers above the capacity are refused by name, bad clients are disconnected, other
//! callers are not affected.
use daplet_tests::exposition::Exposition;
use daplet_tests::flood::{RawAnswer, closed_loop, read_answer, request};
use daplet_tests::server::{Options, Server};
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const HELLO: &str = "export default () => 'hello'";
/// Busy for as many milliseconds as the query says.
const BUSY: &str = "export default (request) => {
    const end = Date.now() + Number(new URL(request.url).searchParams.get('ms'));
    while (Date.now() < end) for (let i = 0; i < 1000; i++);
    return 'done' }";

fn options(args: &[&str]) -> Options {
    Options { args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..Options::default() }.high_limits()
}

fn address(server: &Server) -> &str {
    server.base.trim_start_matches("http://")
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(address(server)).await.unwrap()
}

/// Whatever a test waits for, this is long enough.
async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), what).await.expect("nothing may hang")
}

async fn answer(stream: &mut TcpStream) -> std::io::Result<RawAnswer> {
    within(read_answer(stream, &mut Vec::new())).await
}

fn problem(answer: &RawAnswer) -> (u16, String, String) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|e| panic!("{e}: {answer:?}"));
    let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (answer.status, word("code"), word("limit"))
}

fn open_files(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count()
}

/// Name, bytes that a client sends, what it goes on dripping, and the refusal that it gets: status, code, limit.
type Bad = (&'static str, fn() -> Vec<u8>, &'static str, (u16, &'static str, &'static str));

const BAD: &[Bad] = &[
    ("slow head", || b"GET /hello HTTP/1.1\r\nx: ".to_vec(), "x", (408, "requestTimeout", "head_ms")),
    ("stalled head", || b"GET /hello HTTP/1.1\r\nhost: x".to_vec(), "", (408, "requestTimeout", "head_ms")),
    ("slow request line", || b"GET /hel".to_vec(), "l", (408, "requestTimeout", "head_ms")),
    (
        "slow body",
        || b"POST /hello HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{".to_vec(),
        "x",
        (408, "requestTimeout", "body_ms"),
    ),
    (
        "slow chunks",
        || b"POST /reads HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
        "1\r\nx\r\n",
        (408, "requestTimeout", "body_ms"),
    ),
    (
        "slow source",
        || {
            b"PUT /functions/x HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/javascript\r\ncontent-length: 1000\r\n\r\n//".to_vec()
        },
        "x",
        (408, "requestTimeout", "body_ms"),
    ),
    ("large header", || head("/hello", "x: ", 12 << 10), "", (431, "headersTooLarge", "max_head_bytes")),
    ("huge header", || head("/hello", "x: ", 2 << 20), "", (431, "headersTooLarge", "max_head_bytes")),
    ("many headers", || head("/hello", &"x: 1\r\n".repeat(200), 0), "", (431, "headersTooLarge", "headers")),
    ("no request", || b"hello\r\n\r\n".to_vec(), "", (400, "badRequest", "")),
    (
        "endless header",
        || head("/hello", "x: ", 2 << 20)[..1 << 20].to_vec(),
        "x",
        (431, "headersTooLarge", "max_head_bytes"),
    ),
    ("long line", || head(&"/x".repeat(3 << 10), "x: ", 1), "", (414, "uriTooLong", "max_request_line_bytes")),
    ("huge line", || head(&"/x".repeat(1 << 20), "x: ", 1), "", (414, "uriTooLong", "max_request_line_bytes")),
];

fn head(path: &str, header: &str, length: usize) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{header}{}\r\n\r\n", "y".repeat(length)).into_bytes()
}

/// Sends and drips until there is an answer.
async fn bad_client(server: &Server, bytes: Vec<u8>, drip: &str) -> std::io::Result<RawAnswer> {
    let (mut reader, mut writer) = connect(server).await.into_split();
    let sending = async {
        // A server that has refused may not take the rest.
        let _refused = writer.write_all(&bytes).await;
        loop {
            let _refused = writer.write_all(drip.as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut buffer = Vec::new();
    tokio::select! {
        answer = within(read_answer(&mut reader, &mut buffer)) => answer,
        () = sending => unreachable!("it drips for ever"),
    }
}

/// Says nothing; the server hangs up.
async fn silent_client(server: &Server, first: &[u8]) {
    let mut stream = connect(server).await;
    stream.write_all(first).await.unwrap();
    if !first.is_empty() {
        assert_eq!(answer(&mut stream).await.unwrap().status, 200);
    }
    let mut rest = Vec::new();
    within(stream.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
}

/// Asks for much and takes nothing; the server hangs up before all of it is through.
async fn lazy_reader(server: &Server) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut stream = socket.connect(address(server).parse().unwrap()).await.unwrap();
    stream.write_all(&request("GET", "/large", "")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let mut taken = Vec::new();
    let _cut = within(stream.read_to_end(&mut taken)).await;
    assert!(taken.len() < LARGE, "the server waited for a client that took nothing");
}

/// Goes away in the middle: of its head, of its body, of the answer, while its function runs.
async fn leaver(server: &Server) {
    for bytes in [&b"GET /hel"[..], b"POST /hello HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nxyz"] {
        connect(server).await.write_all(bytes).await.unwrap();
    }
    let mut stream = connect(server).await;
    stream.write_all(&request("GET", "/large", "")).await.unwrap();
    let mut some = vec![0; 64 << 10];
    within(stream.read_exact(&mut some)).await.unwrap();
    drop(stream);
    connect(server).await.write_all(&request("GET", "/busy?ms=20", "")).await.unwrap();
}

const LARGE: usize = 15 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn bad_clients_are_cut_off_and_nobody_else_notices() {
    let limits = "--max-head-bytes 8192 --max-request-line-bytes 4096 --head-ms 1500 --body-ms 1500 --write-ms 1500 --idle-ms 2000";
    let server = Server::with(options(&limits.split(' ').collect::<Vec<_>>())).await;
    server.deploy("hello", HELLO).await;
    server.deploy("busy", BUSY).await;
    server.deploy("reads", "export default async (request) => (await request.text()).length").await;
    let large = format!("export default () => new Response(new Uint8Array({LARGE}).fill(120))");
    let raised = json!({"responseBytes": 16 << 20, "cpuMs": 5000, "memoryMb": 112});
    server.deploy_with(json!({"name": "large", "source": large, "limits": raised})).await;
    assert_eq!(server.get("/large").await.body.len(), LARGE);
    let (server, pid) = (&server, server.pid());
    let before = open_files(server);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let healthy = (0..4).map(|_| {
        let (http, url, stopped) = (server.http.clone(), server.url("/hello"), stopped.clone());
        tokio::spawn(async move {
            let mut answered = 0;
            while !*stopped.borrow() {
                let answer = http.get(&url).send().await.unwrap();
                assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "hello"));
                answered += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            answered
        })
    });
    let healthy: Vec<_> = healthy.collect();
    let refused = BAD.iter().flat_map(|case| (0..5).map(move |_| case)).map(async |(name, bytes, drip, wanted)| {
        let answer = bad_client(server, bytes(), drip).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        let (status, code, limit) = problem(&answer);
        assert_eq!((status, code.as_str(), limit.as_str()), *wanted, "{name}: {}", answer.text());
    });
    let hello = request("GET", "/hello", "");
    let silent = (0..20).map(async |n| silent_client(server, if n % 2 == 0 { &[] } else { &hello }).await);
    tokio::join!(
        join_all(refused),
        join_all(silent),
        join_all((0..5).map(|_| lazy_reader(server))),
        join_all((0..20).map(|_| leaver(server))),
    );
    stop.send(true).unwrap();
    for answered in join_all(healthy).await {
        assert!(answered.unwrap() > 0);
    }
    within(async {
        while open_files(server) > before + 8 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert_eq!(server.pid(), pid);
    assert_eq!(server.get("/hello").await.text(), "hello");
}

/// Four times as many callers as the queue has places, some with bodies that nobody will read: each is served or told when to
/// come again, and the next caller after them is served.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_served_or_shed() {
    let server = Server::with(options(&["--queue", "32", "--workers", "1"])).await;
    server.deploy("busy", BUSY).await;
    let body = "b".repeat(256 << 10);
    for _ in 0..3 {
        let calls = (0..128).map(async |n| {
            let mut stream = connect(&server).await;
            let bytes = request("POST", "/busy?ms=20", if n % 4 == 0 { &body } else { "" });
            let (mut reader, mut writer) = stream.split();
            // What is shed before its body may not take the body.
            let send = async { drop(writer.write_all(&bytes).await) };
            let mut buffer = Vec::new();
            let (answer, ()) = within(futures::future::join(read_answer(&mut reader, &mut buffer), send)).await;
            let answer = answer.unwrap();
            assert!(answer.status == 200 || answer.status == 503 && answer.is_shed(), "{answer:?}");
            answer.status
        });
        let answers = join_all(calls).await;
        let served = answers.iter().filter(|status| **status == 200).count();
        assert!((32..128).contains(&served), "{served} of 128 served with a queue of 32");
        assert_eq!(server.get("/busy?ms=1").await.text(), "done");
    }
}

/// A flood of one function keeps no other out, whether places are scarce or time is.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_function_leaves_room_for_another() {
    for scarce in [["--queue", "16"], ["--queue-ms", "600"]] {
        let server = Server::with(options(&[scarce[0], scarce[1], "--workers", "1"])).await;
        server.deploy("hello", HELLO).await;
        server.deploy_with(json!({"name": "busy", "source": BUSY, "limits": {"cpuMs": 1000}})).await;
        assert_eq!(server.get("/busy?ms=20").await.text(), "done");
        let flood = join_all((0..64).map(async |_| {
            let mut stream = connect(&server).await;
            stream.write_all(&request("GET", "/busy?ms=50", "")).await.unwrap();
            answer(&mut stream).await.unwrap().status
        }));
        let others = async {
            let mut refused = Vec::new();
            for _ in 0..100 {
                let answer = server.get("/hello").await;
                if answer.status != 200 {
                    refused.push(answer.text());
                }
            }
            refused
        };
        let (flood, refused) = futures::future::join(flood, others).await;
        assert!(flood.contains(&200) && flood.contains(&503), "no flood: {flood:?}");
        assert!(refused.is_empty(), "{scarce:?}: {refused:?}");
    }
}

/// A request that would wait too long is refused with the name of that limit; an admitted one is in time.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_longer_than_the_queue_allows() {
    let server = Server::with(options(&["--queue-ms", "400", "--workers", "1"])).await;
    server.deploy_with(json!({"name": "busy", "source": BUSY, "limits": {"cpuMs": 1000}})).await;
    let calls = (0..40).map(async |_| {
        let mut stream = connect(&server).await;
        stream.write_all(&request("GET", "/busy?ms=100", "")).await.unwrap();
        answer(&mut stream).await.unwrap()
    });
    let answers = join_all(calls).await;
    let shed: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(!shed.is_empty() && shed.len() < answers.len(), "{} of {} shed", shed.len(), answers.len());
    for answer in shed {
        assert!(answer.is_shed(), "{answer:?}");
        assert_eq!(problem(answer).2, "queue_ms", "{answer:?}");
    }
    assert_eq!(server.get("/busy?ms=1").await.text(), "done");
}

/// A connection above the limit is refused with a reason; one that becomes free is used.
#[tokio::test(flavor = "multi_thread")]
async fn connections_have_a_limit() {
    let server = Server::with(options(&["--max-connections", "8"])).await;
    server.deploy("hello", HELLO).await;
    // Beside those of the test's own client.
    let mut open = Vec::new();
    let refused = loop {
        let mut stream = connect(&server).await;
        stream.write_all(&request("GET", "/hello", "")).await.unwrap();
        let answer = answer(&mut stream).await.unwrap();
        if answer.status != 200 {
            break answer;
        }
        open.push(stream);
        assert!(open.len() <= 8, "nine connections were served at once");
    };
    assert!(refused.is_shed(), "{refused:?}");
    assert_eq!(problem(&refused), (503, "loadShed".to_owned(), "max_connections".to_owned()));
    drop(open);
    let limit = [("limit", "max_connections")];
    let counted = within(async {
        loop {
            // Connections that ended give their places back a moment later.
            let answer = server.get("/metrics").await;
            if answer.status == 200 {
                break Exposition::parse(&answer.text()).get("daplet_sheds_total", &limit);
            }
        }
    });
    assert!(counted.await >= Some(1.0));
    within(async {
        while closed_loop(address(&server), &request("GET", "/hello", ""), 1, Duration::from_millis(50))
            .await
            .count(200)
            == 0
        {}
    })
    .await;
}

/// A message that meets a full queue waits: it has not been tried, and is not given up, even where nothing is tried twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_costs_no_message() {
    let server = Server::with(options(&["--queue", "1", "--workers", "1"])).await;
    let source = r#"import { pubsub, state } from "@daplet/sdk";
        export const subscriptions = [{ topic: "many", retry: { maxRetries: 0 } }];
        export default {
          async fetch(request) {
            if (request.method === "GET") return { seen: (await state().get("seen")) ?? [] };
            await Promise.all(Array.from({ length: 40 }, (_, n) => pubsub().publish("many", n)));
          },
          async message(event) {
            for (const end = Date.now() + 20; Date.now() < end; ) ;
            await state().update("seen", (seen) => [...(seen ?? []), event.data]);
          } }"#;
    server.deploy_with(json!({"name": "many", "source": source, "limits": {"cpuMs": 500}})).await;
    assert_eq!(server.post("/many", "").await.status, 204);
    within(async {
        loop {
            // With one place, asking may be refused too.
            let answer = server.get("/many").await;
            if answer.status == 200 {
                let mut seen: Vec<u64> = serde_json::from_value(answer.json()["seen"].clone()).unwrap();
                seen.sort_unstable();
                seen.dedup();
                if seen.len() == 40 {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
}
