//! What functions make the host send: redirects, headers that frame a request, paths, connections, and what errors tell of a target.
use daplet_tests::server::{Options, Server};
use daplet_tests::target::{Seen, Target};
use serde_json::{Value, json};
use std::fmt::Write;

/// Calls a binding as its request says.
const SENDER: &str = r#"import { binding } from "@daplet/sdk";
    export default async (request) => {
      const { name, operation, data, metadata } = await request.json();
      try {
        const answer = await binding(name).invoke(operation, data, metadata);
        return { metadata: answer.metadata, text: answer.text() };
      } catch (error) { return { error: error.message, code: error.code, details: error.details } }
    };"#;

/// A server with bindings from a configuration file and from a folder of components.
async fn with_bindings(bindings: &[(&str, String)], components: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut toml = String::new();
    for (name, url) in bindings {
        write!(toml, "[bindings.{name}]\nurl = \"{url}\"\ntimeout_ms = 5000\n").unwrap();
    }
    let (file, resources) = (folder.path().join("daplet.toml"), folder.path().join("components"));
    let secrets = folder.path().join("secrets.json");
    std::fs::create_dir(&resources).unwrap();
    std::fs::write(&file, toml).unwrap();
    std::fs::write(&secrets, r#"{"api-key": "sesame"}"#).unwrap();
    if !components.is_empty() {
        std::fs::write(resources.join("all.yaml"), components).unwrap();
    }
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let args = ["--config", &text(&file), "--resources-path", &text(&resources), "--secrets-file", &text(&secrets)];
    let args = args.map(str::to_owned).to_vec();
    let server = Server::with(Options { args, ..Options::default() }).await;
    (server, folder)
}

async fn send(server: &Server, function: &str, name: &str, operation: &str, data: Value, metadata: Value) -> Value {
    let asked = json!({"name": name, "operation": operation, "data": data, "metadata": metadata});
    let answer = server.http.post(server.url(&format!("/{function}"))).json(&asked).send().await.unwrap();
    answer.json().await.unwrap()
}

fn asked(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|seen| seen.asked.as_str()).collect()
}

