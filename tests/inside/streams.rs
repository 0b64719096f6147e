//! Bodies that stream: from a client through a function and back, chunk by chunk, with back-pressure and to an honest end.
use crate::server::{Answer, Options, Server};
use daplet_tests::raw::ask;
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Longest wait for something that happens.
const PATIENCE: Duration = Duration::from_secs(30);

const ANSWERS: &str = r#"import { state } from "@daplet/sdk";
    const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
    const bytes = (text) => new TextEncoder().encode(text);
    const made = (pull, cancel) => new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
    const chunks = (list, end) => made((c) => {
      if (list.length > 0) c.enqueue(bytes(list.shift()));
      else end(c);
    });
    export default {
      async fetch(request, env, ctx) {
        const { pathname, searchParams } = new URL(request.url);
        if (pathname.startsWith("/state/")) return { value: await state().get(pathname.slice(7)) };
        if (pathname.startsWith("/put/")) return void await state().put(pathname.slice(5), true);
        const name = searchParams.get("name");
        const headers = searchParams.has("length") ? { "content-length": searchParams.get("length") } : {};
        const answer = {
          "/gated": () => {
            let made1 = 0;
            return made(async (c) => {
              if (made1++ === 0) return c.enqueue(bytes("one"));
              while (!(await state().get(name))) await sleep(20);
              c.enqueue(bytes("two"));
              c.close();
            });
          },
          "/flood": () => {
            let n = 0;
            return made(async (c) => {
              if (n === 400) return c.close();
              await state().put(name, ++n);
              c.enqueue(new Uint8Array(65536).fill(n));
            });
          },
          "/left": () => {
            request.signal.addEventListener("abort", () => ctx.waitUntil(state().put(`${name}-signal`, request.signal.reason.name)));
            return made(async (c) => {
              c.enqueue(bytes("x"));
              await sleep(10);
            }, (reason) => state().put(`${name}-cancel`, reason.name));
          },
          "/silent": () => chunks(["one"], () => new Promise(() => {})),
          "/slow": () => made(async (c) => { c.enqueue(bytes("x")); await sleep(50); }),
          "/throws": () => chunks(["one", "two"], () => { throw new Error("no more"); }),
          "/text": () => chunks(["one"], (c) => c.enqueue("no bytes")),
          "/ends": () => chunks(["one"], (c) => c.close()),
          "/iterable": () => (async function* () { yield "one"; yield bytes("two"); })(),
        }[pathname]();
        return new Response(answer, { headers });
      },
    };"#;

const BODIES: &str = r#"
    const call = globalThis[Symbol.for("daplet.host")];
    const outcome = (op, args) => call(op, args, new Uint8Array(1)).then(() => "ok", (error) => error.code);
    let seen = 0;
    export default {
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/length") return { length: (await request.text()).length, seen: seen++ };
        if (pathname === "/echo") return new Response(request.body, { headers: { "content-type": "x/echo" } });
        if (pathname === "/upper") {
          const upper = new TransformStream({ transform(chunk, c) { c.enqueue(chunk.map((b) => (b >= 97 && b <= 122 ? b - 32 : b))); } });
          return new Response(request.body?.pipeThrough(upper));
        }
        if (pathname === "/unread") return "unread";
        if (pathname === "/cancel") { await request.body.cancel(); return "canceled"; }
        if (pathname === "/operations") {
          const list = JSON.parse(request.headers.get("x-operations"));
          return Promise.all(list.map(([op, args]) => outcome(op, args)));
        }
      },
    };"#;

/// Passes the answers of `answers` on, as they are or chunk by chunk.
const RELAY: &str = r#"import { invoke } from "@daplet/sdk";
    export default async (request) => {
      const { pathname, search } = new URL(request.url);
      const answer = await invoke("daplet").fetch("/answers" + pathname + search, { signal: request.signal });
      return search.includes("chunks") ? new Response(answer.body.pipeThrough(new TransformStream())) : answer;
    };"#;

fn args(list: &[&str]) -> Options {
    Options { args: list.iter().map(|arg| (*arg).to_owned()).collect(), ..Options::default() }
}

async fn deployed(options: Options) -> Server {
    let server = Server::with(options.high_limits()).await;
    let limits = json!({"cpuMs": 20_000, "operations": 100_000});
    for (name, source) in [("answers", ANSWERS), ("bodies", BODIES), ("relay", RELAY)] {
        server.deploy_with(json!({"name": name, "source": source, "limits": limits})).await;
    }
    server
}

