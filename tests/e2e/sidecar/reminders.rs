//! Timers of actors behind a real sidecar and Dapr's placement service; and what becomes of reminders without its scheduler service.
use super::actors::placed;
use crate::reminders::{CLOCKS, call, got};
use daplet_tests::daprd::{Daprd, Mesh};
use daplet_tests::server::{Answer, Options, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A server that has the function before its sidecar asks for actor types, both ready.
pub async fn with_clocks(mesh: &Mesh) -> (Server, Daprd) {
    let mut daprd = mesh.sidecar("daplet");
    let server = Server::spawn(Options { env: daprd.app_env(), ..Options::default() });
    server.listening().await;
    server.deploy("clocks", CLOCKS).await;
    daprd.start(server.port()).await;
    server.ready().await;
    placed(&daprd, "Clock/a/method/got").await;
    (server, daprd)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecars_timers_are_turns() {
    let Some(mut mesh) = Mesh::start("redis").await else { return };
    mesh.start_placement().await;
    let (server, daprd) = with_clocks(&mesh).await;
    let set = async |id: &str, timer: Value| {
        assert_eq!(call(&server, id, "time", timer.clone()).await, json!({}), "{timer}\n{}", daprd.output());
    };
    // At once without a time; the forms of periods, and repeats.
    set("a", json!({"name": "t", "callback": "tick", "data": {"n": 1}})).await;
    assert_eq!(got(&server, "a", 1).await, [json!(["tick", {"n": 1}])]);
    set("b", json!({"name": "t", "callback": "tick", "dueTime": "10ms", "period": "@every 1s", "repeats": 3})).await;
    set("c", json!({"name": "t", "callback": "tick", "period": "R2/PT1S"})).await;
    set("d", json!({"name": "t", "callback": "tick", "period": "1s", "data": {"fail": true}})).await;
    assert_eq!(got(&server, "b", 3).await.len(), 3);
    assert_eq!(got(&server, "c", 2).await.len(), 2);
    // One that fails goes on until it is replaced. (daprd 1.18 goes on as well if that happens while it fires.)
    let runs = async || call(&server, "d", "runs", json!(["tick"])).await["tick"].as_u64().unwrap();
    let before = runs().await;
    let start = Instant::now();
    while runs().await < before + 2 {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", server.output());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    set("d", json!({"name": "t", "callback": "tick", "dueTime": "10ms", "data": "the new one"})).await;
    assert_eq!(got(&server, "d", 1).await, [json!(["tick", "the new one"])]);
    let ended = runs().await;
    // From outside, by the sidecar's own API.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = r#"{"dueTime":"10ms","callback":"tick","data":"outside"}"#;
    let url = daprd.url("/v1.0/actors/Clock/e/timers/t");
    assert_eq!(client.put(&url).body(body).send().await.unwrap().status(), 204);
    assert_eq!(got(&server, "e", 1).await, [json!(["tick", "outside"])]);
    set("f", json!({"name": "t", "callback": "tick", "dueTime": "500ms"})).await;
    assert_eq!(call(&server, "f", "untime", json!("t")).await, json!({}));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(runs().await, ended);
    for (id, most) in [("a", 1), ("b", 3), ("c", 2), ("d", 1), ("f", 0)] {
        assert!(got(&server, id, 0).await.len() <= most, "{id}: {:?}", got(&server, id, 0).await);
    }
}

/// There is no scheduler here, so each call is refused, and the function gets the reason.
#[tokio::test(flavor = "multi_thread")]
async fn reminders_need_a_scheduler_service() {
    let Some(mut mesh) = Mesh::start("redis").await else { return };
    mesh.start_placement().await;
    let (server, daprd) = with_clocks(&mesh).await;
    for (method, data, code) in [
        ("remind", json!({"name": "r", "dueTime": "1s"}), "ERR_ACTOR_REMINDER_CREATE"),
        ("reminder", json!("r"), "ERR_ACTOR_REMINDER_GET"),
        ("forget", json!("r"), "ERR_ACTOR_REMINDER_DELETE"),
    ] {
        let refused = call(&server, "a", method, data).await;
        let message = refused["message"].as_str().unwrap_or_default();
        assert!(message.contains("scheduler"), "{method}, {code}: {refused}\n{}", daprd.output());
    }
    // The same for a client that calls the sidecar directly: its API exists, and knows the type.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = daprd.url("/v1.0/actors/Clock/a/reminders/r");
    let direct = Answer::of(client.put(&url).body(r#"{"dueTime":"1s"}"#).send().await.unwrap()).await;
    assert_eq!(direct.json()["errorCode"], "ERR_ACTOR_REMINDER_CREATE", "{}", direct.text());
    let nobody = daprd.url("/v1.0/actors/Nobody/a/reminders/r");
    let direct = Answer::of(client.put(&nobody).body(r#"{"dueTime":"1s"}"#).send().await.unwrap()).await;
    assert_eq!((direct.status, &direct.json()["errorCode"]), (403, &json!("ERR_ACTOR_REMINDER_NON_HOSTED")));
}
