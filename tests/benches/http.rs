//! The server from outside, in one run: start, upload, throughput beside the server's own native `/livez`, waiting, deliveries, memory.
//!
//! Prints Markdown tables. Absolute numbers depend on the machine; the ratios within one run are what counts.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]

use daplet_tests::load::{load, quantile, request, rss_kb};
use daplet_tests::server::Server;
use std::time::{Duration, Instant};

const HELLO: &str = "export default { fetch: (request) => new Response('hello') }";
const JSON: &str = "export default { async fetch(request) { const body = await request.json();
    return { sum: body.items.reduce((a, b) => a + b.n, 0), path: new URL(request.url).pathname } } }";
const COUNTER: &str = "import { state } from '@daplet/sdk';
    export default { fetch: async () => ({ n: await state().get('n') }) }";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    drop(Server::with_high_limits().await);
    starts().await;
    let server = Server::with_high_limits().await;
    uploads(&server).await;
    throughput(&server).await;
    waiting(&server).await;
    deliveries(&server).await;
    drop(server);
    memory().await;
}

async fn starts() {
    let mut times = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        let server = Server::with_high_limits().await;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        drop(server);
    }
    println!("\n## Start with a warm cache, process start to `/readyz`\n\n| p50 | max |\n|---|---|");
    println!("| {:.0} ms | {:.0} ms |", quantile(&mut times, 0.5), quantile(&mut times, 1.0));
}

/// What a bundler makes of many small modules: each in a function of its own, run when it is first asked for; half of them are.
fn bundle(bytes: usize) -> String {
    let mut text = String::from(
        "const defined = {}, made = {};
const define = (n, f) => { defined[n] = f };
const require = (n) => made[n] ??= (defined[n](made[n] = {}), made[n]);\n",
    );
    let mut n = 0;
    while text.len() < bytes {
        text += &format!(
            "define({n}, (exports) => {{
  const table = {{ name: 'module {n}', kinds: ['a{n}', 'b{n}', 'c'], options: {{ retries: {n}, verbose: false, path: '/m/{n}' }} }};
  class Parser{n} extends Object {{
    constructor(text) {{ super(); this.text = text; this.at = 0; this.kind = table.kinds[{n} % 3] }}
    peek() {{ return this.text.charCodeAt(this.at) }}
    skip(test) {{ while (this.at < this.text.length && test(this.peek())) this.at++; return this.at }}
    word() {{ const from = this.at; this.skip((c) => c > 64 && c < 123); return this.text.slice(from, this.at) }}
  }}
  function format(value, depth = 0) {{
    if (value === null || typeof value !== 'object') return String(value);
    if (depth > table.options.retries) throw new RangeError(`too deep in ${{table.name}}`);
    return Object.entries(value).map(([key, inner]) => `${{key}}=${{format(inner, depth + 1)}}`).join('&');
  }}
  exports.parse = (text) => new Parser{n}(text).word();
  exports.format = format;
  exports.next = () => require(({n} * 7 + 1) % count);
}});\n"
        );
        n += 1;
    }
    text + &format!(
        "const count = {n};
for (let i = 0; i < count; i += 2) require(i);
export default {{ fetch: () => new Response(require(0).parse('hello, world')) }};"
    )
}

async fn uploads(server: &Server) {
    println!("\n## Upload to first answer\n\n| | KB | p50 | p99 | of which evaluation, p50 |\n|---|---|---|---|---|");
    upload(server, "hello", HELLO, 60).await;
    upload(server, "a bundle", &bundle(500_000), 20).await;
}

async fn upload(server: &Server, what: &str, source: &str, rounds: usize) {
    let (mut total, mut init) = (Vec::new(), Vec::new());
    for i in 0..rounds {
        let source = format!("{source} // {i}");
        let start = Instant::now();
        let report = server.deploy("upload", &source).await;
        assert_eq!(server.get("/upload").await.text(), "hello");
        total.push(start.elapsed().as_secs_f64() * 1e3);
        init.push(report["initMs"].as_f64().unwrap_or(f64::NAN));
    }
    println!(
        "| {what} | {:.1} | {:.2} ms | {:.2} ms | {:.2} ms |",
        source.len() as f64 / 1e3,
        quantile(&mut total, 0.5),
        quantile(&mut total, 0.99),
        quantile(&mut init, 0.5)
    );
}

