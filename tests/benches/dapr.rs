//! Behind a real sidecar with Redis: what a function's call costs beside the same call from a native client, in one run.
//!
//! Rounds take turns, so that each side meets the same machine. Needs `daprd` and `redis-server` (`scripts/setup-tests`).
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]

use daplet_tests::daprd::{Daprd, Mesh};
use daplet_tests::flood::{closed_loop, request};
use daplet_tests::load::quantile;
use daplet_tests::root;
use daplet_tests::server::{Server, free_port};
use dapr::dapr::proto::runtime::v1 as proto;
use proto::dapr_client::DaprClient;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tonic::transport::Channel;

/// Calls of a round, and rounds.
const CALLS: usize = 100;
const ROUNDS: usize = 20;
/// Messages to deliver.
const MESSAGES: usize = 20_000;

/// Times its own calls: each a whole `await`, from the guest and back.
const CALLER: &str = r#"import { pubsub, state } from "@daplet/sdk";
    export default { async fetch(request) {
      const publishes = new URL(request.url).searchParams.has("publish"), times = [];
      for (let i = 0; i < 100; i++) {
        const start = performance.now();
        if (publishes) await pubsub().publish("nobody", { n: i });
        else await state("state-redis").get("n");
        times.push((performance.now() - start) * 1000);
      }
      return times;
    } };"#;
const KEEPER: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [{ pubsub: "PUBSUB", topic: "TOPIC" }];
    export default { message: (event) => state("state-redis").put("m-" + event.data.n, event.data) };"#;
const GATHERER: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = [{ pubsub: "PUBSUB", topic: "TOPIC", bulkSubscribe: true }];
    export default { messages: (events) =>
      state("state-redis").transact(events.map(({ data }) => ({ put: "m-" + data.n, value: data }))) };"#;
const HELLO: &str = "export default { fetch: () => new Response('hello') };";

fn main() {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let mesh = Mesh::start("redis").await.expect("daprd and redis-server");
    let redis = format!("127.0.0.1:{}", mesh.redis_port);
    mesh.component(
        "pubsub-wide",
        "pubsub.redis",
        &[("redisHost", &redis), ("redisPassword", ""), ("concurrency", "400")],
    );
    let (server, daprd) = mesh.daplet().await;
    server.deploy("caller", CALLER).await;
    calls(&server, &daprd).await;
    deliveries(&mesh, &server, &daprd).await;
    invocation(&mesh, &server).await;
}

/// One client and its times, µs.
struct Row {
    what: &'static str,
    times: Vec<f64>,
}

