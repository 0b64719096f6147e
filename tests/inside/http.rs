//! HTTP as its standards have it, on every way to a function: directly, by service invocation and from another function; by HTTP/1.0,
//! HTTP/1.1 and HTTP/2.
use crate::server::{Answer, Options, Server};
use daplet_tests::raw::{ask, status};
use serde_json::{Value, json};

/// Answers as its query asks, and says what it was sent.
const ODD: &str = r#"import { invoke } from "@daplet/sdk";
    const hex = (text) => [...(text ?? "")].map((c) => c.charCodeAt(0).toString(16)).join(" ");
    export default {
      async fetch(request) {
        const query = new URL(request.url).searchParams;
        if (query.has("through")) {
          const answer = await invoke("daplet").fetch(`/odd?${query.get("through")}`, { method: request.method, headers: { "x-in": "caf\u00e9" } });
          return Response.json({ status: answer.status, text: hex(answer.statusText), out: hex(answer.headers.get("x-out")),
            length: answer.headers.get("content-length"), body: await answer.text() });
        }
        const headers = { "x-in-hex": hex(request.headers.get("x-in")), "x-out": "caf\u00e9", "x-cookie": request.headers.get("cookie") ?? "" };
        if (query.has("length")) headers["content-length"] = query.get("length");
        const body = query.has("body") ? query.get("body") : null;
        return new Response(body, { status: Number(query.get("status") ?? 200), statusText: query.get("text") ?? "", headers });
      },
    };"#;

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    head.lines().find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
}

