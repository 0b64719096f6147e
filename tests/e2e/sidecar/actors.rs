//! Actors of functions behind real sidecars and Dapr's placement service.
use crate::actors::COUNTERS;
use daplet_tests::daprd::{Daprd, Mesh};
use daplet_tests::server::{Answer, Options, Server};
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A server that has the function before its sidecar asks for actor types, both ready.
async fn with_actors(mesh: &Mesh) -> (Server, Daprd) {
    let mut daprd = mesh.sidecar("daplet");
    let server = Server::spawn(Options { env: daprd.app_env(), ..Options::default() });
    server.listening().await;
    server.deploy("counters", COUNTERS).await;
    daprd.start(server.port()).await;
    server.ready().await;
    (server, daprd)
}

/// Calls a method through a sidecar's own API.
async fn call(daprd: &Daprd, path: &str, body: &str) -> Answer {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.put(daprd.url(&format!("/v1.0/actors/{path}"))).body(body.to_owned());
    Answer::of(request.send().await.unwrap()).await
}

/// The same until placement has sent the sidecar the type's host.
pub async fn placed(daprd: &Daprd, path: &str) -> Answer {
    let start = Instant::now();
    loop {
        let answer = call(daprd, path, "").await;
        if answer.status == 200 {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{}\n{}", answer.text(), daprd.output());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn through(server: &Server, id: &str, method: &str) -> Value {
    server.get(&format!("/counters/{id}/{method}")).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_keeps_turns_and_state() {
    let Some(mut mesh) = Mesh::start("redis").await else { return };
    mesh.start_placement().await;
    let (server, daprd) = with_actors(&mesh).await;
    assert_eq!(placed(&daprd, "Counter/a/method/increment").await.json(), json!(1));
    let direct = join_all((0..32).map(|_| call(&daprd, "Counter/a/method/increment", "")));
    let from_a_function = join_all((0..31).map(|_| through(&server, "a", "increment")));
    tokio::join!(direct, from_a_function);
    assert_eq!(through(&server, "a", "value").await, json!({"result": 64}));
    // A turn that throws writes nothing, and its caller hears why.
    let thrown = through(&server, "a", "incrementAndThrow").await;
    assert_eq!(thrown["code"], "ERR_ACTOR_INVOKE_METHOD");
    assert!(thrown["message"].as_str().unwrap().contains("not today"), "{thrown}");
    assert_eq!(through(&server, "a", "value").await, json!({"result": 64}));
    // What is nothing, what is removed, what another actor has.
    assert_eq!(call(&daprd, "Counter/a/method/nothing", "").await.status, 200);
    assert_eq!(call(&daprd, "Counter/a/method/echo", r#"{"x":[1,"ä"]}"#).await.json()["data"], json!({"x": [1, "ä"]}));
    assert_eq!(call(&daprd, "Counter/a/method/other", r#""b""#).await.json(), json!(10));
    assert_eq!(through(&server, "a", "reset").await, json!({"result": false}));
    assert_eq!(through(&server, "a", "value").await, json!({"result": null}));
    assert_eq!(mesh.keys("daplet||Counter||*").await, ["daplet||Counter||b||n"]);
    // An unknown method, and a call that would wait for itself.
    let missing = call(&daprd, "Counter/a/method/missing", "").await;
    assert!(missing.status == 500 && missing.text().contains("actor method not found"), "{}", missing.text());
    assert!(through(&server, "a", "itself").await["message"].as_str().unwrap().contains("within its turn"));
}

/// Two hosts with one app-id: each actor lives on one of them, and goes to the other when that one dies.
#[tokio::test(flavor = "multi_thread")]
async fn actors_move_when_their_host_dies() {
    let Some(mut mesh) = Mesh::start("redis").await else { return };
    mesh.start_placement().await;
    let ((mut a, mut first), (b, second)) = (with_actors(&mesh).await, with_actors(&mesh).await);
    let ids: Vec<String> = (0..16).map(|n| format!("id-{n}")).collect();
    for id in &ids {
        placed(&first, &format!("Counter/{id}/method/increment")).await;
        placed(&second, &format!("Counter/{id}/method/increment")).await;
    }
    a.kill();
    first.kill();
    for id in &ids {
        let seen = placed(&second, &format!("Counter/{id}/method/increment")).await.json();
        assert_eq!(seen, json!(3), "{id}: nothing is lost\n{}", b.output());
    }
}

/// A sidecar asks for actor types once: the log reports types that come later.
#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_comes_later_is_named() {
    let Some(mut mesh) = Mesh::start("redis").await else { return };
    mesh.start_placement().await;
    let (server, mut daprd) = mesh.daplet().await;
    server.deploy("counters", COUNTERS).await;
    let start = Instant::now();
    while !(server.output().contains("restart the sidecar") && server.output().contains("Counter")) {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", server.output());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    daprd.start(server.port()).await;
    assert_eq!(placed(&daprd, "Counter/a/method/increment").await.json(), json!(1));
}

/// Service invocation passes the sidecar's locks by, and not this host's.
#[tokio::test(flavor = "multi_thread")]
async fn service_invocation_gets_no_turn_of_its_own() {
    let Some(mut mesh) = Mesh::start("redis").await else { return };
    mesh.start_placement().await;
    let (server, daprd) = with_actors(&mesh).await;
    assert_eq!(placed(&daprd, "Counter/a/method/increment").await.json(), json!(1));
    let url = daprd.url("/v1.0/invoke/daplet/method/actors/Counter/a/method/increment");
    let invoked = async || Answer::of(server.http.put(&url).send().await.unwrap()).await;
    let locked = join_all((0..16).map(|_| call(&daprd, "Counter/a/method/increment", "")));
    let past_the_lock = join_all((0..16).map(|_| invoked()));
    let (locked, past_the_lock) = tokio::join!(locked, past_the_lock);
    let mut seen: Vec<u64> = locked.iter().chain(&past_the_lock).map(|a| a.json().as_u64().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (2..=33).collect::<Vec<_>>());
}

/// A client other than the sidecar cannot start turns.
#[tokio::test(flavor = "multi_thread")]
async fn turns_need_the_sidecars_token() {
    let Some(mesh) = Mesh::start("redis").await else { return };
    let mut daprd = mesh.sidecar("daplet");
    daprd.env = vec![("APP_API_TOKEN".to_owned(), "secret".to_owned())];
    let env = [daprd.app_env(), daprd.env.clone()].concat();
    let server = Server::spawn(Options { env, ..Options::default() });
    server.listening().await;
    let url = server.url("/actors/Counter/a/method/increment");
    assert_eq!(server.http.put(&url).send().await.unwrap().status(), 401);
    let allowed = server.http.put(&url).header("dapr-api-token", "secret").send().await.unwrap();
    assert_eq!(allowed.status(), 503, "there is no such function");
}
