//! Routing rules: a subscription states which events its handler wants, and the handler gets the rule that matched. The
//! same on the embedded default and on a real sidecar.
use daplet_tests::daprd::Mesh;
use daplet_tests::server::Server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Publishes what it is sent, keeps what its topics bring.
const ROUTED: &str = r#"import { pubsub, state } from "@daplet/sdk";
    export const subscriptions = [
      { topic: "orders", deadLetterTopic: "unwanted", retry: { maxRetries: 0 }, routes: { rules: [
        { match: 'event.type == "order.created"', path: "created" },
        { match: 'event.data.amount > 100 || event.data.tags.exists(tag, tag == "vip")', path: "large" },
        { match: 'event.data.region in ["north", "south"]', path: "regional" }] } },
      { topic: "notes", routes: { rules: [{ match: 'event.data.startsWith("!")', path: "urgent" }], default: "rest" } },
      { topic: "unwanted" }];
    export default {
      async fetch(request) {
        if (request.method === "GET") return (await state().get("seen")) ?? [];
        for (const { topic, data, type } of await request.json()) {
          await pubsub().publish(topic, data, type ? { metadata: { "cloudevent.type": type } } : {});
        }
      },
      async message(event, env, ctx) {
        const name = typeof event.data === "string" ? event.data : event.data.name;
        await state().update("seen", (seen) => [...(seen ?? []), `${ctx.topic}:${ctx.route ?? "-"}:${name}`], { retries: 100 });
      } };"#;

async fn check(server: &Server) {
    server.deploy("routed", ROUTED).await;
    // The sidecar learns of the topics a moment later.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let order = |name: &str, more: Value, kind: Option<&str>| {
        let mut data = json!({"name": name, "amount": 1, "tags": [], "region": "east"});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"topic": "orders", "data": data, "type": kind})
    };
    let messages = json!([
        order("new", json!({}), Some("order.created")),
        order("dear", json!({"amount": 100.5}), None),
        order("vip", json!({"tags": ["vip"]}), None),
        order("near", json!({"region": "north"}), None),
        order("far", json!({}), None),
        // The second rule cannot be decided.
        order("odd", json!({"amount": "many", "tags": 1}), None),
        {"topic": "notes", "data": "!now"},
        {"topic": "notes", "data": "later"},
    ]);
    assert_eq!(server.post("/routed", messages.to_string()).await.status, 204);
    let wanted = [
        "notes:rest:later",
        "notes:urgent:!now",
        "orders:created:new",
        "orders:large:dear",
        "orders:large:vip",
        "orders:regional:near",
        "unwanted:-:far",
        "unwanted:-:odd",
    ];
    let start = Instant::now();
    loop {
        let mut seen: Vec<String> = serde_json::from_value(server.get("/routed").await.json()).unwrap();
        seen.sort_unstable();
        if seen == wanted {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{seen:?}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_on_the_embedded_default() {
    check(&Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_behind_a_sidecar() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let (server, _daprd) = mesh.daplet().await;
    check(&server).await;
}

/// An invalid condition is found when the function is uploaded.
#[tokio::test(flavor = "multi_thread")]
async fn rules_are_checked_at_upload() {
    let server = Server::start().await;
    for (routes, why) in [
        (r#"{ rules: [{ match: "event.type ==", path: "a" }] }"#, "subscriptions[0].routes.rules[0].match"),
        (r#"{ rules: [{ match: "event.data.all(a, event.data.all(b, a == b))", path: "a" }] }"#, "within a loop"),
        (r#"{ rules: [{ match: 1, path: "a" }] }"#, "match must be a string"),
        (r#"{ rules: [{ match: "true" }] }"#, "path must be a string"),
        (r#"{}"#, "must have a rule or a default"),
        (r#"{ rule: [] }"#, "unknown key \"rule\""),
    ] {
        let source = format!(
            "export const subscriptions = [{{ topic: 't', routes: {routes} }}]; export function message() {{}}"
        );
        let answer = server.upload(&json!({"name": "wrong", "source": source})).await;
        assert_eq!(answer.status, 422, "{routes}");
        assert!(answer.text().contains(&why.replace('"', "\\\"")), "{routes}: {}", answer.text());
    }
}