fn http_component(name: &str, port: u16) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{ name: {name} }}\nspec:\n  type: bindings.http\n  version: v1\n  \
         metadata:\n  - {{ name: url, value: \"http://me:hunter2@127.0.0.1:{port}/send\" }}\n  - {{ name: securityTokenHeader, value: \
         X-Token }}\n  - {{ name: securityToken, value: open-sesame }}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_leads_out_of_a_binding_or_carries_credentials() {
    let (target, other) = (Target::start().await, Target::start().await);
    let (server, _folder) = with_bindings(&[], &http_component("mail", target.port)).await;
    server.deploy("sender", SENDER).await;
    let elsewhere = [
        format!("{}/v1.0/secrets/secretstore/bulk", server.dapr),
        format!("http://127.0.0.1:{}/send/x", other.port),
        format!("http://localhost:{}/send/x", target.port),
        format!("http://127.0.0.1:{}/admin", target.port),
        "/admin".to_owned(),
        "../admin".to_owned(),
        "/send/%2e%2e/admin".to_owned(),
        "/sendmail".to_owned(),
        format!("//127.0.0.1:{}/send", other.port),
    ];
    for location in &elsewhere {
        for (operation, status) in [("get", "302"), ("post", "301"), ("post", "307"), ("put", "308"), ("get", "303")] {
            let metadata = json!({"path": format!("redirect/{status}?{location}"), "errorIfNot2XX": "false"});
            let answer = send(&server, "sender", "mail", operation, json!("x"), metadata).await;
            assert_eq!(answer["metadata"]["statusCode"], status, "{operation} {location}: {answer}");
            assert!(!answer.to_string().contains("sesame"), "{location}: {answer}");
        }
        let strict = json!({"path": format!("redirect/302?{location}")});
        let answer = send(&server, "sender", "mail", "get", json!(null), strict).await;
        assert_eq!(answer["code"], "ERR_INVOKE_OUTPUT_BINDING", "{answer}");
    }
    assert!(other.seen().is_empty(), "{:?}", other.seen());
    let seen = target.seen();
    assert!(seen.iter().all(|seen| seen.asked.contains(" /send/redirect/")), "{:?}", asked(&seen));
    // Within the folder it is followed, and nothing secret goes along.
    let metadata = json!({"path": "redirect/302?/send/here?a=1", "Authorization": "mine", "Cookie": "c"});
    let answer = send(&server, "sender", "mail", "post", json!("x"), metadata).await;
    assert_eq!(answer["text"], r#"{"asked":"GET /send/here?a=1"}"#, "{answer}");
    let seen = target.seen();
    let [.., first, last] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(first.header("x-token"), ["open-sesame"]);
    assert!(first.header("authorization").len() == 1 && first.header("content-length").len() == 1, "{first:?}");
    for name in ["x-token", "authorization", "cookie", "content-length", "content-type", "referer"] {
        assert!(last.header(name).is_empty(), "{name}: {last:?}");
    }
    let answer = send(&server, "sender", "mail", "put", json!("x"), json!({"path": "redirect/307?here"})).await;
    assert_eq!(answer["text"], r#"{"asked":"PUT /send/redirect/here"}"#, "{answer}");
    let endless = json!({"path": "redirect/302?/send/redirect/302?/send/x"});
    let answer = send(&server, "sender", "mail", "get", json!(null), endless).await;
    assert!(answer["error"].is_string() || answer["text"].is_string(), "{answer}");
    // What comes back of a TRACE is what was sent.
    send(&server, "sender", "mail", "trace", json!(null), json!({})).await;
    assert!(target.seen().last().unwrap().header("x-token").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_frames_a_request() {
    let target = Target::start().await;
    let url = format!("http://127.0.0.1:{}/send", target.port);
    let (server, _folder) = with_bindings(&[("mail", url)], "").await;
    server.deploy("sender", SENDER).await;
    server.deploy("victim", SENDER).await;
    let inner = "GET /admin/delete-everything HTTP/1.1\r\nHost: x\r\n\r\n";
    let names = [
        "Content-Length",
        "CONTENT-LENGTH",
        "Content_Length",
        "Transfer-Encoding",
        "Host",
        "HOST",
        "Connection",
        "Upgrade",
        "Expect",
        "TE",
        "Trailer",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
    ];
    let mut sent = 0;
    for name in names {
        for operation in ["get", "head", "delete", "options", "post"] {
            let metadata = json!({name: "300", "X-Mine": "1"});
            send(&server, "sender", "mail", operation, json!(inner), metadata).await;
            let answer = send(&server, "victim", "mail", "post", json!(inner), json!({})).await;
            assert_eq!(answer["text"], r#"{"asked":"POST /send"}"#, "{name} {operation}: {answer}");
            sent += 2;
        }
    }
    let seen = target.seen();
    assert_eq!(seen.len(), sent, "{:?}", asked(&seen));
    for request in &seen {
        assert!(request.asked.ends_with(" /send"), "{request:?}");
        assert_eq!(request.header("host"), [format!("127.0.0.1:{}", target.port)], "{request:?}");
        let body = request.asked.starts_with("POST");
        assert_eq!(request.header("content-length").len(), usize::from(body), "{request:?}");
        assert!(
            names
                .iter()
                .filter(|name| !name.to_lowercase().contains("content") && !name.eq_ignore_ascii_case("host"))
                .all(|name| request.header(name).is_empty()),
            "{request:?}"
        );
    }
    assert!(seen.iter().any(|request| request.header("x-mine") == ["1"]));
    // Each function has connections of its own: the one that sent and the one that suffered never met.
    let of = |mine: bool| seen.iter().filter(move |s| s.header("x-mine").is_empty() != mine).map(|s| s.connection);
    let (theirs, its): (std::collections::BTreeSet<usize>, std::collections::BTreeSet<usize>) =
        (of(true).collect(), of(false).collect());
    assert!(theirs.is_disjoint(&its), "{theirs:?} {its:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_stay_below_and_errors_keep_the_address() {
    let target = Target::start().await;
    let urls = [
        ("mail", format!("http://127.0.0.1:{}/send", target.port)),
        ("gone", "http://me:hunter2@127.0.0.1:1/deep/secret-path?key=sesame".to_owned()),
        ("nowhere", "http://me:hunter2@no-such-host.invalid/secret-path?key=sesame".to_owned()),
    ];
    let (server, _folder) = with_bindings(&urls, "").await;
    server.deploy("sender", SENDER).await;
    for path in [
        "../admin",
        "%2e%2e/admin",
        "%2E%2E%2fadmin",
        "a%2fb",
        "a%5cb",
        "..\\admin",
        "%252e%252e/admin",
        "x/..;/../admin",
        "a%00",
        "a\r\nX-Evil: 1",
    ] {
        let answer = send(&server, "sender", "mail", "get", json!(null), json!({ "path": path })).await;
        assert_eq!(answer["code"], "ERR_INVOKE_OUTPUT_BINDING", "{path}: {answer}");
    }
    assert!(target.seen().is_empty(), "{:?}", target.seen());
    for name in ["gone", "nowhere"] {
        for metadata in [json!({}), json!({"path": "../x"}), json!({"path": "x?y=1"})] {
            let answer = send(&server, "sender", name, "get", json!(null), metadata).await.to_string();
            assert!(answer.contains(name), "{answer}");
            for part in ["hunter2", "sesame", "secret-path", "127.0.0.1", "no-such-host", "me:"] {
                assert!(!answer.contains(part), "{part}: {answer}");
            }
        }
        let api = format!("{}/v1.0/bindings/{name}", server.dapr);
        let answer =
            server.http.post(api).json(&json!({"operation": "get"})).send().await.unwrap().text().await.unwrap();
        assert!(!answer.contains("hunter2") && !answer.contains("sesame"), "{answer}");
    }
    let log = server.output();
    assert!(!log.contains("hunter2") && !log.contains("sesame"), "{log}");
}

/// Sets a header on a call of another function, and gets past the SDK's own list of headers.
const CALLER: &str = r#"import { invoke } from "@daplet/sdk";
    const iterate = Headers.prototype[Symbol.iterator];
    let extra = [];
    Headers.prototype[Symbol.iterator] = function* () { yield* iterate.call(this); yield* extra };
    export default async (request) => {
      const { app, path, headers, body } = await request.json();
      extra = Object.entries(headers);
      const answer = await invoke(app).fetch(path, body === undefined ? {} : { method: "POST", body }).catch((e) => e);
      extra = [];
      return answer instanceof Error ? { error: answer.message, details: answer.details } : { status: answer.status, text: await answer.text() };
    };"#;

async fn call(server: &Server, app: &str, path: &str, headers: Value, body: Option<&str>) -> Value {
    let mut asked = json!({"app": app, "path": path, "headers": headers});
    if let Some(body) = body {
        asked["body"] = json!(body);
    }
    server.http.post(server.url("/caller")).json(&asked).send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_within_the_process_set_no_reserved_header() {
    let server = Server::start().await;
    server.deploy("caller", CALLER).await;
    let echo = r#"export default (request) => ({ url: request.url, headers: [...request.headers] })"#;
    server.deploy("echo", echo).await;
    let headers = json!({
        "Host": "evil.example", "Content-Length": "5", "Transfer-Encoding": "chunked", "Connection": "x-mine", "TE": "trailers",
        "Trailer": "x", "Upgrade": "h2c", "Expect": "100-continue", "Keep-Alive": "1", "Proxy-Authorization": "Basic eA==",
        "x-mine": "1", "dapr-caller-app-id": "boss", "daplet-depth": "0",
    });
    let answer = call(&server, "daplet", "/echo", headers, None).await;
    let text = answer["text"].as_str().unwrap();
    assert_eq!(answer["status"], 200, "{answer}");
    for word in ["evil.example", "chunked", "trailers", "h2c", "100-continue", "keep-alive", "proxy-", "boss"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert!(text.contains("x-mine"), "{text}");
    let absent = call(&server, "billing", "/x", json!({}), None).await;
    let message = absent["error"].as_str().unwrap();
    assert!(message.contains("GET /x") && message.contains("\"billing\""), "{absent}");
    assert_eq!(absent["details"]["app"], "billing", "{absent}");
}

/// The target stands in a sidecar's place: nothing that a function says makes it read a second request in a first one's body.
#[tokio::test(flavor = "multi_thread")]
async fn calls_through_a_sidecar_cannot_smuggle_another() {
    let target = Target::start().await;
    let env = vec![("DAPR_HTTP_PORT".to_owned(), target.port.to_string())];
    let server = Server::spawn(Options { env, ..Options::default() });
    server.ready().await;
    server.deploy("caller", CALLER).await;
    let inner = "GET /v1.0/secrets/vault/bulk HTTP/1.1\r\nHost: x\r\n\r\n";
    for name in
        ["content-length", "Content-Length", "CONTENT-LENGTH", "Transfer-Encoding", "Host", "Expect", "Connection"]
    {
        let first = call(&server, "other", "/x", json!({ name: "170" }), None).await;
        assert_eq!(first["text"], r#"{"asked":"GET /v1.0/invoke/other/method/x"}"#, "{name}: {first}");
        let second = call(&server, "other", "/x", json!({}), Some(inner)).await;
        assert_eq!(second["text"], r#"{"asked":"POST /v1.0/invoke/other/method/x"}"#, "{name}: {second}");
    }
    let seen = target.seen();
    assert!(seen.iter().all(|seen| !seen.asked.contains("secrets")), "{:?}", asked(&seen));
    assert!(seen.iter().all(|seen| seen.header("host") == [format!("127.0.0.1:{}", target.port)]), "{seen:?}");
}
