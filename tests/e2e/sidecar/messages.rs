//! Topics through a real sidecar: streams that come and go with functions, retries, dead letters, and the way without gRPC.
use super::{eventually, publish};
use daplet_tests::daprd::{Daprd, Mesh};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Keeps what it receives of a topic.
fn keeper(pubsub: &str, topic: &str) -> String {
    format!(
        r#"import {{ state }} from "@daplet/sdk";
        export const subscriptions = [{{ pubsub: "{pubsub}", topic: "{topic}" }}];
        export default {{
          fetch: async () => (await state().get("all")) ?? [],
          message: async (event, env, ctx) => {{
            const kept = {{ data: event.data ?? null, base64: event.data_base64 ?? null, type: event.datacontenttype, topic: ctx.topic }};
            await state().update("all", (all) => [...(all ?? []), kept]);
          }} }};"#
    )
}

/// The topics that the sidecar delivers, as it says itself, once the list fits.
pub async fn subscribed(daprd: &Daprd, wanted: &[&str]) {
    let start = Instant::now();
    loop {
        let metadata = daprd.json("/v1.0/metadata").await;
        let listed = metadata["subscriptions"].as_array().cloned().unwrap_or_default();
        assert!(listed.iter().all(|s| s["type"] == "STREAMING"), "never two ways: {metadata}");
        let mut topics: Vec<&str> = listed.iter().filter_map(|s| s["topic"].as_str()).collect();
        topics.sort_unstable();
        if topics == wanted {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{wanted:?} expected: {metadata}\n{}", daprd.output());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// The sidecar runs before there is any function, and is not restarted.
#[tokio::test(flavor = "multi_thread")]
async fn streams_come_and_go_with_functions() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (server, daprd) = mesh.daplet().await;
    for (pubsub, topic) in [("pubsub", "greetings"), ("pubsub-memory", "waves")] {
        server.deploy(topic, &keeper(pubsub, topic)).await;
        subscribed(&daprd, &[topic]).await;
        publish(&daprd, pubsub, topic, "application/json", r#"{"from":"afar","n":1}"#).await;
        publish(&daprd, pubsub, topic, "text/plain", "hello").await;
        publish(&daprd, pubsub, topic, "application/octet-stream", "bytes").await;
        let seen =
            eventually(&server, &format!("/{topic}"), |seen| seen.as_array().is_some_and(|a| a.len() == 3)).await;
        let find = |kind: &str| seen.as_array().unwrap().iter().find(|kept| kept["type"] == kind).unwrap().clone();
        assert_eq!(find("application/json")["data"], json!({"from": "afar", "n": 1}));
        assert_eq!((&find("text/plain")["data"], &find("text/plain")["topic"]), (&json!("hello"), &json!(topic)));
        assert_eq!(find("application/octet-stream")["base64"], "Ynl0ZXM=");

        // Another version with the same topic keeps the stream; another topic ends it; no function, no stream.
        server.deploy(topic, &(keeper(pubsub, topic) + "// changed")).await;
        publish(&daprd, pubsub, topic, "text/plain", "again").await;
        eventually(&server, &format!("/{topic}"), |seen| seen.as_array().is_some_and(|a| a.len() == 4)).await;
        server.deploy(topic, &keeper(pubsub, "elsewhere")).await;
        subscribed(&daprd, &["elsewhere"]).await;
        let gone = server.http.delete(server.url(&format!("/functions/{topic}"))).send().await.unwrap();
        assert_eq!(gone.status(), 204);
        subscribed(&daprd, &[]).await;
    }
}

/// A sidecar knows one subscriber; this host has two functions behind it.
#[tokio::test(flavor = "multi_thread")]
async fn every_function_of_a_topic_gets_every_message() {
    const MESSAGES: usize = 20;
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (server, daprd) = mesh.daplet().await;
    for name in ["left", "right"] {
        server.deploy(name, &keeper("pubsub", "shared")).await;
    }
    subscribed(&daprd, &["shared"]).await;
    for n in 0..MESSAGES {
        publish(&daprd, "pubsub", "shared", "application/json", &n.to_string()).await;
    }
    for name in ["/left", "/right"] {
        let seen = eventually(&server, name, |seen| seen.as_array().is_some_and(|all| all.len() == MESSAGES)).await;
        let mut numbers: Vec<u64> =
            seen.as_array().unwrap().iter().map(|kept| kept["data"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..MESSAGES as u64).collect::<Vec<_>>());
    }
}

const WORKER: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "work", deadLetterTopic: "failed" }];
    export default {
      fetch: async () => ({ bad: (await state().get("bad")) ?? 0, twice: (await state().get("twice")) ?? 0, done: await state().get("done") }),
      async message(event) {
        if (event.data === "good") return state().put("done", true);
        if (event.data === "drop") return "DROP";
        const tries = await state().update(event.data, (n) => (n ?? 0) + 1);
        if (event.data === "twice" && tries === 2) return "SUCCESS";
        if (event.data === "twice") return "RETRY";
        throw new Error("never");
      } };"#;

const COLLECTOR: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "failed" }];
    export default {
      fetch: async () => (await state().get("all")) ?? [],
      message: (event) => state().update("all", (all) => [...(all ?? []), { data: event.data, topic: event.topic }]) };"#;

