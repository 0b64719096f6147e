//! Input bindings and changes of the configuration, without a sidecar.
use crate::server::{Options, Server};
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
