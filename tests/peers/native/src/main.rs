//! Native peers behind axum, on one thread: `axum` handles the workload in Rust, `context` in a fresh QuickJS context of one
//! runtime, `process` in a process for each request, which is this program again with `once`.
#![allow(clippy::unwrap_used, reason = "a peer that cannot go on says where")]

use axum::Router;
use axum::body::Bytes;
use axum::routing::any;
use rquickjs::{Context, Function, Runtime};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let app = match words[..] {
        ["axum", name, _] => match name {
            // Behind a sidecar it is called by a path.
            "hello" => Router::new().fallback(async || "hello"),
            "json" => Router::new().route("/", any(json)),
            "fib" => Router::new().route("/", any(async || fib(std::hint::black_box(18)).to_string())),
            other => panic!("no workload {other}"),
        },
        ["context", workload, _] => {
            let source: &'static str = std::fs::read_to_string(workload).unwrap().leak();
            Router::new().route("/", any(async move |body: Bytes| in_context(source, &body)))
        }
        ["process", workload, _] => {
            let workload: &'static str = workload.to_owned().leak();
            Router::new().route("/", any(async move |body: Bytes| in_process(workload, &body).await))
        }
        ["once", workload] => return once(workload),
        _ => panic!("axum NAME PORT | context FILE PORT | process FILE PORT"),
    };
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", words[2])).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

#[derive(Deserialize)]
struct Order {
    items: Vec<Item>,
}

#[derive(Deserialize, Serialize)]
struct Item {
    n: u32,
    name: String,
}

#[derive(Serialize)]
struct Answer {
    sum: u32,
    items: Vec<Item>,
}

async fn json(body: Bytes) -> Vec<u8> {
    let Order { items } = serde_json::from_slice(&body).unwrap();
    let sum = items.iter().map(|item| item.n).sum();
    let items = items.into_iter().map(|item| Item { n: item.n * 2, ..item }).collect();
    serde_json::to_vec(&Answer { sum, items }).unwrap()
}

fn fib(n: u32) -> u32 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

thread_local! {
    static RUNTIME: Runtime = Runtime::new().unwrap();
}

fn in_context(source: &str, body: &[u8]) -> String {
    RUNTIME.with(|runtime| evaluate(runtime, source, body))
}

/// A workload in a context that is made for it and dropped after it.
fn evaluate(runtime: &Runtime, source: &str, body: &[u8]) -> String {
    let context = Context::full(runtime).unwrap();
    context.with(|cx| {
        cx.eval::<(), _>(source).unwrap();
        let handle: Function = cx.globals().get("handle").unwrap();
        handle.call((std::str::from_utf8(body).unwrap(),)).unwrap()
    })
}

async fn in_process(workload: &str, body: &[u8]) -> Vec<u8> {
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.args(["once", workload]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(body).await.unwrap();
    drop(stdin);
    child.wait_with_output().await.unwrap().stdout
}

fn once(workload: &str) {
    let source = std::fs::read_to_string(workload).unwrap();
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body).unwrap();
    let text = evaluate(&Runtime::new().unwrap(), &source, &body);
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}