/// A throw and "RETRY" follow the sidecar's policy; then, and after "DROP", the dead-letter topic gets the message unchanged.
async fn failures(server: &daplet_tests::server::Server, daprd: &Daprd) {
    for data in ["bad", "drop", "twice", "good"] {
        publish(daprd, "pubsub", "work", "text/plain", data).await;
    }
    let failed = eventually(server, "/collector", |seen| seen.as_array().is_some_and(|all| all.len() == 2)).await;
    let mut failed: Vec<String> = failed.as_array().unwrap().iter().map(Value::to_string).collect();
    failed.sort();
    assert_eq!(failed, [r#"{"data":"bad","topic":"work"}"#, r#"{"data":"drop","topic":"work"}"#]);
    let wanted = json!({"bad": 4, "twice": 2, "done": true});
    eventually(server, "/worker", |seen| *seen == wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_messages_are_retried_then_dead_lettered() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (server, daprd) = mesh.daplet().await;
    server.deploy("worker", WORKER).await;
    server.deploy("collector", COLLECTOR).await;
    subscribed(&daprd, &["failed", "work"]).await;
    failures(&server, &daprd).await;
}

/// Without the sidecar's gRPC port it asks for topics once, when it starts; the outcomes are the same.
#[tokio::test(flavor = "multi_thread")]
async fn without_grpc_the_sidecar_posts_messages() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (server, mut daprd) = mesh.daplet_with(&[("DAPR_GRPC_PORT", "")], &[]).await;
    server.deploy("worker", WORKER).await;
    server.deploy("collector", COLLECTOR).await;
    assert_eq!(server.get("/dapr/subscribe").await.json().as_array().map(Vec::len), Some(2));
    daprd.start(server.port()).await;
    server.ready().await;
    failures(&server, &daprd).await;
    let metadata = daprd.json("/v1.0/metadata").await;
    let listed = metadata["subscriptions"].as_array().unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|s| s["type"] == "PROGRAMMATIC"), "{metadata}");
}

/// A message that is being handled when the server stops is finished, and the sidecar gets its outcome.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_finishes_its_messages() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (mut server, daprd) = mesh.daplet().await;
    let source = r#"import { state } from "@daplet/sdk";
        export const subscriptions = [{ topic: "slow", deadLetterTopic: "failed" }];
        export default {
          fetch: async () => ({ begun: await state().get("begun") }),
          async message() {
            await state().put("begun", true);
            await new Promise((done) => setTimeout(done, 1000));
            await state().put("done", true);
          } };"#;
    server.deploy("slow", source).await;
    subscribed(&daprd, &["slow"]).await;
    publish(&daprd, "pubsub", "slow", "text/plain", "take your time").await;
    eventually(&server, "/slow", |seen| seen["begun"] == true).await;
    server.signal("TERM");
    assert_eq!(server.exit_code(Duration::from_secs(20)).await, Some(0), "{}", server.output());
    assert_eq!(daprd.json("/v1.0/state/statestore/f%2Fslow%2Fdone").await, json!(true));
    // Had it gone without an outcome, the sidecar would have said so of the message.
    assert!(!daprd.output().contains("stream closed"), "{}", daprd.output());
}