/// Asks until `ready`.
async fn until(server: &Server, key: &str, ready: impl Fn(&Value) -> bool) -> Value {
    let asked = async {
        loop {
            let value = server.get(&format!("/answers/state/{key}")).await.json()["value"].take();
            if ready(&value) {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{key} never came"))
}

async fn connected(base: &str, request: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(base.trim_start_matches("http://").parse().unwrap()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads until `end` was seen.
async fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut seen = String::new();
    let reading = async {
        let mut part = [0; 4096];
        while !seen.contains(end) {
            let read = stream.read(&mut part).await.unwrap();
            assert!(read > 0, "the connection ended after {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&part[..read]));
        }
    };
    let came = tokio::time::timeout(PATIENCE, reading).await;
    assert!(came.is_ok(), "{end:?} did not come, only {seen:?}");
    seen
}

/// The next chunk of an answer that is not empty; empty at its end.
async fn next(answer: &mut reqwest::Response) -> String {
    while let Some(chunk) = answer.chunk().await.unwrap() {
        if !chunk.is_empty() {
            return String::from_utf8(chunk.to_vec()).unwrap();
        }
    }
    String::new()
}

/// Every way to a function passes a chunk on before the next one is made.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_chunk_arrives_before_the_second_is_made() {
    let server = deployed(Options::default()).await;
    let http2 = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let ways = [
        (&server.http, &server.base, "/answers"),
        (&http2, &server.base, "/answers"),
        (&server.http, &server.dapr, "/v1.0/invoke/daplet/method/answers"),
        (&server.http, &server.base, "/relay"),
        (&server.http, &server.base, "/relay/gated?chunks&name="),
    ];
    for (number, (client, base, path)) in ways.into_iter().enumerate() {
        let query = if path.contains('?') { "" } else { "/gated?name=" };
        let url = format!("{base}{path}{query}gate{number}");
        let mut answer = client.get(url).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("content-length")), (200, None));
        assert_eq!(next(&mut answer).await, "one", "{number}");
        server.get(&format!("/answers/put/gate{number}")).await;
        assert_eq!(next(&mut answer).await, "two", "{number}");
        assert_eq!(next(&mut answer).await, "", "{number}");
    }
    assert_eq!(server.get("/answers/iterable").await.text(), "onetwo");
}

/// A reader that takes nothing holds up the function: what is made is what fits the sockets.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_waits_for_its_reader() {
    let server = deployed(Options::default()).await;
    let request = "GET /answers/flood?name=made HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut stream = connected(&server.base, request).await;
    let mut before = until(&server, "made", |made| made.as_u64().is_some_and(|made| made > 1)).await;
    let still = async {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = until(&server, "made", |_| true).await;
            if now == before {
                return;
            }
            before = now;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, still).await.is_ok(), "the function never waited");
    assert!(before.as_u64().unwrap() < 390, "{before} of 400 chunks were made for nobody");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.len() > 400 << 16 && all.ends_with(b"\r\n0\r\n\r\n"), "{} bytes", all.len());
}

/// A client that goes away cancels the stream and aborts the request's signal.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_noticed() {
    let server = deployed(Options::default()).await;
    let ways =
        [(&server.base, "/answers"), (&server.dapr, "/v1.0/invoke/daplet/method/answers"), (&server.base, "/relay")];
    for (number, (base, path)) in ways.into_iter().enumerate() {
        let request = format!("GET {path}/left?name=left{number} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let mut stream = connected(base, &request).await;
        read_to(&mut stream, "\r\nx\r\n").await;
        drop(stream);
        for what in ["cancel", "signal"] {
            let reason = until(&server, &format!("left{number}-{what}"), |reason| !reason.is_null()).await;
            assert_eq!(reason, "AbortError", "{what}");
        }
    }
    assert_eq!(server.http.head(server.url("/answers/ends")).send().await.unwrap().status(), 200);
}

/// What fails after the head, or does not have its length, is never taken for a whole answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_fails_after_its_head_does_not_end_cleanly() {
    let server = deployed(args(&["--stream-idle-ms", "400"])).await;
    let limits = json!({"cpuMs": 20_000, "streamMs": 600});
    server.deploy_with(json!({"name": "short", "source": ANSWERS, "limits": limits})).await;
    let http2 = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let cases = [
        ("/answers/ends", Some("one")),
        ("/answers/ends?length=3", Some("one")),
        ("/answers/ends?length=4", None),
        ("/answers/ends?length=2", None),
        ("/answers/throws", None),
        ("/answers/text", None),
        ("/answers/silent", None),
        ("/short/slow", None),
    ];
    for client in [&server.http, &http2] {
        let all = join_all(cases.map(|(path, whole)| {
            let server = &server;
            async move {
                // One that fails at once may do so before its head was sent.
                let answer = client.get(server.url(path)).send().await;
                let Ok(answer) = answer else { return assert_eq!(whole, None, "{path}: {answer:?}") };
                assert_eq!(answer.status().as_u16(), 200, "{path}");
                let text = answer.text().await;
                assert_eq!(text.as_ref().ok().map(String::as_str), whole, "{path} {text:?}");
            }
        }));
        all.await;
    }
    let kept = ask(&server.base, "GET /answers/ends?length=3 HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(kept.contains("content-length: 3\r\n") && kept.ends_with("\r\n\r\none"), "{kept}");
    let broken = ask(&server.base, "GET /answers/throws HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(broken.contains("transfer-encoding: chunked") && !broken.ends_with("0\r\n\r\n"), "{broken}");
    assert_eq!(server.get("/livez").await.status, 200);
}

/// A request's body goes through a function while it comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_while_it_comes() {
    let server = deployed(Options::default()).await;
    let head = "POST /bodies/upper HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut stream = connected(&server.base, head).await;
    for (sent, expected) in [("3\r\none\r\n", "ONE"), ("3\r\ntwo\r\n", "TWO"), ("0\r\n\r\n", "0\r\n\r\n")] {
        stream.write_all(sent.as_bytes()).await.unwrap();
        read_to(&mut stream, expected).await;
    }
    // The connection goes on.
    let again = "POST /bodies/length HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\nconnection: close\r\n\r\nab";
    stream.write_all(again.as_bytes()).await.unwrap();
    assert!(read_to(&mut stream, "}").await.contains("\"length\":2"));
}

