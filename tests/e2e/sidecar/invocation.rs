//! Two sidecars side by side: another application calls functions, is called by them, and shares topics and state with them.
use super::{eventually, publish};
use daplet_tests::app::App;
use daplet_tests::daprd::Mesh;
use daplet_tests::server::Answer;
use serde_json::json;

const HELLO: &str = r#"import { invoke, pubsub, state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "orders" }];
    export default {
      async fetch(request, env, ctx) {
        const url = new URL(request.url);
        if (url.pathname === "/orders") return (await state().get("orders")) ?? [];
        await state("state-shared").put("seen", { by: "hello" });
        const answer = await invoke("other").fetch("/echo/a%20b?c=d", { method: "PUT", headers: { "x-mine": "1" }, body: "payload" });
        await pubsub().publish("orders", { id: 1 });
        const own = await invoke("daplet").fetch("/caller");
        return { hello: url.searchParams.get("who"), status: answer.status, from: answer.headers.get("x-from"), echo: await answer.json(),
                 own: await own.json(), caller: ctx.caller };
      },
      async message(event) {
        await state().update("orders", (all) => [...(all ?? []), { data: event.data, source: event.source, trace: event.traceparent, state: event.tracestate }]);
      } };"#;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test(flavor = "multi_thread")]
async fn another_application_and_functions_work_together() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let app = App::start().await;
    let mut other = mesh.sidecar("other");
    other.start(app.port).await;
    let (server, _daprd) = mesh.daplet().await;
    server.deploy("hello", HELLO).await;
    server.deploy("caller", "export default (request, env, ctx) => ({ caller: ctx.caller })").await;

    let request = server
        .http
        .get(other.url("/v1.0/invoke/daplet/method/hello?who=world"))
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .header("tracestate", "vendor=1");
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = answer.json();
    assert_eq!((&seen["hello"], &seen["status"], &seen["from"]), (&json!("world"), &json!(200), &json!("app")));
    let echo = &seen["echo"];
    assert_eq!((&echo["method"], &echo["body"]), (&json!("PUT"), &json!("payload")), "{seen}");
    assert_eq!(echo["path"], "/echo/a%20b?c=d", "{seen}");
    assert_eq!((&echo["headers"]["x-mine"], &echo["headers"]["dapr-caller-app-id"]), (&json!("1"), &json!("daplet")));
    assert!(echo["headers"]["traceparent"].as_str().is_some_and(|trace| trace.contains(TRACE)), "{seen}");
    assert_eq!(echo["headers"]["tracestate"], "vendor=1", "{seen}");
    // Nothing proves that this came from a sidecar; the call that never left the host needs no proof.
    assert_eq!((&seen["caller"], &seen["own"]["caller"]), (&json!(null), &json!("daplet")));

    // What the other application publishes the function gets, and what the function published itself, trace and all.
    publish(&other, "pubsub", "orders", "application/json", r#"{"id":2}"#).await;
    let orders = eventually(&server, "/hello/orders", |seen| seen.as_array().is_some_and(|all| all.len() == 2)).await;
    let find = |id: u64| orders.as_array().unwrap().iter().find(|order| order["data"]["id"] == id).unwrap().clone();
    assert_eq!((&find(1)["source"], &find(2)["source"]), (&json!("daplet"), &json!("other")));
    assert!(find(1)["trace"].as_str().is_some_and(|trace| trace.contains(TRACE)), "{orders}");
    assert_eq!(find(1)["state"], "vendor=1", "{orders}");

    // A function's own keys stand under its name.
    assert_eq!(other.json("/v1.0/state/state-shared/f%2Fhello%2Fseen").await, json!({"by": "hello"}));
}
