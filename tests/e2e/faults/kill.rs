//! `kill -9` at random while everything is written: uploads, state, transactions, messages, dead letters.
//!
//! `KILL_ROUNDS` rounds on one data folder (`make faults`: 200), the moments chosen by `KILL_SEED`.
use super::{Random, setting};
use daplet_tests::server::{Answer, Options, Server};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

const WRITERS: u64 = 3;

/// Takes each message after a pause, so that kills fall between the steps of a delivery.
const TAKER: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "good" }, { topic: "given-up" }];
    export default { async message(event) {
      await new Promise(done => setTimeout(done, 5));
      await state("statestore", { space: "seen" }).put(event.data, true);
    } }"#;

/// Gives up every message: the dead-letter topic takes it.
const GIVES_UP: &str = r#"
    export const subscriptions = [{ topic: "bad", deadLetterTopic: "given-up", retry: { maxRetries: 0 } }];
    export default { message() { throw new Error("never") } }"#;

/// What the server has promised: for each thing written in turn, the last number acknowledged and the last one sent.
#[derive(Clone, Default)]
struct Ledger {
    sent: BTreeMap<String, u64>,
    acknowledged: BTreeMap<String, u64>,
    published: BTreeSet<String>,
}

impl Ledger {
    fn next(&mut self, what: &str) -> u64 {
        let sent = self.sent.entry(what.to_owned()).or_default();
        *sent += 1;
        *sent
    }

    fn promised(&self, what: &str) -> std::ops::RangeInclusive<u64> {
        let of = |map: &BTreeMap<String, u64>| map.get(what).copied().unwrap_or_default();
        of(&self.acknowledged)..=of(&self.sent)
    }
}

/// One server's life: what all tasks need to write to it.
#[derive(Clone)]
struct Life {
    http: reqwest::Client,
    base: String,
    dapr: String,
    ledger: Rc<RefCell<Ledger>>,
}

impl Life {
    fn of(server: &Server, ledger: &Rc<RefCell<Ledger>>) -> Life {
        let (base, dapr) = (server.base.clone(), server.dapr.clone());
        Life { http: server.http.clone(), base, dapr, ledger: Rc::clone(ledger) }
    }

