//! Behind a real Dapr sidecar: the same functions, unchanged, on real components.
//!
//! `stores` runs the data cases and competing writers on each state store; `messages`, `bulk`, `invocation`, `trust` and `faults` hold
//! what is about deliveries, other applications, tokens, and a sidecar that comes late or dies; `names` what nobody reaches by a name;
//! `actors` and `reminders` have a placement service beside them; `inputs` has bindings and the configuration call functions, `blocks` the
//! building blocks that functions call; `replicas` has several hosts that share their functions; `resources` a folder of components that
//! the embedded default reads too.
mod actors;
mod blocks;
mod bulk;
mod faults;
mod inputs;
mod invocation;
mod messages;
mod names;
pub mod reminders;
mod replicas;
mod resources;
mod stores;
mod transactions;
mod trust;

use daplet_tests::daprd::Daprd;
use daplet_tests::server::Server;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Asks a function again and again until its answer fits; panics with the last answer otherwise.
async fn eventually(server: &Server, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let answer = server.get(path).await;
        let seen = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if fits(&seen) {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{path}: {} {}", answer.status, answer.text());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Publishes through a sidecar.
async fn publish(daprd: &Daprd, pubsub: &str, topic: &str, content_type: &str, data: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(daprd.url(&format!("/v1.0/publish/{pubsub}/{topic}"))).body(data.to_owned());
    let answer = request.header("content-type", content_type).send().await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
}
