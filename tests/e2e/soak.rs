//! Mixed load for a long time: every answer is checked, and what the process holds stays level.
//!
//! `make soak` runs it, `SOAK_MINUTES` long (30 unless told). It prints a table; the second half must not hold more than the
//! first did, beyond what a table below allows.
use daplet_tests::server::{Answer, Options, Server};
use futures::future::join_all;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What is sampled, and how much more the second half's median may be than the first half's: a share, and a number.
const BOUNDS: [(&str, f64, f64); 4] =
    [("RSS KB", 0.05, 8_000.0), ("files", 0.05, 8.0), ("threads", 0.05, 4.0), ("mappings", 0.05, 64.0)];
/// Loops of each kind at once, and the pause between two rounds of one: the server is busy, and not only waiting for its turn.
const LOOPS: [(Kind, usize, u64); 9] = [
    (Kind::Hello, 3, 2),
    (Kind::Json, 2, 2),
    (Kind::State, 2, 5),
    (Kind::Publish, 2, 20),
    (Kind::Timer, 4, 0),
    (Kind::Throw, 1, 20),
    (Kind::Cpu, 1, 200),
    (Kind::Memory, 1, 300),
    (Kind::Churn, 2, 20),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Hello,
    Json,
    State,
    Publish,
    Timer,
    Throw,
    Cpu,
    Memory,
    Churn,
}

const JSON: &str = "export default { async fetch(request) {
    const { items } = await request.json(); return { sum: items.reduce((a, b) => a + b.n, 0) } } }";
const STATE: &str = r#"import { state } from "@daplet/sdk";
    export default { async fetch(request) {
      const key = new URL(request.url).searchParams.get("key");
      return { n: await state().update(key, (n) => (n ?? 0) + 1) } } }"#;
const PUBLISH: &str = r#"import { pubsub, state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "soak" }];
    export default {
      async fetch(request) {
        const loop = new URL(request.url).searchParams.get("loop");
        if (request.method === "GET") return { seen: await state().get("seen-" + loop) ?? 0 };
        await pubsub().publish("soak", { loop, n: await request.json() });
        return new Response(null, { status: 202 });
      },
      async message(event) {
        const { loop, n } = event.data;
        await state().update("seen-" + loop, (seen) => Math.max(seen ?? 0, n));
      } }"#;
const TIMER: &str =
    "export default { async fetch() { await new Promise(done => setTimeout(done, 20)); return 'rung' } }";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half an hour; `make soak`"]
async fn mixed_load_stays_level() {
    let minutes: f64 =
        std::env::var("SOAK_MINUTES").map_or(30.0, |text| text.parse().expect("SOAK_MINUTES is a number"));
    let server = Server::with(Options { args: vec!["--log".into(), "error".into()], ..Options::default() }).await;
    for (name, source) in [
        ("hello", "export default () => 'hello'"),
        ("json", JSON),
        ("state", STATE),
        ("publish", PUBLISH),
        ("timer", TIMER),
        ("throw", "export default () => { throw new TypeError('on purpose') }"),
        ("cpu", "export default () => { for (;;) ; }"),
        ("memory", "export default () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20)) }"),
    ] {
        server.deploy_with(json!({"name": name, "source": source, "limits": {"cpuMs": 200}})).await;
    }
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let rounds = Mutex::new(BTreeMap::<Kind, u64>::new());
    let loops = LOOPS.iter().enumerate().flat_map(|(at, &(kind, count, pause))| {
        (0..count).map(move |index| (kind, format!("{at}-{index}"), Duration::from_millis(pause)))
    });
    let loops = loops.map(async |(kind, name, pause)| {
        let mut n = 0;
        while Instant::now() < end {
            n += 1;
            round(&server, kind, &name, n).await;
            *rounds.lock().unwrap().entry(kind).or_default() += 1;
            tokio::time::sleep(pause).await;
        }
    });
    let (_, samples) = tokio::join!(join_all(loops), watch(&server, end));
    println!("rounds: {:?}", rounds.lock().unwrap());
    assert!(server.output().lines().all(|line| !line.contains("ERROR")), "{}", server.output());
    level(&samples);
}

