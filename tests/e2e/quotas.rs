//! What functions store on disk has quotas, and an excess is refused by name; dead letters wait for a subscriber.
use daplet_tests::server::{Answer, Options, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Publishes and schedules what it is asked for; its own subscription never ends a message.
const STUCK: &str = r#"import { jobs, pubsub } from "@daplet/sdk";
    export const subscriptions = [{ topic: "stuck", retry: { maxRetries: -1, policy: "constant", durationMs: 200 } }];
    export default {
      async fetch(request) {
        const { topic, kib, job } = await request.json();
        try {
          if (job) await jobs().schedule(job, { dueTime: "1h" }, { overwrite: true });
          else await pubsub().publish(topic, "x".repeat(kib * 1024));
          return "kept";
        } catch (e) { return { code: e.code, message: e.message, details: e.details } }
      },
      message() { throw new Error("never") } };"#;

async fn start(args: &[&str]) -> Server {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Server::with(Options { args, ..Options::default() }).await
}

async fn asked(server: &Server, what: Value) -> Answer {
    let answer = server.post("/stuck", what.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

async fn dapr(server: &Server, path: &str, body: String) -> Answer {
    let request = server.http.post(format!("{}{path}", server.dapr)).header("content-type", "application/json");
    Answer::of(request.body(body).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_ends_nothing_keeps_its_quota() {
    let server = start(&["--quota-function-messages-mb", "1"]).await;
    server.deploy("stuck", STUCK).await;
    server.deploy("other", "export const subscriptions = [{ topic: 'free' }]; export function message() {}").await;
    let mut kept = 0;
    let refused = loop {
        let answer = asked(&server, json!({"topic": "stuck", "kib": 100})).await;
        if answer.text() != "kept" {
            break answer.json();
        }
        kept += 1;
        assert!(kept < 20, "nothing is refused");
    };
    assert!((9..=10).contains(&kept), "{kept} messages of 100 KiB in 1 MiB");
    assert_eq!(refused["code"], "quotaExceeded", "{refused}");
    assert_eq!(
        (&refused["details"]["quota"], &refused["details"]["limit"]),
        (&json!("function_messages_mb"), &json!(1 << 20))
    );
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("\"stuck\"") && message.contains("--quota-function-messages-mb"), "{message}");
    // Other functions publish and are served as before, and a Dapr client gets the same error.
    assert_eq!(asked(&server, json!({"topic": "free", "kib": 100})).await.text(), "kept");
    let answer = dapr(&server, "/v1.0/publish/pubsub/stuck", format!("\"{}\"", "x".repeat(100 << 10))).await;
    assert_eq!((answer.status, &answer.json()["errorCode"]), (507, &json!("quotaExceeded")), "{}", answer.text());
    // Removing the function frees its room.
    let removed = server.http.delete(server.url("/functions/stuck")).send().await.unwrap();
    assert!(removed.status().is_success());
    server.deploy("stuck", STUCK).await;
    assert_eq!(asked(&server, json!({"topic": "stuck", "kib": 100})).await.text(), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_have_a_quota() {
    let server = start(&["--quota-function-jobs", "3"]).await;
    server.deploy("stuck", STUCK).await;
    for job in ["a", "b", "c", "a"] {
        assert_eq!(asked(&server, json!({"job": job})).await.text(), "kept");
    }
    let refused = asked(&server, json!({"job": "d"})).await.json();
    assert_eq!((&refused["code"], &refused["details"]["actual"]), (&json!("quotaExceeded"), &json!(4)), "{refused}");
    let answer = dapr(&server, "/v1.0/jobs/stuck.e", json!({"dueTime": "1h"}).to_string()).await;
    assert_eq!((answer.status, &answer.json()["errorCode"]), (507, &json!("quotaExceeded")), "{}", answer.text());
    server.deploy("another", "export function job() {}").await;
    let answer = dapr(&server, "/v1.0/jobs/another.e", json!({"dueTime": "1h"}).to_string()).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_kept_until_somebody_takes_them() {
    let server = start(&[]).await;
    let drops = r#"import { pubsub } from "@daplet/sdk";
        export const subscriptions = [{ topic: "orders", deadLetterTopic: "dead" }];
        export default { async fetch() { await pubsub().publish("orders", 7, { metadata: { "cloudevent.id": "order-7" } }) },
          message() { return "DROP" } };"#;
    server.deploy("drops", drops).await;
    assert_eq!(server.get("/drops").await.status, 204);
    let start = Instant::now();
    while !server.output().contains("it is stored in pubsub/dead until a function subscribes") {
        assert!(start.elapsed() < Duration::from_secs(20), "{}", server.output());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let said = server.output();
    let line = said.lines().find(|line| line.contains("it is stored in")).unwrap();
    for word in ["INFO", "drops", "pubsub/orders", "order-7", "the function drops it"] {
        assert!(line.contains(word), "{word}: {line}");
    }
    let taker = r#"import { state } from "@daplet/sdk";
        export const subscriptions = [{ topic: "dead" }];
        export default { async fetch() { return { id: await state().get("id") } },
          async message(event) { await state().put("id", event.id) } };"#;
    server.deploy("taker", taker).await;
    let start = Instant::now();
    while server.get("/taker").await.json()["id"] != "order-7" {
        assert!(start.elapsed() < Duration::from_secs(20), "{}", server.output());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
