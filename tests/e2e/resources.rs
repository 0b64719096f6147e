//! `--resources-path`: components by names of their own, in every place where a component is named.
use daplet_tests::app::App;
use daplet_tests::conformance::{Case, Client, Step, Target, cases, check};
use daplet_tests::resources::{LISTED, answer_of_user, called, environment, folder, listed, user};
use daplet_tests::root;
use daplet_tests::server::{Options, Server};
use dapr::dapr::proto::runtime::v1::{
    GetMetadataRequest, GetStateRequest, PublishEventRequest, SubscribeTopicEventsRequestAlpha1,
    SubscribeTopicEventsRequestInitialAlpha1, dapr_client::DaprClient,
    subscribe_topic_events_request_alpha1::SubscribeTopicEventsRequestType,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use tonic::Code;

/// The defaults of the blocks that the folder says nothing of.
const KEPT: [(&str, &str); 2] = [("configstore", "configuration.daplet"), ("lockstore", "lock.daplet")];

/// Settings of two configuration stores, none of which is the default; and locks.
const OWN: &str = "apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: settings}
spec: {type: configuration.daplet, version: v1}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: limits}
spec: {type: configuration.daplet, version: v1}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: doors}
spec: {type: lock.daplet, version: v1}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: gates}
spec: {type: lock.daplet, version: v1}
";

fn path_of(folder: &Path) -> Vec<String> {
    vec!["--resources-path".to_owned(), folder.to_string_lossy().into_owned()]
}

fn file(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("components.yaml"), text).unwrap();
    folder
}

/// A component of a type, of the shortest kind.
fn component(name: &str, kind: &str) -> String {
    format!(
        "---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec: {{type: {kind}, version: v1}}\n"
    )
}

