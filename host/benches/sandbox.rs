//! In-process measurements: `cargo bench -p daplet-host --bench sandbox`. Prints one table; asserts nothing about time.
#![allow(clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use daplet_abi::EventKind;
use daplet_host::budget::Purse;
use daplet_host::sandbox::bench::Bench;
use daplet_host::sandbox::{Outcome, Sandbox, Snapshot};
use hdrhistogram::Histogram;
use std::sync::Arc;
use std::time::{Duration, Instant};

const HELLO: &str = "export default { fetch(request) { return new Response('Hello, World!'); } }";
/// What an ordinary function does: looks at the URL, answers with a header.
const GREETING: &str = "export default { fetch(request) { const name = new URL(request.url).searchParams.get('name') ?? 'World'; \
                        return new Response('Hello, ' + name + '!', { headers: { 'content-type': 'text/plain' } }); } }";
/// About 20 MB of small objects, of which a request reads one.
const LARGE: &str = "const rows = []; for (let i = 0; i < 120000; i++) rows.push({ id: i, name: 'row ' + i, tags: [i] }); \
                     export default { fetch(request) { return new Response(rows[4711].name); } }";
const WAITS: &str = "export default async () => { await new Promise(r => setTimeout(r, 1)); return 'ok'; }";
const LOOPS: &str = "export default () => { for (;;); }";
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap()
}

fn line(what: &str, times: &Histogram<u64>) {
    let at = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
    println!("| {what} | {:.1} | {:.1} |", at(0.5), at(0.99));
}

fn measure(what: &str, rounds: usize, mut body: impl FnMut()) -> u64 {
    let mut times = histogram();
    (0..rounds / 10).for_each(|_| body());
    for _ in 0..rounds {
        let started = Instant::now();
        body();
        times.saturating_record(started.elapsed().as_nanos() as u64);
    }
    line(what, &times);
    times.value_at_quantile(0.5)
}