    /// The answer, unless the server was killed before it was whole.
    async fn post(&self, url: String, body: Value) -> Option<Answer> {
        let response = self.http.post(url).json(&body).send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), Vec::new());
        Some(Answer { status, headers, body: response.bytes().await.ok()?.to_vec() })
    }

    /// Does `step` with rising numbers until the server is gone; each answer is an acknowledgement.
    async fn rise(&self, what: &str, step: impl AsyncFn(u64) -> Option<Answer>) {
        loop {
            let number = self.ledger.borrow_mut().next(what);
            let Some(answer) = step(number).await else { return };
            assert!(answer.status < 300, "{what} {number}: {} {}", answer.status, answer.text());
            self.ledger.borrow_mut().acknowledged.insert(what.to_owned(), number);
        }
    }

    async fn upload(self, name: String) {
        let step = async |number| {
            let source = format!("export default () => '{number}'");
            self.post(format!("{}/functions", self.base), json!({"name": name, "source": source})).await
        };
        self.rise(&name, step).await;
    }

    /// Reads, and writes with the ETag that was read: no other client writes the key, so it must match.
    async fn save(self, key: String) {
        let step = async |number| {
            let url = format!("{}/v1.0/state/statestore", self.dapr);
            let read = self.http.get(format!("{url}/{key}")).send().await.ok()?;
            let mut item = json!({"key": key, "value": number, "options": {"concurrency": "first-write"}});
            if let Some(etag) = read.headers().get("etag") {
                item["etag"] = json!(etag.to_str().unwrap());
            }
            self.post(url, json!([item])).await
        };
        self.rise(&key, step).await;
    }

    /// Two keys in one transaction.
    async fn transact(self, key: String) {
        let step = async |number| {
            let upsert = |side: &str| json!({"operation": "upsert", "request": {"key": format!("{key}{side}"), "value": number}});
            let body = json!({"operations": [upsert("-left"), upsert("-right")]});
            self.post(format!("{}/v1.0/state/statestore/transaction", self.dapr), body).await
        };
        self.rise(&key, step).await;
    }

    async fn publish(self, topic: &'static str) {
        loop {
            let id = format!("{topic}-{}", self.ledger.borrow_mut().next(topic));
            let url = format!("{}/v1.0/publish/pubsub/{topic}", self.dapr);
            let Some(answer) = self.post(url, json!(id)).await else { return };
            assert_eq!(answer.status, 204, "{id}: {}", answer.text());
            self.ledger.borrow_mut().published.insert(id);
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

/// Everything acknowledged so far, as the restarted server tells it.
async fn check(server: &Server, ledger: &Ledger) {
    let state = async |key: &str| {
        let answer = server.http.get(format!("{}/v1.0/state/statestore/{key}", server.dapr)).send().await.unwrap();
        Answer::of(answer).await.text().parse().unwrap_or(0)
    };
    for i in 0..WRITERS {
        let name = format!("upload-{i}");
        let promised = ledger.promised(&name);
        let answer = server.get(&format!("/{name}")).await;
        let version = if answer.status == 404 { 0 } else { answer.text().parse().unwrap_or(u64::MAX) };
        assert!(promised.contains(&version), "{name}: {version} ({}), promised {promised:?}", answer.text());
        let key = format!("state-{i}");
        let (value, promised) = (state(&key).await, ledger.promised(&key));
        assert!(promised.contains(&value), "{key}: {value}, promised {promised:?}");
    }
    let (left, right) = (state("both-left").await, state("both-right").await);
    let promised = ledger.promised("both");
    assert!(left == right && promised.contains(&left), "both: {left} and {right}, promised {promised:?}");
}

/// Waits until every acknowledged message has been taken at least once.
async fn all_delivered(server: &Server, ledger: &Ledger) {
    let start = Instant::now();
    let mut missing: Vec<String> = ledger.published.iter().cloned().collect();
    while !missing.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(120), "{} never delivered: {missing:?}", missing.len());
        let keys: Vec<Value> = missing.iter().map(|id| json!(id)).collect();
        let answer = server.post("/seen", json!(keys).to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        missing = serde_json::from_slice(&answer.body).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn deploy_consumers(server: &Server) {
    let granted = json!({"spaces": ["seen"]});
    let seen = r#"import { state } from "@daplet/sdk";
        export default async request => {
          const ids = await request.json();
          const seen = await state("statestore", { space: "seen" }).getMany(ids);
          return ids.filter(id => !seen.get(id));
        }"#;
    let limits = json!({"cpuMs": 1000});
    server.deploy_with(json!({"name": "taker", "source": TAKER, "grants": granted})).await;
    server.deploy_with(json!({"name": "seen", "source": seen, "grants": granted, "limits": limits})).await;
    server.deploy("gives-up", GIVES_UP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let (rounds, seed) = (setting("KILL_ROUNDS", 25), setting("KILL_SEED", u64::from(std::process::id())));
    println!("KILL_SEED={seed}");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::with(Options { data: Some(folder.path().to_path_buf()), ..Options::default() });
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    for round in 0..rounds {
        let mut server = start().await;
        if round % 50 == 49 {
            println!("{} kills so far", round + 1);
        }
        let promised = ledger.borrow().clone();
        check(&server, &promised).await;
        if round == 0 {
            deploy_consumers(&server).await;
        }
        let life = Life::of(&server, &ledger);
        let mut tasks: Vec<LocalBoxFuture<()>> = Vec::new();
        for i in 0..WRITERS {
            tasks.push(life.clone().upload(format!("upload-{i}")).boxed_local());
            tasks.push(life.clone().save(format!("state-{i}")).boxed_local());
        }
        tasks.push(life.clone().transact("both".to_owned()).boxed_local());
        tasks.push(life.clone().publish("good").boxed_local());
        tasks.push(life.clone().publish("bad").boxed_local());
        let moment = Duration::from_millis(5 + random.below(400));
        let killed = async {
            tokio::time::sleep(moment).await;
            server.kill();
        };
        tokio::join!(join_all(tasks), killed);
    }
    let server = start().await;
    let ledger = ledger.borrow().clone();
    check(&server, &ledger).await;
    all_delivered(&server, &ledger).await;
    let total: u64 = ledger.acknowledged.values().sum();
    println!("{rounds} kills, {total} writes and {} messages acknowledged", ledger.published.len());
    assert!(total > rounds && ledger.published.len() as u64 > rounds, "the writers wrote");
}
