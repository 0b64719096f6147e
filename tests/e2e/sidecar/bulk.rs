//! Bulk subscriptions through a real sidecar: gathered from a stream, and by Dapr itself where there is no gRPC.
use super::eventually;
use super::messages::subscribed;
use daplet_tests::daprd::{Daprd, Mesh};
use daplet_tests::server::Server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const KEEPER: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [
      { topic: "work", deadLetterTopic: "failed", bulkSubscribe: { maxMessagesCount: 10, maxAwaitDurationMs: 500 },
        routes: { rules: [{ match: 'event.data.startsWith("other")', path: "other" }], default: "most" } },
      "failed"];
    const keep = (key, value) => state().update(key, (all) => [...(all ?? []), value], { retries: 1000 });
    export default {
      fetch: async () => ({ batches: (await state().get("batches")) ?? [], dead: ((await state().get("dead")) ?? []).sort() }),
      message: (event) => keep("dead", `${event.topic}:${event.data}`),
      async messages(events, env, ctx) {
        const names = events.map((event) => event.data);
        await keep("batches", { names, route: ctx.route, topic: ctx.topic });
        if (names.includes("slow")) await new Promise((done) => setTimeout(done, 1000));
        return names.map((name) => name.startsWith("bad") ? "RETRY" : name.startsWith("drop") ? "DROP" : "SUCCESS");
      } };"#;

/// One by one, of the topic that another function has in batches.
const SINGLE: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "work", deadLetterTopic: "failed" }];
    export default {
      fetch: async () => ((await state().get("all")) ?? []).sort(),
      message: (event) => state().update("all", (all) => [...(all ?? []), event.data], { retries: 1000 }) };"#;

/// As many messages in flight as a batch may have, and more.
async fn mesh() -> Option<Mesh> {
    let mesh = Mesh::start("redis").await?;
    let redis = format!("127.0.0.1:{}", mesh.redis_port);
    mesh.component("pubsub", "pubsub.redis", &[("redisHost", &redis), ("redisPassword", ""), ("concurrency", "30")]);
    Some(mesh)
}

async fn publish(daprd: &Daprd, data: &[String]) {
    let entry =
        |(id, data): (usize, &String)| json!({"entryId": id.to_string(), "event": data, "contentType": "text/plain"});
    let entries: Vec<Value> = data.iter().enumerate().map(entry).collect();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(daprd.url("/v1.0/publish/bulk/pubsub/work")).json(&entries);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
}

fn numbered(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{name}{n:02}")).collect()
}

