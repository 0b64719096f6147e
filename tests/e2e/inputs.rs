//! Input bindings and changes of the configuration, without a sidecar, and what a sidecar is answered.
use daplet_tests::server::{Answer, Options, Server, free_port};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Keeps what it is given in the list `seen`; the first delivery of each change fails.
const KEEPER: &str = r#"import { state } from "@daplet/sdk";
    export const bindings = ["ticks"];
    export const configuration = [{ keys: ["limit"] }];
    export default {
      fetch: async () => (await state().get("seen")) ?? [],
      binding: (event) => state().update("seen", (seen) => [...(seen ?? []), event], { retries: 100 }),
      async configuration(change, env, ctx) {
        if (ctx.attempt === 1) throw new Error("not yet");
        await state().update("seen", (seen) => [...(seen ?? []), change], { retries: 100 });
      } };"#;

async fn seen(server: &Server, fits: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let all = server.get("/keeper").await.json();
        if let Some(found) = all.as_array().and_then(|all| all.iter().find(|one| fits(one))) {
            return found.clone();
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{all}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

async fn with_file(toml: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daplet.toml");
    std::fs::write(&file, toml).unwrap();
    let args = vec!["--config".to_owned(), file.to_string_lossy().into_owned()];
    (Server::with(Options { args, ..Options::default() }).await, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_of_the_configuration_are_bindings() {
    let (server, _folder) = with_file("[bindings.ticks]\nschedule = \"@every 100ms\"\n").await;
    let told = server.deploy("keeper", KEEPER).await;
    assert_eq!(told["bindings"], json!(["ticks"]), "{told}");
    let tick = seen(&server, |event| event["name"] == "ticks").await;
    assert_eq!((&tick["data"], &tick["metadata"]["timezone"]), (&json!(null), &json!("UTC")), "{tick}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_watched_items_are_told() {
    let server = Server::start().await;
    let told = server.deploy("keeper", KEEPER).await;
    assert_eq!(told["configuration"], json!([{"store": "configstore", "keys": ["limit"]}]), "{told}");
    for (key, value) in [("other", "1"), ("limit", "5")] {
        let url = server.url(&format!("/configuration/{key}"));
        server.http.put(url).body(value).send().await.unwrap();
    }
    let change = seen(&server, |change| change["items"]["limit"]["value"] == "5").await;
    let item = json!({"value": "5", "version": "2", "metadata": {}});
    assert_eq!(change, json!({"store": "configstore", "items": {"limit": item}}));
    server.http.delete(server.url("/configuration/limit")).send().await.unwrap();
    seen(&server, |change| change["items"]["limit"] == json!({"metadata": {}})).await;
    let all = server.get("/keeper").await.text();
    assert!(!all.contains("other"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declared_is_checked() {
    let server = Server::start().await;
    let with = |exports: &str| format!("{exports}; export default {{ binding() {{}}, configuration() {{}} }}");
    for (source, grants, words) in [
        (with(r#"export const bindings = "a""#), json!({}), "must be an array, not a string"),
        (with(r#"export const bindings = ["a", ""]"#), json!({}), "bindings[1] must be a non-empty string"),
        (with(r#"export const bindings = ["a/b"]"#), json!({}), r#"bindings[0] is "a/b""#),
        (with(r#"export const bindings = ["a", "a"]"#), json!({}), "is there twice"),
        (r#"export const bindings = ["a"]; export default () => 1"#.to_owned(), json!({}), r#"no "binding" handler"#),
        (with("export const configuration = [{ key: 1 }]"), json!({}), r#"unknown key "key""#),
        (with("export const configuration = [{ keys: [1] }]"), json!({}), "configuration[0].keys[0] must be"),
        (
            with(r#"export const configuration = [{ keys: ["a"] }]"#),
            json!({"configuration": []}),
            "grants.configuration",
        ),
    ] {
        let refused = server.upload(&json!({"name": "wrong", "source": source, "grants": grants})).await;
        assert!(refused.status == 422 || refused.status == 400, "{source}: {} {}", refused.status, refused.text());
        assert!(refused.json()["detail"].as_str().unwrap_or_default().contains(words), "{source}: {}", refused.text());
    }
}

/// A sidecar need not run for what it would be answered.
#[tokio::test(flavor = "multi_thread")]
async fn sidecars_reach_bindings_by_both_paths() {
    let env = [("DAPR_HTTP_PORT", free_port().to_string()), ("APP_API_TOKEN", "of the app".to_owned())];
    let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let server = Server::spawn(Options { env, ..Options::default() });
    server.listening().await;
    let source = r#"export const bindings = ["in", "orders"];
        export default { fetch: () => "fetched", binding(event) {
          if (event.data === "fail") throw new Error("no");
          if (event.data === "refuse") return new Response("gone", { status: 404 });
          if (event.data === "quiet") return;
          return event;
        } };"#;
    server.deploy("orders", source).await;
    let ask = async |method: Method, path: &str, token: bool, body: &[u8]| {
        let mut request = server.http.request(method, server.url(path)).header("X-Mine", "yes").body(body.to_vec());
        if token {
            request = request.header("dapr-api-token", "of the app");
        }
        Answer::of(request.send().await.unwrap()).await
    };
    let expected = |name: &str| json!({"name": name, "data": {"n": 1}, "metadata": {"x-mine": "yes", "accept": "*/*"}});
    for (path, name) in [("/dapr/bindings/in", "in"), ("/in", "in"), ("/orders", "orders")] {
        assert_eq!(ask(Method::OPTIONS, path, true, b"").await.status, 200, "{path}");
        let answer = ask(Method::POST, path, true, br#"{"n":1}"#).await;
        assert_eq!((answer.status, answer.json()), (200, expected(name)), "{path}");
        for (body, status) in [("fail", 500), ("refuse", 500), ("quiet", 200)] {
            assert_eq!(ask(Method::POST, path, true, body.as_bytes()).await.status, status, "{path} {body}");
        }
    }
    assert_eq!(ask(Method::POST, "/in", true, b"\xff\x00").await.json()["data_base64"], "/wA=");
    assert_eq!(ask(Method::POST, "/in", true, b"").await.json()["data"], json!(null));
    // No function declares it now: the component starts, and its events wait.
    assert_eq!(ask(Method::OPTIONS, "/dapr/bindings/later", true, b"").await.status, 200);
    assert_eq!(ask(Method::POST, "/dapr/bindings/later", true, b"1").await.status, 503);
    // A client other than the sidecar reaches only functions.
    assert_eq!(ask(Method::POST, "/dapr/bindings/in", false, b"1").await.status, 401);
    assert_eq!(ask(Method::POST, "/in", false, b"1").await.status, 404);
    assert_eq!(ask(Method::POST, "/orders", false, b"1").await.text(), "fetched");
    assert_eq!(ask(Method::POST, "/configuration/configstore/limit", false, b"{}").await.status, 401);
    // Nor is an application that calls through its sidecar.
    for path in ["/dapr/bindings/in", "/configuration/configstore/limit"] {
        let request = server.http.post(server.url(path)).header("dapr-api-token", "of the app").body("{}");
        let refused = Answer::of(request.header("dapr-caller-app-id", "other").send().await.unwrap()).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
    }
}
