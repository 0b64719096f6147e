//! Throughput at capacity and far above it, in one run: what the server still does when four times as many callers come as
//! its queue has places for, and what the callers of another function notice.
//!
//! Prints a Markdown table. The ratios within one run are what counts.
use daplet_tests::load::{Tally, closed_loop, request};
use daplet_tests::server::{Options, Server};
use std::time::Duration;

/// Places in the queue; small, so that four times as many callers fit on one machine.
const QUEUE: usize = 64;
const HELLO: &str = "export default () => 'hello'";
const HEAVY: &str = "export default () => { let n = 0; for (let i = 0; i < 60_000; i++) n += i % 7; return String(n) }";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(run());
}

async fn run() {
    let server = Server::with(Options { args: vec!["--queue".to_owned(), QUEUE.to_string()], ..Options::default() }).await;
    server.deploy("hello", HELLO).await;
    server.deploy("heavy", HEAVY).await;
    println!("\n## Overload: callers that come again at once, a queue of {QUEUE} places\n");
    println!("| function | callers | answered/s | of peak | p50 | p99 | refused/s | refused p50 | refused p99 | wrong |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, time) in [("hello", 4), ("heavy", 6)] {
        let mut peak = 0.0;
        for callers in [QUEUE / 2, QUEUE, QUEUE * 4, QUEUE / 2] {
            load(&server, name, callers, Duration::from_millis(700)).await;
            let tally = load(&server, name, callers, Duration::from_secs(time)).await;
            peak = f64::max(peak, tally.rate(200));
            let wrong = tally.broken + tally.unnamed;
            println!(
                "| {name} | {callers} | {:.0} | {:.2}x | {:.1} ms | {:.1} ms | {:.0} | {:.1} ms | {:.1} ms | {wrong} |",
                tally.rate(200),
                tally.rate(200) / peak,
                tally.quantile_ms(200, 0.5),
                tally.quantile_ms(200, 0.99),
                tally.rate(503),
                tally.quantile_ms(503, 0.5),
                tally.quantile_ms(503, 0.99),
            );
        }
    }
}

async fn load(server: &Server, name: &str, callers: usize, time: Duration) -> Tally {
    let address = server.base.trim_start_matches("http://");
    closed_loop(address, &request("GET", &format!("/{name}"), ""), callers, time).await
}
