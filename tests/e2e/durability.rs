//! What was acknowledged survives `kill -9`: uploads, state, messages.
use daplet_tests::server::{Options, Server};
use serde_json::json;
use std::time::Duration;

fn again(data: &std::path::Path) -> Options {
    Options { data: Some(data.to_path_buf()), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..5 {
        let mut server = Server::with(again(folder.path())).await;
        for (name, version) in &expected {
            let answer = server.get(&format!("/{name}")).await;
            assert_eq!((answer.status, answer.text()), (200, format!("{version}")), "{name} after kill");
        }
        for i in 0..4 {
            let name = format!("f{}", (round * 2 + i) % 8);
            let version = round * 10 + i;
            server.deploy(&name, &format!("export default () => '{version}'")).await;
            expected.retain(|(n, _)| *n != name);
            expected.push((name, version));
        }
        server.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn state_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"import { state } from "@daplet/sdk";
        export default { async fetch(request) {
          if (request.method === "POST") return { n: await state().update("n", n => (n ?? 0) + 1) };
          return { n: (await state().get("n")) ?? 0 };
        } }"#;
    let mut acknowledged = 0;
    for _ in 0..4 {
        let mut server = Server::with(again(folder.path())).await;
        server.deploy("counter", source).await;
        let seen = server.get("/counter").await.json()["n"].as_i64().unwrap();
        assert!(seen >= acknowledged, "{acknowledged} acknowledged, {seen} found");
        for _ in 0..20 {
            acknowledged = server.post("/counter", "").await.json()["n"].as_i64().unwrap();
        }
        server.kill();
    }
}

/// Messages acknowledged to the publisher are delivered at least once, although the server is killed between.
#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"import { state, pubsub } from "@daplet/sdk";
        export const subscriptions = [{ topic: "numbers" }];
        export default {
          async fetch(request) {
            if (request.method === "POST") { await pubsub().publish("numbers", await request.json()); return "ok" }
            return await state().getMany(Array.from({ length: 60 }, (_, i) => `seen-${i}`)).then(m => [...m.values()].map(v => v !== null));
          },
          async message(event) {
            await new Promise(done => setTimeout(done, 20));
            await state().put(`seen-${event.data.n}`, true);
          }
        }"#;
    let mut published = 0;
    for _ in 0..3 {
        let mut server = Server::with(again(folder.path())).await;
        server.deploy("taker", source).await;
        for _ in 0..20 {
            assert_eq!(server.post("/taker", json!({"n": published}).to_string()).await.status, 200);
            published += 1;
        }
        server.kill();
    }
    let server = Server::with(again(folder.path())).await;
    let mut missing = Vec::new();
    for _ in 0..600 {
        let seen = server.get("/taker").await.json();
        missing = (0..published).filter(|n| seen[*n as usize] != true).collect();
        if missing.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never delivered: {missing:?}");
}

/// An acknowledged upload subscribes: a message published at once after it is delivered, also when the server is killed between.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_upload_subscribes() {
    let folder = tempfile::tempdir().unwrap();
    let source = |topic: &str| {
        format!(
            r#"import {{ state }} from "@daplet/sdk";
            export const subscriptions = [{{ topic: "{topic}" }}];
            export default {{
              fetch: async () => ({{ seen: await state().get("seen") }}),
              async message(event) {{ await state().put("seen", event.data); }}
            }}"#
        )
    };
    let mut server = Server::with(again(folder.path())).await;
    for i in 0..40 {
        let name = format!("eager-{i}");
        server.deploy(&name, &source(&name)).await;
        if i % 8 == 7 {
            server.kill();
            server = Server::with(again(folder.path())).await;
        }
        let published = server.http.post(format!("{}/v1.0/publish/pubsub/{name}", server.dapr)).json(&i).send().await;
        assert_eq!(published.unwrap().status(), 204);
    }
    for i in 0..40 {
        let path = format!("/eager-{i}");
        let mut seen = server.get(&path).await.json();
        for _ in 0..200 {
            if seen["seen"] == i {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            seen = server.get(&path).await.json();
        }
        assert_eq!(seen["seen"], i, "{path}");
    }
}