/// One round of a kind, and what it must answer.
async fn round(server: &Server, kind: Kind, name: &str, n: u64) {
    let failure = |answer: &Answer| (answer.status, answer.code());
    match kind {
        Kind::Hello => assert_eq!(server.get("/hello").await.text(), "hello"),
        Kind::Json => {
            let items: Vec<_> = (0..50).map(|i| json!({"n": i * n, "name": format!("item {i}")})).collect();
            let answer = server.post("/json", json!({ "items": items }).to_string()).await;
            assert_eq!(answer.json()["sum"], 1225 * n);
        }
        Kind::State => assert_eq!(server.get(&format!("/state?key={name}")).await.json()["n"], n),
        Kind::Publish => {
            assert_eq!(server.post(&format!("/publish?loop={name}"), n.to_string()).await.status, 202);
            // What was published has been delivered, soon.
            if n.is_multiple_of(50) {
                let start = Instant::now();
                while server.get(&format!("/publish?loop={name}")).await.json()["seen"] != n {
                    assert!(start.elapsed() < Duration::from_secs(60), "message {n} of {name} was not delivered");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        Kind::Timer => assert_eq!(server.get("/timer").await.text(), "rung"),
        Kind::Throw => {
            let answer = server.get("/throw").await;
            assert_eq!(failure(&answer), (500, "exception".to_owned()));
        }
        Kind::Cpu => assert_eq!(failure(&server.get("/cpu").await), (503, "exceededCpu".to_owned())),
        Kind::Memory => assert_eq!(failure(&server.get("/memory").await), (503, "exceededMemory".to_owned())),
        Kind::Churn => churn(server, &format!("churn-{name}-{}", n % 20), n).await,
    }
}

/// Upload, call, replace, call, remove: on a new connection, as deployers do.
async fn churn(server: &Server, name: &str, n: u64) {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
    for version in [n, n + 1] {
        server.deploy(name, &format!("const filler = '{}'; export default () => '{version}'", "x".repeat(5_000))).await;
        let answer = client.get(server.url(&format!("/{name}"))).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), version.to_string());
    }
    assert_eq!(client.delete(server.url(&format!("/functions/{name}"))).send().await.unwrap().status(), 204);
    assert_eq!(server.get(&format!("/{name}")).await.status, 404);
}

/// Samples of [`BOUNDS`] until the end, printed about sixty times.
async fn watch(server: &Server, end: Instant) -> Vec<[f64; 4]> {
    const EVERY: Duration = Duration::from_secs(2);
    let (start, mut samples) = (Instant::now(), Vec::new());
    let between = ((end - start).as_secs() / 60).max(1);
    println!("| s | {} |\n|---|---|---|---|---|", BOUNDS.map(|(name, ..)| name).join(" | "));
    while Instant::now() < end {
        let sample = sample(server.pid());
        if (samples.len() as u64).is_multiple_of(between.div_ceil(EVERY.as_secs())) {
            let words = sample.map(|value| value.to_string());
            println!("| {} | {} |", start.elapsed().as_secs(), words.join(" | "));
        }
        samples.push(sample);
        tokio::time::sleep(EVERY).await;
    }
    samples
}

fn sample(pid: u32) -> [f64; 4] {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| -> f64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as f64;
    let mappings = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap().lines().count() as f64;
    [field("VmRSS:"), files, field("Threads:"), mappings]
}

/// After a tenth to warm up, the later half holds no more than the earlier one.
fn level(samples: &[[f64; 4]]) {
    let settled = &samples[samples.len() / 10..];
    let (first, second) = settled.split_at(settled.len() / 2);
    let median = |half: &[[f64; 4]], column: usize| {
        let mut values: Vec<f64> = half.iter().map(|sample| sample[column]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let mut grown = Vec::new();
    for (column, (name, share, number)) in BOUNDS.into_iter().enumerate() {
        let (before, after) = (median(first, column), median(second, column));
        println!("{name}: {before} in the first half, {after} in the second");
        if after > before * (1.0 + share) + number {
            grown.push(name);
        }
    }
    assert!(grown.is_empty(), "grew: {grown:?}");
}