/// RFC 9110 §8.6 and §9.3.2: the length of an answer to HEAD is GET's, or is not said; 204 and 304 have none.
#[tokio::test(flavor = "multi_thread")]
async fn lengths_of_answers_without_a_body() {
    let server = Server::start().await;
    server.deploy("odd", ODD).await;
    let ways = [(&server.base, "/odd"), (&server.dapr, "/v1.0/invoke/daplet/method/odd")];
    for (base, path) in ways {
        for (method, query, length) in [
            ("HEAD", "length=1234", Some("1234")),
            ("HEAD", "length=0", Some("0")),
            ("HEAD", "length=none", None),
            ("HEAD", "", None),
            ("HEAD", "body=four", Some("4")),
            ("HEAD", "status=204", None),
            ("HEAD", "status=304", None),
            ("HEAD", "status=304&length=7", None),
            ("GET", "status=204", None),
            ("GET", "status=204&length=7", None),
            ("GET", "status=304", None),
            ("GET", "length=7&body=abc", Some("3")),
            ("GET", "", Some("0")),
        ] {
            for version in ["1.1", "1.0"] {
                let answer =
                    ask(base, &format!("{method} {path}?{query} HTTP/{version}\r\nhost: localhost\r\n\r\n")).await;
                assert_eq!(header(&answer, "content-length"), length, "{method} {path}?{query} {answer}");
                assert!(header(&answer, "transfer-encoding").is_none(), "{answer}");
                assert!(method == "GET" || answer.ends_with("\r\n\r\n"), "{answer}");
            }
        }
    }
    let head = Answer::of(server.http.head(server.url("/odd?through=length%3D1234")).send().await.unwrap()).await;
    assert_eq!(head.status, 200);
    server.deploy("head", "import { invoke } from '@daplet/sdk'; export default async () => [...(await invoke('daplet').fetch('/odd?length=1234', { method: 'HEAD' })).headers].find(([n]) => n === 'content-length')").await;
    assert_eq!(server.get("/head").await.json(), json!(["content-length", "1234"]));
    let etag = server.get("/functions/odd").await.header("etag").unwrap().to_owned();
    for (base, request) in [
        (
            &server.base,
            format!("HEAD /functions/odd/source HTTP/1.1\r\nhost: localhost\r\nif-none-match: {etag}\r\n\r\n"),
        ),
        (&server.base, format!("GET /functions/odd HTTP/1.1\r\nhost: localhost\r\nif-none-match: {etag}\r\n\r\n")),
        (&server.base, "DELETE /configuration/none HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned()),
        (&server.dapr, "HEAD /v1.0/healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned()),
        (&server.dapr, "HEAD /v1.0/state/statestore/none HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned()),
    ] {
        let answer = ask(base, &request).await;
        assert!(
            [204, 304].contains(&status(&answer)) && header(&answer, "content-length").is_none(),
            "{request} {answer}"
        );
    }
}

/// RFC 9110 §5.5: what is beyond ASCII in a header is a byte, and JavaScript has it as one character.
#[tokio::test(flavor = "multi_thread")]
async fn header_bytes_are_characters_on_every_way() {
    let server = Server::start().await;
    server.deploy("odd", ODD).await;
    for (base, path) in [(&server.base, "/odd"), (&server.dapr, "/v1.0/invoke/daplet/method/odd")] {
        let request =
            format!("GET {path}?text=Caf%C3%A9&body=x HTTP/1.1\r\nhost: localhost\r\nx-in: caf\u{e9}\r\n\r\n");
        let answer = ask(base, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200 Caf\u{e9}\r\n"), "{answer}");
        assert_eq!(
            (header(&answer, "x-in-hex"), header(&answer, "x-out")),
            (Some("63 61 66 e9"), Some("caf\u{e9}")),
            "{answer}"
        );
    }
    let seen = server.get("/odd?through=text%3DCaf%25C3%25A9").await.json();
    assert_eq!((&seen["text"], &seen["out"]), (&json!("43 61 66 e9"), &json!("63 61 66 e9")), "{seen}");
}

/// RFC 6265 §5.4, RFC 9113 §8.2.3.
#[tokio::test(flavor = "multi_thread")]
async fn cookies_are_one_line() {
    let server = Server::start().await;
    server.deploy("odd", ODD).await;
    for (base, path) in [(&server.base, "/odd"), (&server.dapr, "/v1.0/invoke/daplet/method/odd")] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: a=1\r\nx: y\r\nCookie: b=2; c=3\r\ncookie: d\r\n\r\n"
        );
        assert_eq!(header(&ask(base, &request).await, "x-cookie"), Some("a=1; b=2; c=3; d"));
    }
}

/// RFC 9112 §3.2: one Host, and an absolute target wins over it.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_names_one_host() {
    let args = vec!["--allowed-hosts".to_owned(), "other.example".to_owned()];
    let server = Server::with(Options { args, ..Options::default() }).await;
    server.deploy("where", "export default (r) => [r.url, r.headers.get('host')]").await;
    let own = server.base.trim_start_matches("http://");
    for (request, expected, url) in [
        ("GET /where/ HTTP/1.1\r\n\r\n", 400, ""),
        ("GET /where/ HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n", 400, ""),
        ("GET /where/ HTTP/1.0\r\nhost: localhost\r\nHost: x\r\n\r\n", 400, ""),
        ("GET http://localhost/where HTTP/1.1\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost:\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost: :80\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost: a b\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost: a/where\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost: user@localhost\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost: localhost:65536\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost: localhost:x\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost: [fe80::1%25lo]\r\n\r\n", 400, ""),
        ("GET /where HTTP/1.1\r\nhost: caf\u{e9}.localhost\r\n\r\n", 400, ""),
        ("GET http://user:pass@localhost/where HTTP/1.1\r\nhost: localhost\r\n\r\n", 400, ""),
        ("GET http://localhost:99999/where HTTP/1.1\r\nhost: localhost\r\n\r\n", 400, ""),
        ("GET http://evil.example/where HTTP/1.1\r\nhost: localhost\r\n\r\n", 421, ""),
        ("GET /where HTTP/1.0\r\n\r\n", 200, "localhost"),
        ("GET /where HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n", 200, "127.0.0.1"),
        ("GET /where HTTP/1.1\r\nhost: LocalHost:\r\n\r\n", 200, "LocalHost:"),
        ("GET /where HTTP/1.1\r\nhost: [::1]:8080\r\n\r\n", 200, "[::1]:8080"),
        ("GET http://other.example:81/where HTTP/1.1\r\nhost: x\r\n\r\n", 200, "other.example:81"),
        ("GET http://where.localhost HTTP/1.1\r\nhost: localhost\r\n\r\n", 200, "where.localhost"),
        ("OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n", 204, ""),
        ("CONNECT localhost:80 HTTP/1.1\r\nhost: localhost:80\r\n\r\n", 405, ""),
    ] {
        let answer = ask(&server.base, request).await;
        assert_eq!(status(&answer), expected, "{request} {answer}");
        if expected == 200 {
            let seen: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
            let seen = seen[0].as_str().unwrap();
            assert!(seen.eq_ignore_ascii_case(&format!("http://{url}/")), "{request} {seen}");
        } else if expected == 400 {
            assert!(answer.contains("application/problem+json"), "{request} {answer}");
        }
        // The same holds where no function is.
        if expected == 400 {
            let dapr = ask(&server.dapr, &request.replace("/where", "/v1.0/metadata")).await;
            assert_eq!(status(&dapr), 400, "{request} {dapr}");
        }
    }
    let host = ask(&server.base, "GET http://other.example/where HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(host.ends_with(r#"["http://other.example/","other.example"]"#), "{host}");
    assert!(ask(&server.base, &format!("GET /where HTTP/1.1\r\nhost: {own}\r\n\r\n")).await.contains(own));
}

/// RFC 9110 §10.1.1: a client is not asked to send a body that will be refused.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_for_a_body_that_is_refused() {
    let server = Server::start().await;
    server.deploy("odd", ODD).await;
    let rows = [
        // Method, path, host, length, media type, status.
        ("POST", "/odd", "localhost", 10, "text/plain", 100),
        ("POST", "/odd", "localhost", 999_999_999, "text/plain", 413),
        ("POST", "/odd", "evil.example", 10, "text/plain", 421),
        ("POST", "/none", "localhost", 10, "text/plain", 404),
        ("POST", "/odd", "none.localhost", 10, "text/plain", 404),
        ("PUT", "/functions/up", "localhost", 10, "text/javascript", 100),
        ("PUT", "/functions/up", "localhost", 99_999_999, "text/javascript", 413),
        ("PUT", "/functions/up", "localhost", 10, "text/plain", 415),
        ("PUT", "/functions/up", "evil.example", 10, "text/javascript", 421),
        ("PUT", "/functions/UP", "localhost", 10, "text/javascript", 400),
        ("POST", "/functions?name=livez", "localhost", 10, "text/javascript", 400),
        ("PATCH", "/functions/up", "localhost", 10, "text/javascript", 405),
        ("PUT", "/configuration/x", "localhost", 10, "text/plain", 100),
        ("PUT", "/configuration/x", "localhost", 99_999_999, "text/plain", 413),
    ];
    let dapr = [
        ("POST", "/v1.0/state/statestore", "localhost", 10, "application/json", 100),
        ("POST", "/v1.0/state/statestore", "localhost", 99_999_999, "application/json", 413),
        ("POST", "/v1.0/state/statestore", "evil.example", 10, "application/json", 421),
        ("POST", "/v1.0/state/none", "localhost", 10, "application/json", 400),
        ("POST", "/v1.0/state/none/transaction", "localhost", 10, "application/json", 400),
        ("POST", "/v1.0/publish/pubsub/t", "localhost", 10, "text/plain", 100),
        ("POST", "/v1.0/publish/pubsub/t", "localhost", 99_999_999, "text/plain", 413),
        ("POST", "/v1.0/publish/none/t", "localhost", 10, "text/plain", 404),
        ("POST", "/v1.0/publish/bulk/none/t", "localhost", 10, "application/json", 404),
        ("POST", "/v1.0/invoke/daplet/method/odd", "localhost", 10, "text/plain", 100),
        ("POST", "/v1.0/invoke/daplet/method/odd", "localhost", 999_999_999, "text/plain", 413),
        ("POST", "/v1.0/invoke/daplet/method/none", "localhost", 10, "text/plain", 404),
        ("POST", "/v1.0/invoke/other/method/odd", "localhost", 10, "text/plain", 500),
        ("POST", "/v1.0/actors/Cell/1/method/set", "localhost", 99_999_999, "text/plain", 413),
        ("POST", "/v1.0/actors/Cell/1/method/set", "localhost", 10, "text/plain", 404),
        ("POST", "/v1.0/bindings/none", "localhost", 99_999_999, "application/json", 413),
        ("POST", "/v1.0/none", "localhost", 10, "text/plain", 404),
    ];
    let all = rows.iter().map(|row| (&server.base, row)).chain(dapr.iter().map(|row| (&server.dapr, row)));
    for (base, (method, path, host, length, media_type, expected)) in all {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {media_type}\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        let answer = ask(base, &request).await;
        assert_eq!(status(&answer), *expected, "{request} {answer}");
    }
}

/// A path's bytes are the function's to judge; what the server reads as text must be text.
#[tokio::test(flavor = "multi_thread")]
async fn paths_that_are_not_utf8() {
    let server = Server::start().await;
    server.deploy("where", "export default (r) => [r.url, r.headers.get('host')]").await;
    for (base, path, headers, expected) in [
        (&server.base, "/where/caf%E9", "", 200),
        (&server.dapr, "/v1.0/invoke/daplet/method/where/caf%E9?x=%E9", "", 200),
        (&server.dapr, "/where/caf%E9", "dapr-app-id: daplet\r\n", 200),
        (&server.dapr, "/v1.0/invoke/%E9/method/where", "", 500),
        (&server.dapr, "/v1.0/state/statestore/caf%E9", "", 400),
        (&server.dapr, "/v1.0/actors/A%E9/1/method/x", "", 400),
        (&server.dapr, "/v1.0/none/caf%E9", "", 400),
        (&server.base, "/functions/caf%E9", "", 400),
        (&server.base, "/functions/caf%E9/source", "", 400),
        (&server.base, "/configuration/caf%E9", "", 400),
        (&server.base, "/caf%E9", "", 404),
    ] {
        let answer = ask(base, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")).await;
        assert_eq!(status(&answer), expected, "{path} {answer}");
        let kind = header(&answer, "content-type").unwrap_or_default();
        let wanted =
            if expected == 200 || base == &server.dapr { "application/json" } else { "application/problem+json" };
        assert_eq!(kind, wanted, "{path} {answer}");
        assert!(expected != 200 || answer.contains("/caf%E9"), "{answer}");
        assert!(base != &server.dapr || expected == 200 || answer.contains("errorCode"), "{answer}");
    }
}

/// HTTP/2 by prior knowledge, on the ports of HTTP/1.
#[tokio::test(flavor = "multi_thread")]
async fn http2_without_tls() {
    let server = Server::start().await;
    server.deploy("odd", ODD).await;
    server.deploy("echo", "export default async (r) => [r.url, r.headers.get('host'), r.headers.get('cookie'), (await r.arrayBuffer()).byteLength]").await;
    server.deploy("big", "export default () => 'x'.repeat(3000000)").await;
    let http = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let host = server.base.trim_start_matches("http://");
    let posted = http
        .post(server.url("/echo/a"))
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(vec![7; 300_000])
        .send()
        .await;
    let posted = posted.unwrap();
    assert_eq!((posted.version(), posted.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    assert_eq!(posted.json::<Value>().await.unwrap(), json!([format!("http://{host}/a"), host, "a=1; b=2", 300_000]));
    assert_eq!(http.get(server.url("/big")).send().await.unwrap().bytes().await.unwrap().len(), 3_000_000);
    let head = http.head(server.url("/odd?length=1234")).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "1234");
    for (path, expected) in [("/v1.0/metadata", 200), ("/v1.0/invoke/daplet/method/odd", 200), ("/v1.0/none", 404)] {
        let answer = http.get(format!("{}{path}", server.dapr)).send().await.unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, expected), "{path}");
    }
    // The same rules and limits.
    for (request, expected) in [
        (http.get(server.url("/functions")).header("origin", "https://evil.example"), 403),
        (http.get(server.url("/functions")).header("host", "evil.example"), 400),
        (http.put(server.url("/functions/x")).header("content-type", "text/plain").body("x"), 415),
        (http.put(server.url("/configuration/x")).body(vec![0; 5 << 20]), 413),
        (http.get(server.url(&format!("/echo?{}", "x".repeat(20_000)))), 414),
    ] {
        assert_eq!(request.send().await.unwrap().status().as_u16(), expected);
    }
    for (name, expected) in [("cookie", 200), ("x-a", 431)] {
        let many = (0..120).fold(http.get(server.url("/echo")), |request, n| request.header(name, format!("c{n}=1")));
        assert_eq!(many.send().await.unwrap().status().as_u16(), expected, "{name}");
    }
    // Many at once on one connection.
    let all = (0..200).map(|n| http.get(server.url(&format!("/odd?body={n}"))).send());
    for (n, answer) in futures::future::join_all(all).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap().text().await.unwrap(), n.to_string());
    }
    // A beginning that is not a whole preface is left to HTTP/1 to refuse.
    let answer = ask(&server.base, "PRI * HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(status(&answer), 400, "{answer}");
    assert_eq!(status(&ask(&server.base, "PROPFIND /none HTTP/1.1\r\nhost: localhost\r\n\r\n").await), 404);
}

