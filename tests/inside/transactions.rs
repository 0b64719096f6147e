//! Units of work: what many invocations do to the same keys is as if they had come one after the other.
use crate::server::Server;
use daplet_tests::bank::{BANK, increments, skew, transfers, value};
use futures::future::join_all;
use serde_json::json;

/// 64 at once: none is lost, each sees a number of its own, each run begins on a pristine heap; each commit is published once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_increments_lose_none() {
    let server = Server::start().await;
    increments(&server).await;
}

/// Whatever order they come in, the sum of money stays, and no account is overdrawn.
#[tokio::test(flavor = "multi_thread")]
async fn transfers_keep_the_sum() {
    let server = Server::start().await;
    transfers(&server).await;
}

/// Two that read what the other writes: one of them must see the other (no write skew).
#[tokio::test(flavor = "multi_thread")]
async fn what_was_only_read_counts_too() {
    let server = Server::start().await;
    skew(&server).await;
}

/// An answer that has left cannot be taken back: only the work runs again.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_answer_the_work_runs_again() {
    let server = Server::start().await;
    server.deploy("bank", BANK).await;
    join_all((0..16).map(|_| server.get("/bank/later"))).await;
    for _ in 0..400 {
        if value(&server, "later").await == 16 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("of 16 counted: {}", value(&server, "later").await);
}

/// A race that is always lost ends with a name, not with the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_race_that_is_always_lost_is_named() {
    let server = Server::start().await;
    let source = r#"import { state } from "@daplet/sdk";
        export default async () => {
          try {
            await state().transaction(async (tx) => {
              await tx.get("k");
              await state().put("k", Math.random());
              tx.put("k", 1);
            });
          } catch (error) { return { name: error.name, code: error.code, reruns: error.details.reruns, key: error.details.key,
                                      message: error.message }; }
        }"#;
    server.deploy("loser", source).await;
    let answer = server.get("/loser").await.json();
    let named = json!([answer["name"], answer["code"], answer["reruns"], answer["key"]]);
    assert_eq!(named, json!(["EtagMismatchError", "UNIT_CONFLICT", 20, "k"]));
    let message = answer["message"].as_str().unwrap();
    assert!(["UNIT_CONFLICT", "\"k\"", "20 reruns"].iter().all(|part| message.contains(part)), "{message}");
}
