//! The end of a sandbox: its threads go, whatever the guest is doing.
#![allow(clippy::unwrap_used)]
mod common;

use common::*;
use daplet_abi::EventKind;
use daplet_host::budget::Purse;
use std::time::Duration;

/// Threads of the sandbox alive in this process. The pin stays: it is the process's, not the sandbox's.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("daplet-")).collect()
}

#[tokio::test]
async fn an_endless_loop_nobody_waits_for_is_stopped_after_the_sandbox_is_gone() {
    let sandbox = start(|config| config.workers = 1);
    let function = loaded(&sandbox, "export default () => { for (;;); }").await;
    let memory = Purse::default();
    let call = sandbox.handle(function, EventKind::Http, event(b""), Duration::from_millis(300), &memory);
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err(), "it still runs");
    drop(sandbox);
    // Far more than the budget: without a watchdog the loop never ends.
    for _ in 0..600 {
        if threads().iter().all(|name| name == "daplet-pin") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still alive: {:?}", threads());
}
