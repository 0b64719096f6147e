//! What a fetch of a function costs beside the same request by hyper's client natively, on loopback, in one run.
//!
//! Rounds take turns, so that each side meets the same machine.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use daplet_tests::load::quantile;
use daplet_tests::server::{Options, Server};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use std::time::Instant;

/// Requests of a round, and rounds.
const REQUESTS: usize = 200;
const ROUNDS: usize = 20;

/// Times its own fetches: each a whole response, from the guest and back.
const FETCHER: &str = r#"export default async (request, env) => {
      const times = [];
      for (let i = 0; i < 200; i++) {
        const start = performance.now();
        await (await fetch(env.TARGET)).text();
        times.push((performance.now() - start) * 1000);
      }
      return times;
    };"#;

fn main() {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/", listener.local_addr().unwrap());
    // A thread of its own, as another machine would be.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener.into_std().unwrap()).unwrap();
            let app = Router::new().route("/", get(async || r#"{"hello":"world"}"#));
            axum::serve(listener, app).await.unwrap();
        });
    });
    let args = ["--outbound", "any"].map(str::to_owned).to_vec();
    let server = Server::with(Options { args, ..Options::default() }).await;
    let limits = json!({"cpuMs": 1000, "operations": 10_000});
    let upload = json!({"name": "fetcher", "source": FETCHER, "limits": limits, "env": {"TARGET": target}});
    server.deploy_with(upload).await;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let (mut functions, mut native) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let answer = server.get("/fetcher").await;
        let times: Vec<f64> = serde_json::from_value(answer.json()).unwrap();
        let mut own = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let start = Instant::now();
            let response = client.get(target.parse().unwrap()).await.unwrap();
            response.into_body().collect().await.unwrap();
            own.push(start.elapsed().as_secs_f64() * 1e6);
        }
        // The first round only warms up.
        if round > 0 {
            functions.extend(times);
            native.extend(own);
        }
    }
    let [(fetch, fetch99), (hyper, hyper99)] =
        [&mut functions, &mut native].map(|times| (quantile(times, 0.5), quantile(times, 0.99)));
    println!("| a request on loopback | p50, µs | p99, µs |\n|---|---|---|");
    println!("| fetch of a function | {fetch:.0} | {fetch99:.0} |");
    println!("| hyper's client, native | {hyper:.0} | {hyper99:.0} |");
    println!("| ratio | {:.2} | {:.2} |", fetch / hyper, fetch99 / hyper99);
}