/// A client of HTTP/2 that opens no window for the answer, and one that says nothing, hold their connections no longer than in HTTP/1.
#[tokio::test(flavor = "multi_thread")]
async fn http2_has_the_times_of_http1() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let args = ["--write-ms", "500", "--idle-ms", "1500"].map(str::to_owned).to_vec();
    let server = Server::with(Options { args, ..Options::default() }).await;
    server.deploy("big", "export default () => 'x'.repeat(100000)").await;
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
    };
    // SETTINGS with INITIAL_WINDOW_SIZE 0; HEADERS: GET, http, :path, :authority (RFC 7541, appendix A).
    let settings = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let head = [&[0x82, 0x86, 0x44, 4], b"/big".as_slice(), &[0x41, 9], b"localhost"].concat();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    for frames in [vec![settings.clone(), frame(1, 5, 1, &head)], vec![settings]] {
        let mut stream = tokio::net::TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
        stream.write_all(&[preface.clone(), frames.concat()].concat()).await.unwrap();
        let mut seen = Vec::new();
        let closed = tokio::time::timeout(std::time::Duration::from_secs(30), stream.read_to_end(&mut seen)).await;
        assert!(closed.is_ok(), "open after 30 s; seen {} bytes", seen.len());
    }
    assert_eq!(server.get("/livez").await.status, 200);
}