async fn throughput(server: &Server) {
    server.deploy("hello", HELLO).await;
    server.deploy("json", JSON).await;
    server.deploy("counter", COUNTER).await;
    let body = serde_json::json!({"items": (0..50).map(|n| serde_json::json!({"n": n, "name": format!("item {n}")})).collect::<Vec<_>>()});
    let targets = [
        ("`/livez` (native)", request("GET", "/livez", "")),
        ("hello", request("GET", "/hello", "")),
        ("json, 50 items in", request("POST", "/json", &body.to_string())),
        ("state get", request("GET", "/counter", "")),
    ];
    println!("\n## Throughput, a fresh heap per request\n");
    println!("| target | connections | requests/s | of `/livez` | p50 | p99 |\n|---|---|---|---|---|---|");
    for connections in [1, 32] {
        let mut native = 0.0;
        for (name, bytes) in &targets {
            let requests = std::slice::from_ref(bytes);
            load(server, requests, connections, Duration::from_millis(500));
            let mut load = load(server, requests, connections, Duration::from_secs(4));
            let rate = load.rate();
            if native == 0.0 {
                native = rate;
            }
            let (p50, p99) = (quantile(&mut load.latencies, 0.5), quantile(&mut load.latencies, 0.99));
            println!("| {name} | {connections} | {rate:.0} | {:.2}x | {p50:.0} µs | {p99:.0} µs |", rate / native);
        }
    }
}

async fn waiting(server: &Server) {
    let source = "export default { async fetch() { await new Promise(d => setTimeout(d, 1000)); return 'x' } }";
    server.deploy("sleeper", source).await;
    let before = rss_kb(server.pid());
    let start = Instant::now();
    let calls = (0..10_000).map(|_| async { assert_eq!(server.get("/sleeper").await.status, 200) });
    let peak = tokio::spawn({
        let pid = server.pid();
        async move {
            let mut peak = 0;
            for _ in 0..40 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                peak = peak.max(rss_kb(pid));
            }
            peak
        }
    });
    futures::future::join_all(calls).await;
    let seconds = start.elapsed().as_secs_f64();
    println!("\n## 10,000 invocations that wait 1 s each\n\n| all answered after | RSS while they wait |\n|---|---|");
    println!("| {seconds:.2} s | {:.0} MB more |", peak.await.unwrap().saturating_sub(before) as f64 / 1e3);
}

/// Messages that write state: each by itself, and a batch in one transaction. The topics' log is the server's own.
async fn deliveries(server: &Server) {
    const MESSAGES: usize = 20_000;
    const SINGLE: &str = "import { state } from '@daplet/sdk';
        export const subscriptions = ['single'];
        export const message = (event) => state().put(`m${event.data.n}`, event.data);";
    const BULK: &str = "import { state } from '@daplet/sdk';
        export const subscriptions = [{ topic: 'bulk', bulkSubscribe: true }];
        export const messages = (events) => state().transact(events.map(({ data }) => ({ put: `m${data.n}`, value: data })));";
    println!(
        "\n## {MESSAGES} deliveries, each with a write of state\n\n| | published within | all written after | a second |\n|---|---|---|---|"
    );
    for (name, what, source) in [("single", "one by one", SINGLE), ("bulk", "batches of up to 100", BULK)] {
        server.deploy(name, source).await;
        let start = Instant::now();
        for first in (0..MESSAGES).step_by(500) {
            let entry = |n: usize| serde_json::json!({"entryId": n.to_string(), "event": {"n": n}, "contentType": "application/json"});
            let entries: Vec<_> = (first..first + 500).map(entry).collect();
            let request = server.http.post(format!("{}/v1.0/publish/bulk/pubsub/{name}", server.dapr));
            assert_eq!(request.json(&entries).send().await.unwrap().status(), 204);
        }
        let published = start.elapsed().as_secs_f64();
        let mut written = 0;
        while written < MESSAGES {
            assert!(start.elapsed() < Duration::from_secs(300), "{written} of {MESSAGES}");
            let keys: Vec<_> = (written..written + 500).map(|n| format!("f/{name}/m{n}")).collect();
            let request = server.http.post(format!("{}/v1.0/state/statestore/bulk", server.dapr));
            let answer = request.json(&serde_json::json!({"keys": keys})).send().await.unwrap();
            let found: Vec<serde_json::Value> = answer.json().await.unwrap();
            match found.iter().all(|item| item.get("data").is_some()) {
                true => written += 500,
                false => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("| {what} | {published:.1} s | {seconds:.1} s | {:.0} |", MESSAGES as f64 / seconds);
    }
}

async fn memory() {
    let server = Server::with_high_limits().await;
    server.deploy("warm", HELLO).await;
    let before = rss_kb(server.pid());
    for i in 0..1_000 {
        server.deploy(&format!("idle-{i}"), &format!("{HELLO} // {i}")).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = rss_kb(server.pid());
    println!("\n## Memory with 1,000 idle functions\n\n| before | after | per function |\n|---|---|---|");
    let (before, after) = (before as f64, after as f64);
    println!("| {:.0} MB | {:.0} MB | {:.0} KB |", before / 1e3, after / 1e3, (after - before) / 1e3);
}
