//! Fetches of functions: what arrives outside and comes back, where they may go, what fails how, and what they may take.
use crate::server::{Options, Server};
use daplet_tests::upstream::{Upstream, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Fetches as its request says, and tells what came of it.
const FETCHER: &str = r#"export default async (request) => {
      const { url, init, abort } = await request.json();
      const controller = new AbortController();
      if (abort === "before") controller.abort(new Error("given up"));
      else if (abort !== undefined) setTimeout(() => controller.abort(new Error("given up")), abort);
      try {
        const response = await fetch(url, { ...init, signal: controller.signal });
        const { status, statusText, redirected, type, ok } = response;
        const copy = response.clone();
        const text = await response.text();
        return {
          status, statusText, redirected, type, ok, url: response.url, headers: [...response.headers],
          text: text.length > 4096 ? text.length : text, same: (await copy.text()) === text,
        };
      } catch (error) {
        const { name, message, cause } = error;
        return { name, message, cause: cause?.message, code: cause?.code };
      }
    };"#;

async fn with(args: &[&str]) -> Server {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    let server = Server::with(Options { args, ..Options::default() }).await;
    server.deploy("fetcher", FETCHER).await;
    server
}

async fn fetch(server: &Server, what: Value) -> Value {
    let answer = server.post("/fetcher", what.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn get(server: &Server, url: &str) -> Value {
    fetch(server, json!({ "url": url })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_responses_arrive_whole() {
    let (server, upstream) = (with(&["--outbound", "any"]).await, Upstream::start().await);
    let headers =
        json!({"x-mine": "caf\u{e9}", "Host": "evil", "Content-Length": "3", "Connection": "x-mine", "TE": "gzip"});
    let init = json!({"method": "PUT", "body": "sent \u{20ac}", "headers": headers});
    let seen = fetch(&server, json!({"url": upstream.url("/a%20b?c=d e#part"), "init": init})).await;
    assert_eq!((&seen["status"], &seen["statusText"], &seen["type"]), (&json!(200), &json!(""), &json!("basic")));
    assert_eq!((&seen["url"], &seen["same"]), (&json!(upstream.url("/a%20b?c=d%20e")), &json!(true)), "{seen}");
    let names: Vec<&str> = seen["headers"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect();
    assert_eq!(names, ["content-length", "content-type", "set-cookie", "set-cookie"], "{seen}");
    let asked = &upstream.asked()[0];
    assert_eq!((&*asked.method, &*asked.path, &*asked.body), ("PUT", "/a%20b?c=d%20e", "sent \u{20ac}"));
    assert_eq!(asked.header("host"), [format!("127.0.0.1:{}", upstream.port)]);
    assert_eq!(asked.header("content-length"), ["8"]);
    assert_eq!((asked.header("accept"), asked.header("user-agent")), (vec!["*/*"], vec!["daplet"]));
    assert_eq!(asked.header("content-type"), ["text/plain;charset=UTF-8"]);
    assert!(asked.header("traceparent")[0].starts_with("00-") && asked.header("te").is_empty(), "{asked:?}");
    let own = json!({"headers": {"traceparent": "mine", "accept": "text/csv"}});
    fetch(&server, json!({"url": upstream.url("/"), "init": own})).await;
    let asked = &upstream.asked()[1];
    assert_eq!((asked.header("traceparent"), asked.header("accept")), (vec!["mine"], vec!["text/csv"]));
    let seen = get(&server, &upstream.url("/status/404")).await;
    assert_eq!((&seen["status"], &seen["statusText"], &seen["ok"]), (&json!(404), &json!("Said So"), &json!(false)));
    let data = get(&server, "data:text/html;charset=utf-8;base64,PGI+").await;
    assert_eq!(
        (&data["text"], &data["headers"]),
        (&json!("<b>"), &json!([["content-type", "text/html;charset=utf-8"]]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_as_the_request_says() {
    let (server, upstream, other) =
        (with(&["--outbound", "any"]).await, Upstream::start().await, Upstream::start().await);
    let init = json!({"method": "POST", "body": "x", "headers": {"authorization": "a", "cookie": "c", "x-kept": "k"}});
    let within = fetch(&server, json!({"url": upstream.url("/redirect/307?/there"), "init": init})).await;
    assert_eq!((&within["redirected"], &within["url"]), (&json!(true), &json!(upstream.url("/there"))), "{within}");
    let asked = upstream.asked().pop().unwrap();
    assert_eq!((&*asked.method, &*asked.body, asked.header("authorization")), ("POST", "x", vec!["a"]));
    fetch(&server, json!({"url": upstream.url(&format!("/redirect/302?{}", other.url("/x"))), "init": init})).await;
    let asked = other.asked().pop().unwrap();
    assert_eq!((&*asked.method, &*asked.body), ("GET", ""));
    for name in ["authorization", "cookie", "content-type", "content-length", "referer"] {
        assert!(asked.header(name).is_empty(), "{name}: {asked:?}");
    }
    assert_eq!(asked.header("x-kept"), ["k"]);
    let manual = json!({"url": upstream.url("/redirect/301?/there"), "init": {"redirect": "manual"}});
    let manual = fetch(&server, manual).await;
    assert_eq!((&manual["status"], &manual["redirected"]), (&json!(301), &json!(false)), "{manual}");
    for (path, mode, code) in [
        ("/redirect/301?/there", "error", "BAD_REDIRECT"),
        ("/redirect/301?ftp://example.com/", "follow", "BAD_REDIRECT"),
        ("/redirect/301?http://me:pw@example.com/", "follow", "BAD_REDIRECT"),
        ("/loop/0", "follow", "TOO_MANY_REDIRECTS"),
    ] {
        let seen = fetch(&server, json!({"url": upstream.url(path), "init": {"redirect": mode}})).await;
        assert_eq!(
            (&seen["name"], &seen["message"], &seen["code"]),
            (&json!("TypeError"), &json!("fetch failed"), &json!(code))
        );
    }
    assert_eq!(upstream.asked().iter().filter(|asked| asked.path.starts_with("/loop/")).count(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_service_does_is_a_named_failure_or_a_response() {
    let limits = ["--outbound", "any", "--fetch-head-ms", "700", "--fetch-idle-ms", "700"];
    let (server, upstream) = (with(&limits).await, Upstream::start().await);
    for (path, code, word) in [
        ("/reset", "ECONNRESET", "127.0.0.1"),
        ("/end", "ECONNRESET", "127.0.0.1"),
        ("/cut", "ECONNRESET", "127.0.0.1"),
        ("/cut-chunk", "ECONNRESET", "127.0.0.1"),
        ("/slow-head", "ETIMEDOUT", "fetch_head_ms"),
        ("/slow-body", "ETIMEDOUT", "fetch_idle_ms"),
        ("/ssh", "BAD_HTTP", "127.0.0.1"),
        ("/two-lengths", "BAD_HTTP", "127.0.0.1"),
        ("/long-head", "BAD_HTTP", "127.0.0.1"),
        ("/endless", "RESULT_TOO_LARGE", "memoryMb"),
        ("/bomb", "RESULT_TOO_LARGE", "memoryMb"),
        ("/coded/broken", "BAD_CONTENT_ENCODING", "gzip"),
        ("/coded/often", "BAD_CONTENT_ENCODING", "4 codings"),
    ] {
        let seen = get(&server, &upstream.url(path)).await;
        assert_eq!((&seen["name"], &seen["message"]), (&json!("TypeError"), &json!("fetch failed")), "{path}: {seen}");
        assert!(seen["code"] == code && seen["cause"].as_str().unwrap().contains(word), "{path}: {seen}");
    }
    for (path, text) in [
        ("/longer", "half"),
        ("/coded/gzip", r#"{"coded":true}"#),
        ("/coded/twice", r#"{"coded":true}"#),
        ("/coded/zlib", r#"{"coded":true}"#),
        ("/coded/deflate", r#"{"coded":true}"#),
        ("/coded/br", r#"{"coded":true}"#),
        ("/coded/zstd", r#"{"coded":true}"#),
        ("/coded/empty", ""),
    ] {
        let seen = get(&server, &upstream.url(path)).await;
        assert_eq!(seen["text"], text, "{path}: {seen}");
        assert_eq!(seen["headers"].to_string().contains("content-encoding"), path == "/coded/empty", "{path}: {seen}");
    }
    let unknown = get(&server, &upstream.url("/coded/unknown")).await;
    assert!(unknown["headers"].to_string().contains("secret"), "{unknown}");
    let head = fetch(&server, json!({"url": upstream.url("/coded/gzip"), "init": {"method": "HEAD"}})).await;
    assert!(head["text"] == "" && head["headers"].to_string().contains("gzip"), "{head}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(get(&server, &format!("http://{closed}/")).await["code"], "ECONNREFUSED");
    assert_eq!(get(&server, "http://no-such-host.invalid/").await["code"], "ENOTFOUND");
    assert_eq!(get(&server, "http://127.0.0.1:25/").await["code"], "BAD_PORT");
}

/// Ways to say an address of the host's own network, in URLs and in redirects.
const INSIDE: &[&str] = &[
    "http://127.0.0.1:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST.:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1:PORT/",
    "http://127\u{3002}0.0.1:PORT/",
    "http://%6c%6f%63%61%6c%68%6f%73%74:PORT/",
    "http:/\\127.0.0.1:PORT/",
    "http://\t127.0.0.1:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_into_the_operators_network() {
    let (server, upstream) = (with(&[]).await, Upstream::start().await);
    let port = upstream.port.to_string();
    for url in INSIDE {
        let seen = get(&server, &url.replace("PORT", &port)).await;
        assert_eq!(seen["code"], "HOST_NOT_GRANTED", "{url}: {seen}");
    }
    for url in ["http://example.com@127.0.0.1:PORT/", "http://127.0.0.1:PORT@localhost/", "file:///etc/passwd", "/x"] {
        let seen = get(&server, &url.replace("PORT", &port)).await;
        assert_eq!(seen["name"], "TypeError", "{url}: {seen}");
    }
    assert!(upstream.asked().is_empty(), "{:?}", upstream.asked());
    // The grant opens the service, and only that; what it redirects to is checked again.
    let grants = json!({"hosts": [format!("127.0.0.1:{port}")]});
    server.deploy_with(json!({"name": "fetcher", "source": FETCHER, "grants": grants})).await;
    assert_eq!(get(&server, &upstream.url("/")).await["status"], 200);
    let other = Upstream::start().await;
    for url in INSIDE.iter().map(|url| url.replace("PORT", &other.port.to_string())) {
        let seen = get(&server, &upstream.url(&format!("/redirect/307?{}", url.replace('\t', "")))).await;
        assert!(seen["code"] == "HOST_NOT_GRANTED" || seen["code"] == "BAD_REDIRECT", "{url}: {seen}");
    }
    assert!(other.asked().is_empty(), "{:?}", other.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_grants_say_where_to() {
    let upstream = Upstream::start().await;
    let url = upstream.url("/");
    let granted = async |server: &Server, grants: Value| {
        server.deploy_with(json!({"name": "fetcher", "source": FETCHER, "grants": grants})).await;
        let seen = get(server, &url).await;
        if seen["status"] == 200 { "fetched".to_owned() } else { seen["code"].as_str().unwrap_or_default().to_owned() }
    };
    let (own, refused) = (json!({"hosts": ["127.0.0.1"]}), "HOST_NOT_GRANTED");
    let server = with(&[]).await;
    assert_eq!(granted(&server, own.clone()).await, "fetched");
    assert_eq!(granted(&server, json!({"hosts": ["*"]})).await, refused);
    assert_eq!(granted(&server, json!({"hosts": ["127.0.0.1:1"]})).await, refused);
    // The connection that the grant opened is not used without it.
    assert_eq!(granted(&server, json!({})).await, refused);
    let malformed = json!({"name": "bad", "source": FETCHER, "grants": {"hosts": ["http://example.com/"]}});
    let answer = server.upload(&malformed).await;
    assert!(answer.status == 400 && answer.text().contains("host:port"), "{}", answer.text());
    let server = with(&["--outbound", "none"]).await;
    assert_eq!(granted(&server, own.clone()).await, refused);
    let server = with(&["--outbound", "any", "--grants", "deny"]).await;
    assert_eq!(granted(&server, json!({})).await, refused);
    assert_eq!(granted(&server, own).await, "fetched");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_share_no_connection() {
    let (server, upstream) = (with(&["--outbound", "any", "--workers", "1"]).await, Upstream::start().await);
    server.deploy("second", FETCHER).await;
    for name in ["/fetcher", "/second"].repeat(10) {
        let answer = server.post(name, json!({"url": upstream.url(name)}).to_string()).await;
        assert_eq!(answer.json()["status"], 200, "{}", answer.text());
    }
    let of = |path: &str| -> BTreeSet<usize> {
        upstream.asked().iter().filter(|asked| asked.path == path).map(|asked| asked.connection).collect()
    };
    let (first, second) = (of("/fetcher"), of("/second"));
    assert!(first.len() + second.len() < 20, "a function uses its connections again: {first:?} {second:?}");
    assert!(first.is_disjoint(&second), "{first:?} {second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_can_be_given_up() {
    let (server, upstream) = (with(&["--outbound", "any"]).await, Upstream::start().await);
    let before = fetch(&server, json!({"url": upstream.url("/"), "abort": "before"})).await;
    assert_eq!(before["message"], "given up", "{before}");
    assert!(upstream.asked().is_empty());
    // The first fetch of a server reads the roots of TLS.
    assert_eq!(get(&server, &upstream.url("/")).await["status"], 200);
    let during = fetch(&server, json!({"url": upstream.url("/slow-head"), "abort": 2_000})).await;
    assert_eq!(during["message"], "given up", "{during}");
    until("the request", || upstream.asked().len() == 2).await;
    let timeout = r#"export default () => fetch(URL, { signal: AbortSignal.timeout(50) }).catch((e) => e.name)"#;
    server.deploy("timeout", &timeout.replace("URL", &format!("{:?}", upstream.url("/slow-head")))).await;
    assert_eq!(server.get("/timeout").await.text(), "TimeoutError");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fetch_takes_is_bounded() {
    let (server, upstream) = (with(&["--outbound", "any", "--fetch-open", "2"]).await, Upstream::start().await);
    let many = r#"export default async (request, env) => {
          const controller = new AbortController(), { signal } = controller;
          const slow = [1, 2].map(() => fetch(env.URL + "/slow-head", { signal }).catch(() => "aborted"));
          const third = fetch(env.URL + "/third").then((response) => response.status);
          const waits = new Promise((resolve) => setTimeout(resolve, 300, "waits"));
          const first = await Promise.race([third, waits]);
          controller.abort();
          return [first, await third, ...(await Promise.all(slow))].join();
        };"#;
    let env = json!({"URL": upstream.url("")});
    server.deploy_with(json!({"name": "many", "source": many, "env": env})).await;
    assert_eq!(server.get("/many").await.text(), "waits,200,aborted,aborted");
    let limits = json!({"operations": 3});
    server.deploy_with(json!({"name": "many", "source": many, "env": env, "limits": limits})).await;
    assert_eq!(server.get("/many").await.json()["code"], "exceededOperations");
    let at_load = r#"export const early = await fetch("https://example.com"); export default () => "";"#;
    let refused = server.upload(&json!({"name": "early", "source": at_load})).await;
    assert!(refused.status == 422 && refused.text().contains("fetch.send is not available"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_itself_is_called_by_invoke() {
    let server = with(&["--outbound", "any"]).await;
    let source = r#"export default (request) => fetch(new URL("/other", request.url)).catch((e) => e.cause.message)"#;
    server.deploy("self", source).await;
    let text = server.get("/self").await.text();
    assert!(text.contains("invoke"), "{text}");
    let seen = get(&server, "/other").await;
    assert!(seen["message"].as_str().unwrap().contains("invoke"), "{seen}");
}

/// Puts a text in place of the secret wherever its request says KEY.
const SENDER: &str = r#"import { secrets } from "@daplet/sdk";
    export default async (request) => {
      try {
        const text = await secrets().ref("api-key");
        const { url, init } = JSON.parse((await request.text()).replaceAll("KEY", text));
        if (init?.headers?.basic) init.headers = { authorization: "Basic " + btoa("me:" + text) };
        const response = await fetch(url, init);
        return { text, status: response.status, url: response.url, body: await response.text(), location: response.headers.get("location") };
      } catch (error) { return { error: error.cause?.message ?? error.message, code: error.cause?.code ?? error.code } }
    };"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_leaves_only_for_its_host_and_never_comes_back() {
    const SECRET: &str = "s3cr3t/v&lue";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.json");
    std::fs::write(&file, json!({"api-key": SECRET}).to_string()).unwrap();
    let file = file.to_string_lossy().into_owned();
    let (server, upstream, other) =
        (with(&["--outbound", "any", "--secrets-file", &file]).await, Upstream::start().await, Upstream::start().await);
    let send = async |what: Value| {
        let seen = server.post("/sender", what.to_string()).await.text();
        let forms = [SECRET, "s3cr3t%2Fv", "bWU6czNjcjN0"];
        assert!(forms.iter().all(|form| !seen.contains(form)), "{seen}");
        serde_json::from_str::<Value>(&seen).unwrap()
    };
    let grants = json!({"secrets": [format!("secretstore/api-key@127.0.0.1:{}", upstream.port)]});
    server.deploy_with(json!({"name": "sender", "source": SENDER, "grants": grants})).await;
    let init = json!({"method": "POST", "headers": {"x-key": "Bearer KEY"}, "body": "a=KEY&b=KEY"});
    let seen = send(json!({"url": upstream.url("/KEY?key=KEY"), "init": init})).await;
    let asked = upstream.asked().pop().unwrap();
    assert_eq!(asked.path, "/s3cr3t%2Fv%26lue?key=s3cr3t%2Fv%26lue");
    assert_eq!((asked.header("x-key"), &*asked.body), (vec!["Bearer s3cr3t/v&lue"], "a=s3cr3t/v&lue&b=s3cr3t/v&lue"));
    assert!(seen["body"].as_str().unwrap().contains(seen["text"].as_str().unwrap()), "{seen}");
    send(json!({"url": upstream.url("/"), "init": {"headers": {"basic": "yes"}}})).await;
    assert_eq!(upstream.asked().pop().unwrap().header("authorization"), ["Basic bWU6czNjcjN0L3YmbHVl"]);
    // Neither to another host, nor by a redirect.
    let elsewhere = send(json!({"url": other.url("/?key=KEY")})).await;
    assert!(
        elsewhere["code"] == "PERMISSION_DENIED" && elsewhere["error"].as_str().unwrap().contains("api-key@"),
        "{elsewhere}"
    );
    assert!(other.asked().is_empty());
    let redirect = upstream.url(&format!("/redirect/307?{}", other.url("/x")));
    send(json!({"url": redirect, "init": {"headers": {"x-key": "KEY", "x-mine": "1"}}})).await;
    let asked = other.asked().pop().unwrap();
    assert!(asked.header("x-key").is_empty() && asked.header("x-mine") == ["1"], "{asked:?}");
    let body = send(json!({"url": redirect, "init": {"method": "POST", "body": "KEY"}})).await;
    assert_eq!(body["code"], "BAD_REDIRECT", "{body}");
    assert_eq!(other.asked().len(), 1);
    // What the function holds is no secret, and the grant lets it read none.
    let read =
        r#"import { secrets } from "@daplet/sdk"; export default () => secrets().get("api-key").catch((e) => e.code)"#;
    server.deploy_with(json!({"name": "reader", "source": read, "grants": grants})).await;
    assert_eq!(server.get("/reader").await.text(), "PERMISSION_DENIED");
    // A text of another invocation means nothing.
    let stale = send(json!({"url": upstream.url("/?key=daplet-secret-0123456789abcdef0123456789abcdef")})).await;
    assert_eq!(stale["status"], 200, "{stale}");
    server.deploy("sender", SENDER).await;
    assert_eq!(send(json!({"url": upstream.url("/KEY")})).await["code"], "PERMISSION_DENIED");
}
