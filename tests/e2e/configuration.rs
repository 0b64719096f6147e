//! Configuration: how the operator manages it, and how functions hear of changes.
use daplet_tests::server::{Answer, Options, Server};
use dapr::dapr::proto::runtime::v1::{SubscribeConfigurationRequest, dapr_client::DaprClient};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

async fn send(server: &Server, method: Method, path: &str, body: &'static str) -> Answer {
    let request = server.http.request(method, server.url(&format!("/configuration{path}"))).body(body);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sets_reads_and_removes_items() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { data: Some(data.path().to_owned()), ..Options::default() };
    let server = Server::with(options.clone()).await;
    let created = send(&server, Method::PUT, "/shop/colour", "green").await;
    let expected = json!({"value": "green", "version": "1", "metadata": {}});
    assert_eq!((created.status, created.json()), (201, expected));
    let changed = send(&server, Method::PUT, "/shop/colour", "blue").await;
    assert_eq!((changed.status, changed.json()["version"].clone()), (200, json!("2")));
    assert_eq!(send(&server, Method::PUT, "/empty", "").await.status, 201);

    // It is on disk, and a version never comes twice.
    drop(server);
    let server = Server::with(options).await;
    let item = send(&server, Method::GET, "/shop/colour", "").await;
    assert_eq!((item.status, item.json()["value"].clone()), (200, json!("blue")));
    let list = send(&server, Method::GET, "", "").await.json();
    assert_eq!(list["items"].as_object().unwrap().keys().collect::<Vec<_>>(), ["empty", "shop/colour"]);
    for _ in 0..2 {
        assert_eq!(send(&server, Method::DELETE, "/shop/colour", "").await.status, 204);
    }
    let gone = send(&server, Method::GET, "/shop/colour", "").await;
    assert_eq!((gone.status, gone.code()), (404, "notFound".to_owned()));
    assert_eq!(send(&server, Method::PUT, "/shop/colour", "red").await.json()["version"], "4");

    let wrong = send(&server, Method::POST, "/shop/colour", "red").await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, PUT, DELETE")));
    let bytes = server.http.put(server.url("/configuration/b")).body(vec![0xff]).send().await.unwrap();
    assert_eq!(bytes.status(), 400);
    let invoked = server.http.get(server.url("/configuration")).header("dapr-caller-app-id", "shop").send();
    assert_eq!(invoked.await.unwrap().status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_streamed() {
    let mut server = Server::start().await;
    let mut client = DaprClient::connect(server.grpc.clone()).await.unwrap();
    let request = |keys: &[&str]| SubscribeConfigurationRequest {
        store_name: "configstore".to_owned(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..Default::default()
    };
    let mut some = client.subscribe_configuration(request(&["colour"])).await.unwrap().into_inner();
    let mut all = client.subscribe_configuration(request(&[])).await.unwrap().into_inner();
    let id = some.message().await.unwrap().unwrap().id;
    assert!(!id.is_empty() && id != all.message().await.unwrap().unwrap().id);

    send(&server, Method::PUT, "/size", "9").await;
    send(&server, Method::PUT, "/colour", "green").await;
    send(&server, Method::DELETE, "/colour", "").await;
    let told = |update: dapr::dapr::proto::runtime::v1::SubscribeConfigurationResponse| {
        let (key, item) = update.items.into_iter().next().unwrap();
        (update.id, key, item.value, item.version)
    };
    let own =
        |key: &str, value: &str, version: &str| (id.clone(), key.to_owned(), value.to_owned(), version.to_owned());
    let first = told(some.message().await.unwrap().unwrap());
    // A notice holds the item's value at the time of the notice.
    let removed = own("colour", "", "");
    assert!([own("colour", "green", "2"), removed.clone()].contains(&first), "{first:?}");
    assert_eq!(told(some.message().await.unwrap().unwrap()), removed);
    let keys: Vec<String> = [
        told(all.message().await.unwrap().unwrap()).1,
        told(all.message().await.unwrap().unwrap()).1,
        told(all.message().await.unwrap().unwrap()).1,
    ]
    .into();
    assert_eq!(keys, ["size", "colour", "colour"]);

    // A stream that waits does not hold up the end.
    server.signal("TERM");
    assert!(some.message().await.unwrap().is_none());
    assert_eq!(server.exit_code(Duration::from_secs(60)).await, Some(0), "{}", server.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_daprs_statuses() {
    let server = Server::start().await;
    let table = [
        ("/v1.0/configuration/configstore?key=missing", 204, ""),
        ("/v1.0/configuration/configstore", 204, ""),
        ("/v1.0/configuration/nowhere?key=a", 400, "ERR_CONFIGURATION_STORE_NOT_FOUND"),
        ("/v1.0/configuration/configstore/subscribe?key=a", 500, "ERR_APP_CHANNEL_NIL"),
        ("/v1.0/configuration/nowhere/subscribe?key=a", 400, "ERR_CONFIGURATION_STORE_NOT_FOUND"),
        ("/v1.0/configuration/configstore/7/unsubscribe", 500, "ERR_CONFIGURATION_UNSUBSCRIBE"),
    ];
    for (path, status, text) in table {
        let answer = server.http.get(format!("{}{path}", server.dapr)).send().await.unwrap();
        let seen = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!(seen.0 == status && seen.1.contains(text), "{path}: {seen:?}");
    }
}
