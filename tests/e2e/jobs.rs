//! What jobs keep across a crash.
use daplet_tests::server::{Options, Server};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn jobs_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let mut server = Server::with(options()).await;
    let source = r#"import { jobs, state } from "@daplet/sdk";
        export default {
          async fetch(request) {
            if (request.method === "PUT") return await jobs().schedule("soon", await request.json());
            return (await state().get("ran")) ?? null;
          },
          async job(event) { await state().put("ran", event.data) },
        };"#;
    server.deploy("worker", source).await;
    let scheduled = server.http.put(server.url("/worker")).json(&json!({"dueTime": "300ms", "data": 7})).send().await;
    assert_eq!(scheduled.unwrap().status(), 204);
    server.kill();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let (server, start) = (Server::with(options()).await, Instant::now());
    while server.get("/worker").await.text() != "7" {
        assert!(start.elapsed() < Duration::from_secs(30), "the job did not run");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