fn main() {
    let started = Instant::now();
    let sandbox = start(|config| {
        config.workers = 1;
        config.slots_per_worker = 1;
    });
    println!("start (cache as it was): {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let wait = |future: std::pin::Pin<Box<dyn Future<Output = ()> + '_>>| runtime.block_on(future);
    let functions = runtime.block_on(async {
        Functions {
            hello: loaded(&sandbox, HELLO).await,
            other: loaded(&sandbox, &HELLO.replace("Hello", "Goodbye")).await,
            asynchronous: loaded(&sandbox, &HELLO.replace("fetch", "async fetch")).await,
            greeting: loaded(&sandbox, GREETING).await,
            large: loaded(&sandbox, LARGE).await,
        }
    });
    let (hello, other) = (Arc::clone(&functions.hello), Arc::clone(&functions.other));
    println!(
        "base image {} KiB, snapshot of hello {} KiB, of the large heap {} KiB\n",
        sandbox.program().base_bytes() >> 10,
        hello.weight() >> 10,
        functions.large.weight() >> 10
    );
    println!("| | p50 µs | p99 µs |\n|---|---|---|");
    parts(&sandbox, functions);
    let memory = Purse::default();
    let step = |snapshot: &Arc<_>| {
        wait(Box::pin(async {
            let step =
                sandbox.handle(Arc::clone(snapshot), EventKind::Http, event(b""), BUDGET, &memory).await.unwrap();
            assert!(matches!(step.outcome, Outcome::Done), "{}", text(&step));
        }));
    };
    measure("hello through the queue, from an async caller", 20_000, || step(&hello));
    let mut turn = false;
    measure("the same, two functions in turn on one slot", 20_000, || {
        turn = !turn;
        step(if turn { &hello } else { &other });
    });
    let waits = runtime.block_on(loaded(&sandbox, WAITS));
    let parked = runtime.block_on(call(&sandbox, &waits, b""));
    if let Outcome::Pending(parked) = &parked.outcome {
        println!("| (a parked invocation holds {} KiB) | | |", parked.weight() >> 10);
    }
    measure("handle, park, resume to the end, through the queue", 5_000, || {
        wait(Box::pin(async {
            let step = call(&sandbox, &waits, b"").await;
            let end = finish(&sandbox, step).await;
            assert!(matches!(end.outcome, Outcome::Done), "{}", text(&end));
        }));
    });
    let waiting: Vec<_> = (0..10_000).map(|_| runtime.block_on(call(&sandbox, &waits, b""))).collect();
    let held: usize =
        waiting.iter().map(|step| if let Outcome::Pending(parked) = &step.outcome { parked.weight() } else { 0 }).sum();
    println!("| (10,000 parked invocations hold {} MiB) | | |", held >> 20);
    drop(waiting);
    measure("load hello (evaluation and snapshot)", 1_000, || {
        wait(Box::pin(async { drop(loaded(&sandbox, HELLO).await) }))
    });
    let loops = runtime.block_on(loaded(&sandbox, LOOPS));
    measure("an endless loop stopped at a budget of 5 ms", 20, || {
        wait(Box::pin(async {
            let budget = Duration::from_millis(5);
            let step = sandbox.handle(Arc::clone(&loops), EventKind::Http, event(b""), budget, &memory).await.unwrap();
            assert!(matches!(step.outcome, Outcome::Trap(_)), "{}", text(&step));
        }));
    });
    println!("\n{:?}\n", sandbox.metrics());
}

struct Functions {
    hello: Arc<Snapshot>,
    other: Arc<Snapshot>,
    asynchronous: Arc<Snapshot>,
    greeting: Arc<Snapshot>,
    large: Arc<Snapshot>,
}

/// In blocks that take turns, each on a slot of its own: where the machine changes its pace, both change theirs.
fn fresh_beside_reused(fresh: &mut Bench, reused: &mut Bench, frame: &[u8]) {
    const BLOCKS: usize = 250;
    const BLOCK: usize = 200;
    let (mut restored, mut kept) = (histogram(), histogram());
    for block in 0..BLOCKS + BLOCKS / 10 {
        for _ in 0..BLOCK {
            let started = Instant::now();
            fresh.invoke(frame.to_vec());
            fresh.restore();
            restored.saturating_record(started.elapsed().as_nanos() as u64);
        }
        for _ in 0..BLOCK {
            let started = Instant::now();
            reused.invoke(frame.to_vec());
            kept.saturating_record(started.elapsed().as_nanos() as u64);
        }
        reused.restore();
        // What came before was warming up.
        if block == BLOCKS / 10 {
            (restored, kept) = (histogram(), histogram());
        }
    }
    line("hello, fresh heap: invoke + restore", &restored);
    line("hello, reused heap: invoke only", &kept);
    let ratio = restored.value_at_quantile(0.5) as f64 / kept.value_at_quantile(0.5) as f64;
    println!("| fresh / reused | {ratio:.2}x | |");
}

/// The parts of one request, on a slot of the calling thread's own.
fn parts(sandbox: &Sandbox, functions: Functions) {
    let Functions { hello, other, asynchronous, greeting, large } = functions;
    let shared = sandbox.bench();
    let body = move || {
        let mut bench = Bench::new(shared.clone(), &hello).unwrap();
        let frame = event(b"");
        fresh_beside_reused(&mut bench, &mut Bench::new(shared, &hello).unwrap(), &frame);
        let mut invoke = histogram();
        let mut restore = histogram();
        for _ in 0..50_000 {
            let started = Instant::now();
            bench.invoke(frame.clone());
            let middle = Instant::now();
            bench.restore();
            invoke.saturating_record((middle - started).as_nanos() as u64);
            restore.saturating_record(middle.elapsed().as_nanos() as u64);
        }
        line("— of it, invoke", &invoke);
        line("— of it, restore", &restore);
        let (known, changed) = bench.dirty(frame.clone());
        println!("| (private pages {known}, really changed {changed}, scans {}) | | |", bench.scans());
        measure("two binds (to another function and back)", 10_000, || {
            bench.bind(&other);
            bench.bind(&hello);
        });
        let others = [
            ("hello, async", &asynchronous),
            ("greeting (URL, query, headers)", &greeting),
            ("one row of a 20 MB heap", &large),
        ];
        for (what, function) in others {
            bench.bind(function);
            measure(&format!("{what}, fresh heap: invoke + restore"), 20_000, || {
                bench.invoke(frame.clone());
                bench.restore();
            });
        }
        bench.bind(&hello);
        let mut trap = histogram();
        for _ in 0..200 {
            let started = Instant::now();
            bench.trap();
            trap.saturating_record(started.elapsed().as_nanos() as u64);
            bench.renew(&hello);
        }
        line("a trap, until it is reported", &trap);
        measure("a new slot in place of an old one", 200, || bench.renew(&hello));
    };
    std::thread::Builder::new().stack_size(32 << 20).spawn(body).unwrap().join().unwrap();
}
