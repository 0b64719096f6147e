//! Throughput at capacity and far above it, in one run: what the server still does when four times as many callers come as
//! its queue has places for, and what the callers of another function notice.
//!
//! Prints a Markdown table. The ratios within one run are what counts.
use daplet_tests::flood::{Tally, closed_loop, request};
use daplet_tests::server::{Options, Server};
use std::time::Duration;

/// Places in the queue; small, so that four times as many callers fit on one machine.
const QUEUE: usize = 64;
const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_millis(1500);
const HELLO: &str = "export default () => 'hello'";
const HEAVY: &str = "export default () => { let n = 0; for (let i = 0; i < 60_000; i++) n += i % 7; return String(n) }";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(run());
}

async fn run() {
    let server = Server::with(
        Options { args: vec!["--queue".to_owned(), QUEUE.to_string()], ..Options::default() }.high_limits(),
    )
    .await;
    server.deploy("hello", HELLO).await;
    server.deploy("heavy", HEAVY).await;
    println!("\n## Overload: a queue of {QUEUE} places, callers that come again at once, median of {ROUNDS} rounds\n");
    println!(
        "| function | answered/s at {QUEUE} callers | at {} callers | goodput | right after | refused/s | answered p99 | refused p99 | wrong |",
        4 * QUEUE
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for name in ["hello", "heavy"] {
        load(&server, name, QUEUE, Duration::from_millis(700)).await;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let peak = load(&server, name, QUEUE, TIME).await;
            let over = load(&server, name, 4 * QUEUE, TIME).await;
            let after = load(&server, name, QUEUE, TIME).await;
            rounds.push([
                peak.rate(200),
                over.rate(200),
                over.rate(200) / peak.rate(200),
                after.rate(200) / peak.rate(200),
                over.rate(503),
                over.quantile_ms(200, 0.99),
                over.quantile_ms(503, 0.99),
                (over.broken + over.unnamed + peak.broken + after.broken) as f64,
            ]);
        }
        let [peak, over, goodput, after, refused, p99, refused_p99, wrong] =
            std::array::from_fn(|column| median(rounds.iter().map(|round| round[column])));
        println!(
            "| {name} | {peak:.0} | {over:.0} | {goodput:.2}x | {after:.2}x | {refused:.0} | {p99:.0} ms | {refused_p99:.0} ms | {wrong} |"
        );
    }
    healthy(&server).await;
}

/// What eight callers of a short function notice of another function's overload.
async fn healthy(server: &Server) {
    println!("\n| hello, 8 callers | answered/s | refused/s | p50 | p99 |\n|---|---|---|---|---|");
    for (what, callers) in [("alone", 0), ("beside heavy at capacity", QUEUE), ("beside heavy at 4x", 4 * QUEUE)] {
        let (hello, _) = tokio::join!(load(server, "hello", 8, 2 * TIME), load(server, "heavy", callers, 2 * TIME));
        println!(
            "| {what} | {:.0} | {:.0} | {:.1} ms | {:.1} ms |",
            hello.rate(200),
            hello.rate(503),
            hello.quantile_ms(200, 0.5),
            hello.quantile_ms(200, 0.99)
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn load(server: &Server, name: &str, callers: usize, time: Duration) -> Tally {
    let address = server.base.trim_start_matches("http://");
    closed_loop(address, &request("GET", &format!("/{name}"), ""), callers, time).await
}