async fn until(server: &Server, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let answer = server.get(path).await;
        let seen = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if fits(&seen) {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{path}: {}", answer.text());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Functions and clients of Dapr's API name them, also after a restart. `sidecar::resources` gives the same folder to a real daprd.
#[tokio::test(flavor = "multi_thread")]
async fn components_have_the_folders_names() {
    let (app, data) = (App::start().await, tempfile::tempdir().unwrap());
    let options = || Options {
        args: path_of(&folder()),
        env: environment(&app),
        data: Some(data.path().to_owned()),
        ..Options::default()
    };
    let server = Server::with(options()).await;
    let metadata = server.http.get(format!("{}/v1.0/metadata", server.dapr)).send().await.unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.bytes().await.unwrap()).unwrap();
    let mut expected: Vec<(String, String)> =
        LISTED.iter().chain(&KEPT).map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
    expected.sort();
    assert_eq!(listed(&metadata), expected);
    let several = metadata["components"].as_array().unwrap().iter().find(|c| c["name"] == "several").unwrap();
    assert_eq!(several["capabilities"], json!(["MULTIPLE_KEY_VALUES_PER_SECRET"]));
    called(&server.dapr).await;

    server.deploy_with(user()).await;
    let answer = server.get("/user").await;
    assert_eq!(answer.json(), answer_of_user());
    assert_eq!(
        server.get("/user/unpublishable").await.json(),
        json!(["PermissionDeniedError", "ERR_PUBSUB_FORBIDDEN"])
    );
    assert_eq!(server.get("/user/actor").await.json(), json!(1));
    server.get("/user/publish").await;
    let url = format!("{}/v1.0/publish/events/hidden", server.dapr);
    assert_eq!(server.http.post(url).body("x").send().await.unwrap().status(), 204);
    let seen = until(&server, "/user/heard", |seen| {
        seen["ticks"].is_array() && seen["events"].as_array().is_some_and(|events| events.len() >= 3)
    });
    let mut events: Vec<String> = seen.await["events"].as_array().unwrap().iter().map(Value::to_string).collect();
    events.sort();
    let expected = [
        r#"["events","placed","by publish"]"#,
        r#"["events","placed","by transaction"]"#,
        r#"["news","placed","no event of events"]"#,
    ];
    assert_eq!(events, expected);
    for refused in ["subscription to topic 'hidden' on pubsub 'events' is not allowed", "pubsub pubsub is not found"] {
        assert!(server.output().contains(refused), "{}", server.output());
    }
    drop(server);

    let server = Server::with(options()).await;
    let kept = |store: &str| format!("{}/v1.0/state/{store}/f%2Fuser%2Fk", server.dapr);
    for (store, value) in [("orders", "\"orders\""), ("carts", "\"carts\"")] {
        let found = server.http.get(kept(store)).send().await.unwrap();
        assert_eq!(found.text().await.unwrap(), value);
    }
    let lost = format!("{}/v1.0/state/orders/f%2Fuser%2Flost", server.dapr);
    assert_eq!(server.http.get(lost).send().await.unwrap().status(), 204);
    assert_eq!(server.get("/user/actor").await.json(), json!(2));
    let actor = format!("{}/v1.0/actors/Counter/a/state/n", server.dapr);
    assert_eq!(server.http.get(actor).send().await.unwrap().text().await.unwrap(), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_has_the_same_names() {
    let app = App::start().await;
    let options = Options { args: path_of(&folder()), env: environment(&app), ..Options::default() };
    let server = Server::with(options).await;
    let mut client = DaprClient::connect(server.grpc.clone()).await.unwrap();
    let metadata = client.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    let mut listed: Vec<(String, String)> =
        metadata.registered_components.into_iter().map(|component| (component.name, component.r#type)).collect();
    listed.retain(|(name, _)| !KEPT.iter().any(|(kept, _)| kept == name));
    listed.sort();
    assert_eq!(listed, LISTED.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
    let get = |store: &str| GetStateRequest { store_name: store.to_owned(), key: "a".to_owned(), ..Default::default() };
    assert!(client.get_state(get("orders")).await.unwrap().into_inner().data.is_empty());
    assert_eq!(client.get_state(get("statestore")).await.unwrap_err().code(), Code::InvalidArgument);
    let publish = |pubsub: &str, topic: &str| PublishEventRequest {
        pubsub_name: pubsub.to_owned(),
        topic: topic.to_owned(),
        ..Default::default()
    };
    client.publish_event(publish("events", "placed")).await.unwrap();
    let refused = client.publish_event(publish("events", "paid")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(refused.message(), "topic paid is not allowed for app id daplet");
    assert_eq!(client.publish_event(publish("pubsub", "placed")).await.unwrap_err().code(), Code::InvalidArgument);
    for (topic, expected) in [("placed", None), ("hidden", Some(Code::PermissionDenied))] {
        let request = SubscribeTopicEventsRequestInitialAlpha1 {
            pubsub_name: "events".to_owned(),
            topic: topic.to_owned(),
            ..Default::default()
        };
        let first = SubscribeTopicEventsRequestType::InitialRequest(request);
        let first = SubscribeTopicEventsRequestAlpha1 { subscribe_topic_events_request_type: Some(first) };
        let opened = client.subscribe_topic_events_alpha1(futures::stream::iter([first])).await;
        assert_eq!(opened.err().map(|status| status.code()), expected, "{topic}");
    }
}

/// What was there before a folder is found under the default names, and nothing of it under others.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_keeps_what_was_there_by_its_name() {
    let data = tempfile::tempdir().unwrap();
    let options = |args| Options { args, data: Some(data.path().to_owned()), ..Options::default() };
    let server = Server::with(options(vec![])).await;
    let save = |server: &Server, store: &str, value: &str| {
        let url = format!("{}/v1.0/state/{store}", server.dapr);
        server.http.post(url).body(format!(r#"[{{"key":"k","value":"{value}"}}]"#)).send()
    };
    assert_eq!(save(&server, "statestore", "before").await.unwrap().status(), 204);
    assert_eq!(server.http.put(server.url("/configuration/c")).body("before").send().await.unwrap().status(), 201);
    drop(server);

    let text = ["statestore", "other"].map(|name| component(name, "state.daplet")).concat();
    let text = text + &["configstore", "more"].map(|name| component(name, "configuration.daplet")).concat();
    let folder = file(&text);
    let server = Server::with(options(path_of(folder.path()))).await;
    let state = async |store: &str| {
        let found = server.http.get(format!("{}/v1.0/state/{store}/k", server.dapr)).send().await.unwrap();
        (found.status().as_u16(), found.text().await.unwrap())
    };
    assert_eq!(state("statestore").await, (200, "\"before\"".to_owned()));
    assert_eq!(state("other").await.0, 204);
    assert_eq!(save(&server, "other", "after").await.unwrap().status(), 204);
    assert_eq!(state("statestore").await, (200, "\"before\"".to_owned()));
    assert_eq!(state("other").await, (200, "\"after\"".to_owned()));
    let query = async |store: &str| {
        let url = format!("{}/v1.0-alpha1/state/{store}/query", server.dapr);
        let found = server.http.post(url).body("{}").send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&found).unwrap()["results"].as_array().unwrap().len()
    };
    assert_eq!((query("statestore").await, query("other").await), (1, 1));
    // The default of several stores needs no name.
    assert_eq!(server.get("/configuration/c").await.json()["value"], "before");
    assert_eq!(server.get("/configuration/c?store=more").await.status, 404);
}

/// Locks and configuration: each store for itself, for functions, clients and the operator.
#[tokio::test(flavor = "multi_thread")]
async fn locks_and_configuration_are_kept_apart() {
    let folder = file(OWN);
    let server = Server::with(Options { args: path_of(folder.path()), ..Options::default() }).await;
    let source = r#"import { configuration as items, lock, state } from "@daplet/sdk";
        export const configuration = [{ store: "settings", keys: ["limit"] }, { store: "limits" }];
        export default {
          async fetch(request) {
            if (new URL(request.url).searchParams.has("heard")) return (await state().get("heard")) ?? [];
            const taken = async (store) => (await lock(store).tryLock("door", { expiry: 60 })) !== null;
            const absent = (work) => work().catch((e) => e.message);
            return {
              items: [await items("settings").get(), await items("limits").get()],
              taken: [await taken("doors"), await taken("doors"), await taken("gates")],
              absent: [await absent(() => items().get()), await absent(() => lock().tryLock("a", { expiry: 1 }))],
            };
          },
          configuration: (change) =>
            state().update("heard", (list) => [...(list ?? []), [change.store, change.items.limit?.value]], { retries: 100 }).then(() => {}),
        };"#;
    server.deploy_with(json!({"name": "f", "source": source, "grants": {"locks": ["door", "a"]}})).await;
    for (store, value) in [("settings", "one"), ("limits", "two")] {
        let url = server.url(&format!("/configuration/limit?store={store}"));
        assert_eq!(server.http.put(url).body(value).send().await.unwrap().status(), 201);
    }
    let unsaid = server.http.put(server.url("/configuration/limit")).body("x").send().await.unwrap();
    assert_eq!(unsaid.status(), 400);
    let unsaid = unsaid.text().await.unwrap();
    assert!(unsaid.contains(r#"\"limits\", \"settings\""#), "{unsaid}");
    assert_eq!(server.get("/configuration/limit?store=nowhere").await.status, 404);
    assert_eq!(server.get("/configuration/limit?store=limits").await.json()["value"], "two");

    let answer = server.get("/f").await.json();
    assert_eq!(answer["items"][0]["limit"]["value"], "one");
    assert_eq!(answer["items"][1]["limit"]["value"], "two");
    assert_eq!(answer["taken"], json!([true, false, true]));
    let absent =
        "configuration store configstore is not found; without a Dapr sidecar there are \"limits\", \"settings\"";
    assert_eq!(answer["absent"][0], absent);
    assert!(answer["absent"][1].as_str().unwrap().contains("there are \"doors\", \"gates\""), "{answer}");
    let heard = until(&server, "/f?heard", |seen| seen.as_array().is_some_and(|heard| heard.len() >= 2)).await;
    let mut heard: Vec<String> = heard.as_array().unwrap().iter().map(Value::to_string).collect();
    heard.sort();
    assert_eq!(heard, [r#"["limits","two"]"#, r#"["settings","one"]"#]);
    let lock = async |store: &str| {
        let body = json!({"resourceId": "door", "lockOwner": "me", "expiryInSeconds": 60}).to_string();
        let url = format!("{}/v1.0-alpha1/lock/{store}", server.dapr);
        server.http.post(url).body(body).send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(lock("doors").await, r#"{"success":false}"#);
    assert!(lock("lockstore").await.contains("ERR_LOCK_STORE_NOT_FOUND"));
}

/// What `check` expects of the default names holds of others.
#[tokio::test(flavor = "multi_thread")]
async fn renamed_components_conform() {
    const NAMES: [(&[&str], &str, &str, &str); 5] = [
        (&["save", "get", "bulk", "delete", "transaction", "query"], "store", "orders", "state.in-memory"),
        (&["publish", "listen"], "pubsub", "events", "pubsub.in-memory"),
        (&["secret", "secrets"], "store", "vault", "secretstores.daplet"),
        (&["configuration", "watch"], "store", "settings", "configuration.daplet"),
        (&["lock", "unlock"], "store", "doors", "lock.daplet"),
    ];
    let renamed = |mut step: Step| {
        if let Some((_, argument, name, _)) = NAMES.iter().find(|(steps, ..)| steps.contains(&step.what.as_str())) {
            step.arguments.entry((*argument).to_owned()).or_insert(json!(name));
        }
        step
    };
    let files = ["state", "secrets", "configuration", "locks"].map(|file| cases(&format!("{file}.json"))).concat();
    let all: Vec<Case> = files
        .into_iter()
        .map(|case| Case { name: case.name, steps: case.steps.into_iter().map(renamed).collect() })
        .collect();
    let folder = file(&NAMES.map(|(_, _, name, kind)| component(name, kind)).concat());
    let secrets = root().join("tests/conformance/secrets.json").to_string_lossy().into_owned();
    let args = [path_of(folder.path()), vec!["--secrets-file".to_owned(), secrets]].concat();
    let items = std::fs::read_to_string(root().join("tests/conformance/configuration.json")).unwrap();
    let items: BTreeMap<String, String> = serde_json::from_str(&items).unwrap();
    for client in [Client::Http, Client::Crate] {
        let server = Server::with(Options { args: args.clone(), ..Options::default() }).await;
        for (key, value) in &items {
            server.http.put(server.url(&format!("/configuration/{key}"))).body(value.clone()).send().await.unwrap();
        }
        let operator = server.url("/configuration");
        let target = Target { http: server.dapr.clone(), grpc: server.grpc.clone(), operator, sdk: String::new() };
        let differences = check(&target, client, "embedded", &all).await;
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

/// Where no store is for actors, their state fails in Dapr's words.
#[tokio::test(flavor = "multi_thread")]
async fn actors_need_a_store_that_is_for_them() {
    let folder = file(&component("orders", "state.in-memory"));
    let server = Server::with(Options { args: path_of(folder.path()), ..Options::default() }).await;
    let source = r#"import { Actor, actor } from "@daplet/sdk";
        export class Counter extends Actor { async read() { return this.state.get("n"); } }
        export default () => actor("Counter", "a").read().catch((e) => e.code);"#;
    server.deploy("f", source).await;
    let answer = server.http.get(format!("{}/v1.0/actors/Counter/a/state/n", server.dapr)).send().await.unwrap();
    assert_eq!(answer.status(), 500);
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["errorCode"], "ERR_ACTOR_STATE_GET");
    assert!(answer["message"].as_str().unwrap().contains("\"actorStateStore\""), "{answer}");
    assert_eq!(server.get("/f").await.text(), "ERR_ACTOR_INVOKE_METHOD");
}

/// Faults end the start, in words that name the place and the way out. The host's own tests have the words of all faults.
#[tokio::test(flavor = "multi_thread")]
async fn faults_end_the_start() {
    let ends = async |folder: &Path, env: &[(&str, &str)]| {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut server = Server::spawn(Options { args: path_of(folder), env, ..Options::default() });
        let code = server.exit_code(Duration::from_secs(20)).await;
        (code, server.output())
    };
    let redis = file(&component("orders", "state.redis"));
    let (code, output) = ends(redis.path(), &[]).await;
    assert_eq!(code, Some(1), "{output}");
    for word in ["components.yaml, document 1", "\"orders\"", "\"state.redis\"", "state.in-memory", "DAPR_HTTP_PORT"] {
        assert!(output.contains(word), "{word}: {output}");
    }
    let (code, output) = ends(&redis.path().join("nowhere"), &[]).await;
    assert!(code == Some(1) && output.contains("nowhere") && output.contains("resources_path"), "{output}");
    let (code, output) = ends(redis.path(), &[("DAPR_HTTP_PORT", "3500")]).await;
    assert!(code == Some(64) && output.contains("resources_path is") && output.contains("sidecar"), "{output}");
}
