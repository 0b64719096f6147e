//! What actors keep across a crash.
use daplet_tests::server::{Options, Server};
use serde_json::json;

pub const COUNTERS: &str = include_str!("../functions/counters.js");

#[tokio::test(flavor = "multi_thread")]
async fn state_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let mut server = Server::with(options()).await;
    server.deploy("counters", COUNTERS).await;
    for _ in 0..3 {
        server.get("/counters/a/increment").await;
    }
    server.kill();
    let server = Server::with(options()).await;
    assert_eq!(server.get("/counters/a/increment").await.json(), json!({"result": 4}));
}