async fn calls(server: &Server, daprd: &Daprd) {
    let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().unwrap();
    let save = http.post(daprd.url("/v1.0/state/state-redis")).header("content-type", "application/json");
    // Where the function looks, and where the native clients do.
    save.body(r#"[{"key":"f/caller/n","value":1},{"key":"n","value":1}]"#).send().await.unwrap();
    let channel = Channel::from_shared(format!("http://127.0.0.1:{}", daprd.grpc_port)).unwrap();
    let mut grpc = DaprClient::new(channel.tcp_nodelay(true).connect().await.unwrap());
    println!(
        "\n## Calls through a sidecar to Redis, one at a time\n\n| | p50 | p99 | of native over HTTP, p50 |\n|---|---|---|---|"
    );
    for (publishes, what) in [(false, "state get"), (true, "publish")] {
        let names = ["native Rust, HTTP", "native Rust, gRPC", "a function"];
        let mut rows = names.map(|what| Row { what, times: Vec::new() });
        for round in 0..=ROUNDS {
            let mut seen = [Vec::new(), Vec::new(), Vec::new()];
            for _ in 0..CALLS {
                let start = Instant::now();
                let answer = if publishes {
                    let request = http.post(daprd.url("/v1.0/publish/pubsub/nobody"));
                    request.header("content-type", "application/json").body(r#"{"n":1}"#).send().await
                } else {
                    http.get(daprd.url("/v1.0/state/state-redis/n")).send().await
                };
                assert!(answer.unwrap().bytes().await.is_ok());
                seen[0].push(start.elapsed().as_secs_f64() * 1e6);
            }
            for _ in 0..CALLS {
                let start = Instant::now();
                if publishes {
                    let (pubsub_name, topic) = ("pubsub".to_owned(), "nobody".to_owned());
                    let data_content_type = "application/json".to_owned();
                    let data = br#"{"n":1}"#.to_vec();
                    let event = proto::PublishEventRequest {
                        pubsub_name,
                        topic,
                        data,
                        data_content_type,
                        ..Default::default()
                    };
                    grpc.publish_event(event).await.unwrap();
                } else {
                    let (store_name, key) = ("state-redis".to_owned(), "n".to_owned());
                    grpc.get_state(proto::GetStateRequest { store_name, key, ..Default::default() }).await.unwrap();
                }
                seen[1].push(start.elapsed().as_secs_f64() * 1e6);
            }
            let answer = server.get(if publishes { "/caller?publish" } else { "/caller" }).await;
            seen[2] = answer.json().as_array().unwrap().iter().map(|time| time.as_f64().unwrap()).collect();
            // The first round only warms up.
            if round > 0 {
                rows.iter_mut().zip(seen).for_each(|(row, seen)| row.times.extend(seen));
            }
        }
        let native = quantile(&mut rows[0].times, 0.5);
        for row in &mut rows {
            let (p50, p99) = (quantile(&mut row.times, 0.5), quantile(&mut row.times, 0.99));
            println!("| {what}, {} | {p50:.0} µs | {p99:.0} µs | {:.2}x |", row.what, p50 / native);
        }
    }
}

/// An axum application in a process of its own, as the server under test is one.
struct Native {
    process: Child,
    port: u16,
}

impl Native {
    async fn start() -> Native {
        let port = free_port();
        let program = root().join("target/release/daplet-peers-native");
        let process = Command::new(&program).args(["axum", "hello", &port.to_string()]).spawn();
        let process = process.unwrap_or_else(|e| panic!("{}: {e}; run scripts/bench", program.display()));
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Native { process, port }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Keys in Redis.
fn keys(redis: u16) -> usize {
    let mut stream = TcpStream::connect(("127.0.0.1", redis)).unwrap();
    stream.write_all(b"*1\r\n$6\r\nDBSIZE\r\n").unwrap();
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).unwrap();
    std::str::from_utf8(&answer[1..length]).unwrap().trim().parse().unwrap()
}

async fn deliveries(mesh: &Mesh, server: &Server, daprd: &Daprd) {
    println!(
        "\n## {MESSAGES} deliveries over Redis, each with a write of state\n\n| | published within | all written after | a second |\n|---|---|---|---|"
    );
    for (name, what, pubsub, source) in [
        ("keeper", "one by one, 10 in flight", "pubsub", KEEPER),
        ("keeper-wide", "one by one, 400 in flight", "pubsub-wide", KEEPER),
        ("gatherer", "batches of up to 100, 400 in flight", "pubsub-wide", GATHERER),
    ] {
        // A topic of its own: what a component still reads of a subscription that has ended comes back a minute later.
        server.deploy(name, &source.replace("PUBSUB", pubsub).replace("TOPIC", name)).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (published, written) = deliver(mesh, daprd, pubsub, name).await;
        println!("| {what} | {published:.1} s | {written:.1} s | {:.0} |", MESSAGES as f64 / written);
    }
}

/// Seconds until all is published, and until all is written.
async fn deliver(mesh: &Mesh, daprd: &Daprd, pubsub: &str, topic: &str) -> (f64, f64) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let (before, start) = (keys(mesh.redis_port), Instant::now());
    for batch in 0..MESSAGES / 500 {
        let entry = |i: usize| {
            let n = batch * 500 + i;
            serde_json::json!({"entryId": i.to_string(), "event": {"n": n}, "contentType": "application/json"})
        };
        let entries: Vec<_> = (0..500).map(entry).collect();
        let url = daprd.url(&format!("/v1.0/publish/bulk/{pubsub}/{topic}"));
        let answer = http.post(url).json(&entries).send().await.unwrap();
        assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
    }
    let published = start.elapsed().as_secs_f64();
    while keys(mesh.redis_port) < before + MESSAGES {
        assert!(start.elapsed() < Duration::from_secs(300), "{} of {MESSAGES}", keys(mesh.redis_port) - before);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (published, start.elapsed().as_secs_f64())
}

async fn invocation(mesh: &Mesh, server: &Server) {
    const TIME: Duration = Duration::from_secs(3);
    server.deploy("hello", HELLO).await;
    let native = Native::start().await;
    // The calling application is never called; any open port will do for it.
    let (mut from, mut to) = (mesh.sidecar("caller"), mesh.sidecar("native"));
    from.start(native.port).await;
    to.start(native.port).await;
    let address = format!("127.0.0.1:{}", from.http_port);
    let targets = [
        ("a native axum app", request("GET", "/v1.0/invoke/native/method/hello", "")),
        ("a function", request("GET", "/v1.0/invoke/daplet/method/hello", "")),
    ];
    // A sidecar that has just started is not yet known to the others, and forgotten once more soon after.
    for (_, request) in &targets {
        let start = Instant::now();
        while closed_loop(&address, request, 16, Duration::from_secs(1)).await.answers.keys().ne([&200]) {
            assert!(start.elapsed() < Duration::from_secs(60), "the sidecars did not find each other");
        }
    }
    println!(
        "\n## Service invocation through two sidecars, 16 callers\n\n| | calls/s | of native | p50 | p99 |\n|---|---|---|---|---|"
    );
    let mut rates = [Vec::new(), Vec::new()];
    let mut latencies = [(0.0, 0.0); 2];
    for round in 0..=5 {
        for (index, (what, request)) in targets.iter().enumerate() {
            let mut tally = closed_loop(&address, request, 16, TIME).await;
            // A sidecar that had no time to renew its name is forgotten for a moment, and its callers get 500.
            for _ in 0..3 {
                if tally.answers.keys().eq([&200]) {
                    break;
                }
                tally = closed_loop(&address, request, 16, TIME).await;
            }
            assert!(tally.answers.keys().eq([&200]), "{what}: {:?}", tally.answers.keys());
            if round > 0 {
                rates[index].push(tally.rate(200));
                latencies[index] = (tally.quantile_ms(200, 0.5), tally.quantile_ms(200, 0.99));
            }
        }
    }
    let medians = rates.each_mut().map(|rates| quantile(rates, 0.5));
    for ((what, _), (rate, (p50, p99))) in targets.iter().zip(medians.into_iter().zip(latencies)) {
        println!("| {what} | {rate:.0} | {:.2}x | {p50:.2} ms | {p99:.2} ms |", rate / medians[0]);
    }
}