fn batches<'a>(seen: &'a Value, route: &str) -> Vec<Vec<&'a str>> {
    let all = seen["batches"].as_array().unwrap().iter().filter(|batch| batch["route"] == route);
    all.map(|batch| batch["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()).collect()
}

/// Batches, of one route each, and each message with its own outcome.
async fn check(server: &Server, daprd: &Daprd) {
    publish(daprd, &[numbered("n", 25), numbered("other", 2)].concat()).await;
    let seen = eventually(server, "/keeper", |seen| batches(seen, "most").concat().len() == 25).await;
    let most = batches(&seen, "most");
    let mut names = most.concat();
    names.sort_unstable();
    assert_eq!(names, numbered("n", 25));
    assert!(most.len() <= 5 && most.iter().all(|batch| batch.len() <= 10), "{most:?}");

    publish(daprd, &["good", "bad", "drop"].map(str::to_owned)).await;
    let seen = eventually(server, "/keeper", |seen| seen["dead"].as_array().is_some_and(|dead| dead.len() == 2)).await;
    assert_eq!(seen["dead"], json!(["work:bad", "work:drop"]));
    let names = batches(&seen, "most").concat();
    let tries = |wanted: &str| names.iter().filter(|name| **name == wanted).count();
    // The tests' policy has three retries.
    assert_eq!((tries("good"), tries("bad"), tries("drop")), (1, 4, 1), "{seen}");
}

/// The function becomes one that wants batches while the sidecar runs; another that does not has the same topic.
#[tokio::test(flavor = "multi_thread")]
async fn batches_from_a_stream() {
    let Some(mesh) = mesh().await else { return };
    let (server, daprd) = mesh.daplet().await;
    let before = KEEPER.replace(", bulkSubscribe: { maxMessagesCount: 10, maxAwaitDurationMs: 500 }", "");
    server.deploy("keeper", &before.replace("async messages(", "async unused(")).await;
    subscribed(&daprd, &["failed", "work"]).await;
    publish(&daprd, &["before".to_owned()]).await;
    eventually(&server, "/keeper", |seen| seen["dead"].as_array().is_some_and(|dead| !dead.is_empty())).await;
    server.http.delete(daprd.url("/v1.0/state/statestore/f%2Fkeeper%2Fdead")).send().await.unwrap();

    server.deploy("keeper", KEEPER).await;
    subscribed(&daprd, &["failed", "work"]).await;
    check(&server, &daprd).await;

    server.deploy("single", SINGLE).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    publish(&daprd, &numbered("both", 20)).await;
    eventually(&server, "/single", |seen| *seen == json!(numbered("both", 20))).await;
    let fits =
        |seen: &Value| batches(seen, "most").concat().iter().filter(|name| name.starts_with("both")).count() == 20;
    eventually(&server, "/keeper", fits).await;
}

/// Without gRPC the sidecar gathers, and learns how when it starts; single deliveries and batches reach every function.
#[tokio::test(flavor = "multi_thread")]
async fn batches_that_the_sidecar_posts() {
    let Some(mesh) = mesh().await else { return };
    let (server, mut daprd) = mesh.daplet_with(&[("DAPR_GRPC_PORT", "")], &[]).await;
    server.deploy("keeper", KEEPER).await;
    let listed = server.get("/dapr/subscribe").await.json();
    let bulk = json!({"enabled": true, "maxMessagesCount": 10, "maxAwaitDurationMs": 500});
    let work = json!({"pubsubname": "pubsub", "topic": "work", "route": "/dapr/bulk/pubsub/work",
                      "deadLetterTopic": "failed", "bulkSubscribe": bulk});
    let failed = json!({"pubsubname": "pubsub", "topic": "failed", "route": "/dapr/topics/pubsub/failed"});
    assert_eq!(listed, json!([failed, work]));
    daprd.start(server.port()).await;
    server.ready().await;
    check(&server, &daprd).await;

    // Of a function that came later each entry is a message.
    server.deploy("single", SINGLE).await;
    publish(&daprd, &numbered("both", 20)).await;
    eventually(&server, "/single", |seen| *seen == json!(numbered("both", 20))).await;
    let metadata = daprd.json("/v1.0/metadata").await;
    let listed = metadata["subscriptions"].as_array().unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|s| s["type"] == "PROGRAMMATIC"), "{metadata}");

    // An invalid batch, and an entry that is not an event, are answered and not lost in a 404.
    let post = |path: &'static str, body: Value| server.post(path, body.to_string());
    let odd = post("/dapr/bulk/pubsub/work", json!({"entries": "none"})).await;
    assert_eq!((odd.status, odd.json()), (200, json!({"statuses": []})));
    let raw = json!([{"entryId": "1", "event": 7}, {"entryId": "2", "event": "no base64"}]);
    let odd = post("/dapr/bulk/pubsub/work", json!({"id": "x", "entries": raw})).await;
    let dropped = json!([{"entryId": "1", "status": "DROP"}, {"entryId": "2", "status": "DROP"}]);
    assert_eq!((odd.status, &odd.json()["statuses"]), (200, &dropped));
    let event = json!({"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": "alone"});
    let nobody = post("/dapr/bulk/pubsub/nobody", json!({"entries": [{"entryId": "1", "event": event}]})).await;
    assert_eq!(nobody.json()["statuses"], json!([{"entryId": "1", "status": "RETRY"}]));
    let single = post("/dapr/topics/pubsub/work", event).await;
    assert_eq!(single.json(), json!({"status": "SUCCESS"}));
    eventually(&server, "/keeper", |seen| batches(seen, "most").contains(&vec!["alone"])).await;
}

/// A server that stops does not wait for more: what is in flight is delivered and the sidecar hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_answers_for_its_batches() {
    let Some(mesh) = mesh().await else { return };
    let (mut server, daprd) = mesh.daplet().await;
    server.deploy("keeper", &KEEPER.replace("maxAwaitDurationMs: 500", "maxAwaitDurationMs: 20000")).await;
    subscribed(&daprd, &["failed", "work"]).await;
    publish(&daprd, &["slow".to_owned(), "beside".to_owned()]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    server.signal("TERM");
    assert_eq!(server.exit_code(Duration::from_secs(15)).await, Some(0), "{}", server.output());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let kept = daprd.json("/v1.0/state/statestore/f%2Fkeeper%2Fbatches").await;
    let mut names: Vec<&str> = kept[0]["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["beside", "slow"], "{kept}");
    assert!(!daprd.output().contains("stream closed"), "{}", daprd.output());
}
