//! Input bindings and changes of the configuration as a real sidecar tells them.
use super::eventually;
use daplet_tests::daprd::Mesh;
use daplet_tests::server::Server;
use serde_json::Value;
use std::time::{Duration, Instant};

const KEEPER: &str = r#"import { state } from "@daplet/sdk";
    export const bindings = ["ticks", "beats"];
    export const configuration = [{ keys: ["limit"] }];
    const keep = (key) => (event) => state().put(key, event);
    export default {
      fetch: async (request) => (await state().get(new URL(request.url).searchParams.get("key"))) ?? {},
      binding: (event) => keep(event.name)(event),
      configuration: keep("change"),
    };"#;

#[tokio::test(flavor = "multi_thread")]
async fn bindings_call_functions() {
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    mesh.component("ticks", "bindings.cron", &[("schedule", "@every 1s"), ("route", "/dapr/bindings/ticks")]);
    mesh.component("beats", "bindings.cron", &[("schedule", "@every 1s")]);
    let (server, mut daprd) = mesh.daplet().await;
    server.deploy("keeper", KEEPER).await;
    // Asked for before there was a function.
    let tick = eventually(&server, "/keeper?key=ticks", |seen| seen["name"] == "ticks").await;
    assert!(tick["data"].is_null() && tick["metadata"]["readtimeutc"].is_string(), "{tick}");
    // A sidecar that starts when the function exists calls it by the binding's name.
    daprd.start(server.port()).await;
    server.ready().await;
    eventually(&server, "/keeper?key=beats", |seen| seen["name"] == "beats").await;
}

/// Sets an item again until a function has seen it: a subscription takes a while to begin.
async fn set_until_told(mesh: &Mesh, server: &Server, word: &str) -> Value {
    let start = Instant::now();
    for n in 0.. {
        mesh.command(&["SET", "other", "1||1"]).await;
        mesh.command(&["SET", "limit", &format!("{word} {n}||{n}")]).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let answer = server.get("/keeper?key=change").await;
        let seen: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if seen["items"]["limit"]["value"].as_str().is_some_and(|value| value.starts_with(word)) {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{word}: {}", answer.text());
    }
    unreachable!()
}

/// Until Redis has so many subscribers to changes of the item: the sidecar's subscriptions.
async fn subscribers(mesh: &Mesh, count: usize) {
    let (start, expected) = (Instant::now(), format!(":{count}"));
    loop {
        let told = mesh.command(&["PUBSUB", "NUMSUB", "__keyspace@0__:limit"]).await;
        if told.lines().any(|line| line == expected) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{told}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_configuration_call_functions() {
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    let (server, mut daprd) = mesh.daplet().await;
    subscribers(&mesh, 0).await;
    server.deploy("keeper", KEEPER).await;
    let change = set_until_told(&mesh, &server, "first").await;
    assert_eq!((&change["store"], &change["items"]["other"]), (&"configstore".into(), &Value::Null), "{change}");
    assert!(change["items"]["limit"]["version"].is_string(), "{change}");
    // A restarted sidecar knows no subscription.
    daprd.kill();
    daprd.start(server.port()).await;
    server.ready().await;
    set_until_told(&mesh, &server, "second").await;
    // Two functions have one subscription, and the last that goes takes it along.
    server.deploy("twin", KEEPER).await;
    server.http.delete(server.url("/functions/keeper")).send().await.unwrap();
    subscribers(&mesh, 1).await;
    server.http.delete(server.url("/functions/twin")).send().await.unwrap();
    subscribers(&mesh, 0).await;
}
