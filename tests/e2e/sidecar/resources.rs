//! The folder of components that the embedded default reads, on a real daprd: its names, its answers and its refusals are Dapr's.
use super::eventually;
use daplet_tests::app::App;
use daplet_tests::daprd::Mesh;
use daplet_tests::resources::{LISTED, answer_of_user, called, environment, files, folder, listed, user};
use daplet_tests::server::{Options, Server};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_means_the_same_to_daprd() {
    let Some(mesh) = Mesh::start("in-memory").await else { return };
    mesh.only(&files());
    let app = App::start().await;
    let args = vec!["--resources-path".to_owned(), folder().to_string_lossy().into_owned()];
    let alone = Server::with(Options { args, env: environment(&app), ..Options::default() }).await;
    let variables = environment(&app);
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (behind, daprd) = mesh.daplet_with(&[], &variables).await;
    let names = LISTED.map(|(name, kind)| (name.to_owned(), kind.to_owned()));
    let metadata = daprd.json("/v1.0/metadata").await;
    assert_eq!(listed(&metadata), names);
    let own = alone.http.get(format!("{}/v1.0/metadata", alone.dapr)).send().await.unwrap();
    let own: Value = serde_json::from_slice(&own.bytes().await.unwrap()).unwrap();
    for component in metadata["components"].as_array().unwrap() {
        let find = |c: &&Value| c["name"] == component["name"];
        let ours = own["components"].as_array().unwrap().iter().find(find).unwrap();
        assert_eq!(ours["version"], component["version"]);
        // These two can something else than the ones in memory, which docs/dapr.md says.
        if !["state.in-memory", "pubsub.in-memory"].contains(&component["type"].as_str().unwrap()) {
            // daprd leaves out an empty list.
            let theirs = component.get("capabilities").cloned().unwrap_or_else(|| json!([]));
            assert_eq!(ours["capabilities"], theirs, "{component}");
        }
    }
    let (theirs, ours) = (called(&daprd.url("")).await, called(&alone.dapr).await);
    assert_eq!(ours, theirs);

    for server in [&alone, &behind] {
        server.deploy_with(user()).await;
        assert_eq!(server.get("/user").await.json(), answer_of_user());
    }
    eventually(&behind, "/user/heard", |seen| seen["ticks"][0] == "ticks").await;
    // There is a topic that it may subscribe to; what is published before the stream is open is lost in memory.
    let heard = |seen: &Value| seen["events"].as_array().is_some_and(|events| !events.is_empty());
    let start = std::time::Instant::now();
    loop {
        behind.get("/user/publish").await;
        let seen = behind.get("/user/heard").await.json();
        if heard(&seen) {
            let topics = [json!(["events", "placed"]), json!(["news", "placed"])];
            let of = |event: &Value| json!([event[0], event[1]]);
            assert!(seen["events"].as_array().unwrap().iter().all(|event| topics.contains(&of(event))), "{seen}");
            break;
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "{}", daprd.output());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
