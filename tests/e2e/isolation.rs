//! A pristine heap per request: nothing that one request did is seen by another, nor by another function.
mod secrets;

use daplet_tests::server::{Options, Server};
use futures::future::join_all;
use serde_json::json;
use std::collections::HashSet;

/// Leaves a mark in every place that JavaScript has, and reports each mark that was already there.
const CANARY: &str = r#"
let moduleState = 0;
const moduleMap = new Map();
class Holder { static count = 0 }
export default {
  async fetch(request) {
    const seen = [];
    if (moduleState !== 0) seen.push("module variable");
    if (moduleMap.size !== 0) seen.push("module map");
    if (Holder.count !== 0) seen.push("static field");
    if (globalThis.leak !== undefined) seen.push("global");
    if (Object.prototype.leak !== undefined) seen.push("Object.prototype");
    if ([].leak !== undefined) seen.push("Array.prototype");
    if (Response.leak !== undefined) seen.push("Response");
    if (Math.leak !== undefined) seen.push("Math");
    if (/(a)/.exec("a") && RegExp.leak !== undefined) seen.push("RegExp");
    if (Symbol.for("leak").description !== "leak" || Symbol.leak) seen.push("Symbol");
    if (JSON.stringify({}) !== "{}") seen.push("JSON");
    if (request.headers.get("x-secret-echo")) seen.push("headers");
    moduleState = 1;
    moduleMap.set("k", "v");
    Holder.count++;
    globalThis.leak = "x".repeat(1000);
    Object.prototype.leak = 1;
    Array.prototype.leak = 1;
    Response.leak = 1;
    Math.leak = 1;
    RegExp.leak = 1;
    Symbol.leak = 1;
    JSON.stringify = () => "broken";
    const timers = [setTimeout(() => { globalThis.late = 1 }, 1), setInterval(() => { globalThis.late = 2 }, 1)];
    new Promise(() => {});
    Promise.resolve().then(() => { globalThis.micro = 1 });
    delete Object.prototype.leak;
    const body = `${seen.join(",")}|${Math.random()}|${crypto.randomUUID()}|${timers.length}|${await request.text()}`;
    Object.prototype.leak = 1;
    return new Response(body);
  }
}
"#;

async fn hammer(server: &Server, requests: usize) {
    server.deploy("canary-a", CANARY).await;
    server.deploy("canary-b", CANARY).await;
    let (mut random, mut ids) = (HashSet::new(), HashSet::new());
    let mut check = |secret: String, text: String| {
        let parts: Vec<&str> = text.split('|').collect();
        assert_eq!(parts[0], "", "seen by a later request");
        assert!(random.insert(parts[1].to_owned()), "Math.random repeated {}", parts[1]);
        assert!(ids.insert(parts[2].to_owned()), "randomUUID repeated {}", parts[2]);
        assert_eq!(parts[4], secret, "another request's body");
    };
    for i in 0..requests / 2 {
        let secret = format!("secret-{i}");
        let name = ["canary-a", "canary-b"][i % 2];
        check(secret.clone(), server.post(&format!("/{name}"), secret).await.text());
    }
    for round in 0..requests / 2 / 32 {
        let many = (0..32).map(|i| async move {
            let secret = format!("parallel-{round}-{i}");
            let name = ["canary-a", "canary-b"][i % 2];
            (secret.clone(), server.post(&format!("/{name}"), secret).await.text())
        });
        for (secret, text) in join_all(many).await {
            check(secret, text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_sees_another() {
    let server = Server::start().await;
    hammer(&server, 4_000).await;
}

/// The same while the sandbox compares the whole memory with the image after every restore; it aborts on a difference.
#[tokio::test(flavor = "multi_thread")]
async fn whole_memory_is_restored() {
    let options = Options { args: vec!["--verify-restore".to_owned()], ..Options::default() };
    let mut server = Server::with(options).await;
    hammer(&server, 320).await;
    assert!(server.alive());
}

/// Clocks and random state were snapshotted; each request must still see its own.
#[tokio::test(flavor = "multi_thread")]
async fn snapshotted_clocks_and_random_state_are_fresh() {
    let server = Server::start().await;
    let source = "const atLoad = { now: Date.now(), random: Math.random(), origin: performance.timeOrigin };
        export default { fetch: () => ({ atLoad, now: Date.now(), random: Math.random(), perf: performance.now(),
          origin: performance.timeOrigin, bytes: [...crypto.getRandomValues(new Uint8Array(8))].join() }) }";
    server.deploy("fresh", source).await;
    let first = server.get("/fresh").await.json();
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    let second = server.get("/fresh").await.json();
    assert_eq!(first["atLoad"], second["atLoad"], "the module is evaluated once");
    for key in ["random", "bytes"] {
        assert_ne!(first[key], second[key], "{key} repeats");
    }
    let number = |v: &serde_json::Value| v.as_f64().unwrap();
    assert!(number(&second["now"]) >= number(&first["now"]) + 30.0);
    assert!(number(&second["origin"]) > number(&first["origin"]));
    assert!(number(&second["perf"]) < 10_000.0, "performance.now counts from this request");
    assert_ne!(first["random"], first["atLoad"]["random"]);
}

/// Functions do not see each other's state keys; a shared space needs a grant.
#[tokio::test(flavor = "multi_thread")]
async fn state_belongs_to_its_function() {
    let server = Server::start().await;
    let source = r#"import { state } from "@daplet/sdk";
        export default { async fetch(request) {
          const space = new URL(request.url).searchParams.get("space");
          const s = space ? state("statestore", { space }) : state();
          if (request.method === "POST") { await s.put("key", await request.text()); return "ok" }
          return { value: await s.get("key") };
        } }"#;
    let granted = json!({"spaces": ["catalog"]});
    server.deploy_with(json!({"name": "writer", "source": source, "grants": granted})).await;
    server.deploy_with(json!({"name": "reader", "source": source, "grants": granted})).await;
    server.deploy("outsider", source).await;

    assert_eq!(server.post("/writer", "own").await.status, 200);
    assert_eq!(server.get("/writer").await.json(), json!({"value": "own"}));
    assert_eq!(server.get("/reader").await.json(), json!({"value": null}));

    assert_eq!(server.post("/writer?space=catalog", "shared").await.status, 200);
    assert_eq!(server.get("/reader?space=catalog").await.json(), json!({"value": "shared"}));
    let refused = server.get("/outsider?space=catalog").await;
    assert_eq!(refused.status, 500);
    assert!(refused.text().contains("catalog"), "the refusal names the space: {}", refused.text());
}