/// Bodies of every size reach the function, whole or not, and are passed on with their length.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_every_size_arrive_and_are_passed_on() {
    let server = deployed(Options::default()).await;
    for size in [0, 1, 65_536, 65_537, 300_000, 5 << 20] {
        let body: Vec<u8> = (0..size).map(|n| b'a' + u8::try_from(n % 23).unwrap()).collect();
        let length = server.post("/bodies/length", body.clone()).await.json();
        assert_eq!(length, json!({"length": size, "seen": 0}));
        for path in ["/bodies/echo", "/bodies/upper"] {
            let answer = server.post(path, body.clone()).await;
            let expected = if path.ends_with("echo") { body.clone() } else { body.to_ascii_uppercase() };
            assert!(answer.status == 200 && answer.body == expected, "{path} {size}: {}", answer.body.len());
        }
        let through = format!("{}/v1.0/invoke/daplet/method/bodies/echo", server.dapr);
        let answer = server.http.post(through).body(body.clone()).send().await.unwrap();
        assert_eq!(answer.bytes().await.unwrap(), body);
        assert_eq!(server.post("/bodies/unread", body.clone()).await.text(), "unread");
        if size > 65_536 {
            let echo = server.post("/bodies/echo", body.clone()).await;
            assert_eq!(echo.header("content-length"), Some(size.to_string().as_str()));
            assert_eq!(server.post("/bodies/cancel", body).await.text(), "canceled");
        }
    }
}

/// What is too long is refused: at once where its length is known, else when the function meets its end.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_too_long_is_refused() {
    let server = deployed(args(&["--max-body-bytes", "200000"])).await;
    let chunks = |count: usize| {
        let chunks = (0..count).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 10_000]));
        reqwest::Body::wrap_stream(futures::stream::iter(chunks))
    };
    for (body, expected) in [
        (reqwest::Body::from(vec![b'x'; 200_000]), 200),
        (reqwest::Body::from(vec![b'x'; 200_001]), 413),
        (chunks(20), 200),
        (chunks(21), 413),
    ] {
        // What is refused unread ends its connection.
        let fresh = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = fresh.post(server.url("/bodies/length")).body(body).send().await.unwrap();
        let answer = Answer::of(answer).await;
        assert_eq!(answer.status, expected, "{}", answer.text());
        assert_eq!(answer.code(), if expected == 413 { "payloadTooLarge" } else { "" });
    }
}

/// What a function does with numbers of bodies: none that it does not have, and no more than it may.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_reaches_only_its_own_bodies() {
    let server = deployed(args(&["--open-resources", "1"])).await;
    let long = vec![b'x'; 100_000];
    for (body, operations, expected) in [
        (
            &b""[..],
            json!([["body.read", {"body": 2}], ["body.read", {"body": 4}]]),
            json!(["INVALID_ARGUMENT", "INVALID_ARGUMENT"]),
        ),
        (
            b"",
            json!([["body.write", {"body": 1}], ["body.close", {"body": 1}], ["body.watch", {"body": 1}]]),
            json!(["INVALID_ARGUMENT", "INVALID_ARGUMENT", "INVALID_ARGUMENT"]),
        ),
        (
            b"",
            json!([["body.read", {}], ["body.read", {"body": -1}], ["body.read", {"body": "2"}], ["body.read", {"body": 1e99}]]),
            json!(["INVALID_ARGUMENT", "INVALID_ARGUMENT", "INVALID_ARGUMENT", "INVALID_ARGUMENT"]),
        ),
        (b"", json!([["body.cancel", {"body": 7}], ["body.eat", {"body": 2}]]), json!(["ok", "UNKNOWN_OPERATION"])),
        (
            &long,
            json!([["body.write", {"body": 2}], ["body.close", {"body": 2}], ["body.read", {"body": 2}]]),
            json!(["INVALID_ARGUMENT", "INVALID_ARGUMENT", "ok"]),
        ),
    ] {
        let request = server.http.post(server.url("/bodies/operations")).header("x-operations", operations.to_string());
        let answer = request.body(body.to_vec()).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap(), expected, "{operations}");
    }
    let full = server.post("/bodies/upper", long.clone()).await;
    assert_eq!((full.status, full.code().as_str()), (503, "TOO_MANY_OPEN"), "{}", full.text());
    assert_eq!(server.post("/bodies/echo", long).await.body.len(), 100_000);
}
