//! Dapr's API, of the embedded default and of a real sidecar, by every client there is: same steps, same outcomes.
use crate::reminders::{CLOCKS, got};
use crate::sidecar::reminders::with_clocks;
use daplet_tests::app::App;
use daplet_tests::conformance::{Client, Target, cases, check};
use daplet_tests::daprd::Mesh;
use daplet_tests::root;
use daplet_tests::server::{Options, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is invoked, and who listens.
const ECHO: &str = include_str!("../conformance/functions/echo.js");

#[tokio::test(flavor = "multi_thread")]
async fn every_client_sees_the_same() {
    let mut differences = Vec::new();
    let (app, folder) = (App::start().await, tempfile::tempdir().unwrap());
    let settings = folder.path().join("daplet.toml");
    std::fs::write(&settings, format!("[bindings.echo]\nurl = \"http://127.0.0.1:{}/echo/in\"\n", app.port)).unwrap();
    for client in Client::OUTSIDE.into_iter().chain([Client::Sdk]) {
        let secrets = root().join("tests/conformance/secrets.json").to_string_lossy().into_owned();
        let settings = settings.to_string_lossy().into_owned();
        let args = vec!["--secrets-file".to_owned(), secrets, "--config".to_owned(), settings];
        let server = Server::with(Options { args, ..Options::default() }).await;
        server.deploy("echo", ECHO).await;
        server.deploy("clocks", CLOCKS).await;
        server.upload(&sdk()).await;
        configure(&server).await;
        let operator = server.url("/configuration");
        let sdk = server.url("/sdk");
        let target = Target { http: server.dapr.clone(), grpc: server.grpc.clone(), operator, sdk };
        let files = ["state", "messages", "secrets", "configuration", "locks", "invoke", "bindings", "embedded"];
        let all = files.map(|file| cases(&format!("{file}.json"))).concat();
        differences.extend(check(&target, client, "embedded", &all).await);
        if client != Client::Python {
            differences.extend(check(&target, client, "embedded", &cases("actors.json")).await);
            called(&server, &["r", "tick"]).await;
        }
        let mut heard = Vec::new();
        for _ in 0..200 {
            heard = server.get("/echo/heard").await.json().as_array().cloned().unwrap_or_default();
            if heard.len() == 2 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        heard.sort_by_key(ToString::to_string);
        let expected = [json!("two"), json!({"n": 1})];
        if heard != expected {
            differences.push(format!("{}: of two events these arrived: {heard:?}", client.name()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The function that runs steps with `@daplet/sdk`; all steps of a client are one invocation.
fn sdk() -> Value {
    let grants = json!({"secrets": ["secretstore/*", "nowhere/*"], "locks": ["lockstore/*", "nowhere/*"]});
    let source = include_str!("../conformance/functions/sdk.js");
    json!({"name": "sdk", "source": source, "grants": grants, "limits": {"cpuMs": 1000}})
}

/// What must have called the actor in the end.
async fn called(server: &Server, names: &[&str]) {
    let mut seen: Vec<_> = got(server, "near", names.len()).await.iter().map(|entry| entry[0].clone()).collect();
    seen.sort_by_key(ToString::to_string);
    assert_eq!(seen, names);
}

/// The reminders and timers of a real sidecar with a placement service, but without a scheduler service.
#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_with_placement_sees_the_same_of_actors() {
    let mut differences = Vec::new();
    for client in Client::OUTSIDE.into_iter().filter(|client| *client != Client::Python) {
        let Some(mut mesh) = Mesh::start("redis").await else { return };
        mesh.start_placement().await;
        let (server, daprd) = with_clocks(&mesh).await;
        let grpc = format!("http://127.0.0.1:{}", daprd.grpc_port);
        let target = Target { http: daprd.url(""), grpc, operator: String::new(), sdk: String::new() };
        differences.extend(check(&target, client, "redis", &cases("actors.json")).await);
        called(&server, &["tick"]).await;
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A real sidecar: what the steps say is Dapr's own behaviour, and not only ours. Each client meets empty stores.
async fn on_a_real_sidecar(store: &str, files: &[&str]) {
    let (mut differences, app) = (Vec::new(), App::start().await);
    for client in Client::OUTSIDE {
        let Some(mesh) = Mesh::start(store).await else { return };
        stock(&mesh, &app).await;
        let operator = mesh.operator().await;
        let (server, daprd) = mesh.daplet().await;
        server.deploy("echo", ECHO).await;
        let (grpc, operator) =
            (format!("http://127.0.0.1:{}", daprd.grpc_port), format!("http://127.0.0.1:{}", operator.port));
        let target = Target { http: daprd.url(""), grpc, operator, sdk: String::new() };
        let all = files.iter().map(|file| cases(&format!("{file}.json"))).collect::<Vec<_>>().concat();
        differences.extend(check(&target, client, store, &all).await);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What depends on the state store.
const STATEFUL: [&str; 3] = ["state", "messages", "invoke"];

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_has_the_same_secrets_configuration_locks_and_bindings() {
    on_a_real_sidecar("in-memory", &["secrets", "configuration", "locks", "bindings"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_with_in_memory_state_sees_the_same() {
    on_a_real_sidecar("in-memory", &STATEFUL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_with_sqlite_sees_the_same() {
    on_a_real_sidecar("sqlite", &STATEFUL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_with_redis_sees_the_same() {
    on_a_real_sidecar("redis", &STATEFUL).await;
}

/// What the operator has set.
fn configuration() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("tests/conformance/configuration.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Puts the same into the sidecar's stores.
async fn stock(mesh: &Mesh, app: &App) {
    let secrets = root().join("tests/conformance/secrets.json").to_string_lossy().into_owned();
    mesh.component("secretstore", "secretstores.local.file", &[("secretsFile", &secrets)]);
    mesh.component("echo", "bindings.http", &[("url", &format!("http://127.0.0.1:{}/echo/in", app.port))]);
    for (key, value) in configuration() {
        mesh.command(&["SET", &key, &value]).await;
    }
}

async fn configure(server: &Server) {
    for (key, value) in configuration() {
        let answer = server.http.put(server.url(&format!("/configuration/{key}"))).body(value).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{key}");
    }
}
