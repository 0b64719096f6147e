//! Many functions on one server: memory, restart, first requests from disk, throughput when all of them are called at random.
//!
//! Each function draws a number when its module is evaluated, so the answers tell how many were evaluated again.
//! `DENSITY=1000` runs it with fewer functions.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]

use daplet_tests::load::{Client, Dice, load, quantile, request, rss_kb};
use daplet_tests::server::{Options, Server};
use futures::StreamExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Functions called at random in turn.
const MIXED: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(run(std::env::var("DENSITY").map_or(10_000, |count| count.parse().unwrap())));
}

/// Functions of several shapes: plain, a table of data, a class with a router, a text of some length.
fn source(n: usize) -> String {
    let answer = format!("'{n} ' + loaded");
    let body = match n % 4 {
        0 => format!("export default () => {answer}"),
        1 => format!(
            "const prices = new Map(Array.from({{ length: {} }}, (_, i) => ['item-{n}-' + i, {{ id: i, price: i * 1.5 }}]));
             export default {{ fetch: (request) => new Response({answer}, {{ headers: {{ 'x-size': String(prices.size) }} }}) }}",
            20 + n % 180
        ),
        2 => format!(
            "class Router {{ routes = []; add(pattern, to) {{ this.routes.push([new RegExp(pattern), to]); return this }}
               find(path) {{ return this.routes.find(([pattern]) => pattern.test(path))?.[1] }} }}
             const router = new Router().add('^/api/{n}/(\\\\d+)$', () => 'no').add('.', () => {answer});
             export default {{ fetch: (request) => new Response(router.find(new URL(request.url).pathname)()) }}"
        ),
        _ => format!(
            "const texts = {:?}.split(' '); const count = new Set(texts).size;
             export const GET = () => new Response(count > 0 ? {answer} : '')",
            (0..n % 400).map(|word| format!("word{}", word * n)).collect::<Vec<_>>().join(" ")
        ),
    };
    format!("const loaded = Math.random();\n{body}")
}

fn call(n: usize) -> Vec<u8> {
    request("GET", &format!("/f{n}"), "")
}

fn megabytes(server: &Server) -> f64 {
    rss_kb(server.pid()) as f64 / 1e3
}

async fn settle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

async fn stop(mut server: Server) {
    server.signal("TERM");
    assert_eq!(server.exit_code(Duration::from_secs(60)).await, Some(0), "{}", server.output());
}

async fn start(data: &Path, args: &[&str]) -> (Server, f64) {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    let begin = Instant::now();
    let server = Server::with(Options { data: Some(data.to_owned()), args, ..Options::default() }.high_limits()).await;
    (server, begin.elapsed().as_secs_f64())
}

/// Calls every function once in an order of its own; what they answered, and how long each took in µs.
fn call_all(server: &Server, count: usize) -> (Vec<String>, Vec<f64>) {
    let mut order: Vec<usize> = (0..count).collect();
    let mut dice = Dice(7);
    (1..count).rev().for_each(|i| order.swap(i, dice.below(i + 1)));
    let (mut answers, mut times) = (vec![String::new(); count], Vec::new());
    let mut client = Client::new(server);
    for n in order {
        let bytes = call(n);
        let begin = Instant::now();
        let body = client.call(&bytes);
        times.push(begin.elapsed().as_secs_f64() * 1e6);
        answers[n] = String::from_utf8(body.to_vec()).unwrap();
        assert!(answers[n].starts_with(&format!("{n} ")), "{n} answered {}", answers[n]);
    }
    (answers, times)
}

/// Has the system forget what it holds of the files, so that they are read from the device.
fn forget(folder: &Path) {
    let script = "sync; find . -name '*.snapshot' | xargs -I{} dd if={} iflag=nocache count=0 status=none";
    assert!(Command::new("sh").args(["-c", script]).current_dir(folder).status().unwrap().success());
}

async fn run(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (server, _) = start(data, &[]).await;
    println!("\n## {count} functions deployed\n\n| | |\n|---|---|");
    println!("| RSS without functions | {:.0} MB |", megabytes(&server));
    let begin = Instant::now();
    let deploys = (0..count).map(|n| {
        let server = &server;
        async move { server.deploy(&format!("f{n}"), &source(n)).await }
    });
    let reports: Vec<_> = futures::stream::iter(deploys).buffer_unordered(16).collect().await;
    println!("| deployed, 16 at a time, within | {:.1} s |", begin.elapsed().as_secs_f64());
    let mut weights: Vec<f64> = reports.iter().map(|report| report["snapshotBytes"].as_f64().unwrap() / 1e3).collect();
    println!(
        "| snapshot, p50 and max | {:.0} KB, {:.0} KB |",
        quantile(&mut weights, 0.5),
        quantile(&mut weights, 1.0)
    );
    settle().await;
    println!("| RSS | {:.0} MB |", megabytes(&server));
    let (before, _) = call_all(&server, count);
    settle().await;
    println!("| RSS after a request to each | {:.0} MB |", megabytes(&server));
    stop(server).await;
    let sizes = std::fs::read_dir(data.join("snapshots")).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    println!("| snapshots on disk | {:.0} MB |", sizes.sum::<u64>() as f64 / 1e6);

    let rows = [
        ("files read from the device", true, &[][..]),
        ("files in the page cache", false, &[]),
        ("the same, 64 MiB for snapshots in memory", false, &["--snapshot-cache-mb", "64"]),
    ];
    println!("\n## After a restart: the first request to each function, in random order\n");
    println!("| | ready after | RSS then | p50 | p99 | max | evaluated again | RSS after all |");
    println!("|---|---|---|---|---|---|---|---|");
    for (what, cold, args) in rows {
        if cold {
            forget(&data.join("snapshots"));
        }
        let (server, ready) = start(data, args).await;
        settle().await;
        let rss = megabytes(&server);
        let (after, mut times) = call_all(&server, count);
        let evaluated = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        settle().await;
        println!(
            "| {what} | {:.0} ms | {rss:.0} MB | {:.2} ms | {:.2} ms | {:.2} ms | {evaluated} of {count} | {:.0} MB |",
            ready * 1e3,
            quantile(&mut times, 0.5) / 1e3,
            quantile(&mut times, 0.99) / 1e3,
            quantile(&mut times, 1.0) / 1e3,
            megabytes(&server)
        );
        stop(server).await;
    }

    let (server, _) = start(data, &[]).await;
    at_random(&server, count);
}

/// One shape of function, so that only the number of functions differs; in turns, so that each meets the same machine.
fn at_random(server: &Server, count: usize) {
    const ROUNDS: usize = 7;
    let mixed: Vec<Vec<u8>> = (0..count / 4).take(MIXED).map(|n| call(n * 4)).collect();
    let mixes: Vec<&[Vec<u8>]> = [1, 8, 64, MIXED].iter().map(|n| &mixed[..mixed.len().min(*n)]).collect();
    let (mut rates, mut costs) = (vec![Vec::new(); mixes.len()], vec![Vec::new(); mixes.len()]);
    for round in 0..=ROUNDS {
        for (index, requests) in mixes.iter().enumerate() {
            let before = cpu_seconds(server.pid());
            let load = load(server, requests, 32, Duration::from_secs(1));
            // The first round only warms up.
            if round > 0 {
                rates[index].push(load.rate());
                costs[index].push((cpu_seconds(server.pid()) - before) * 1e6 / load.latencies.len() as f64);
            }
        }
    }
    println!("\n## Functions called at random, 32 connections, medians of {ROUNDS} rounds\n");
    println!("| functions | requests/s | of one | the server's CPU time a request | of one |\n|---|---|---|---|---|");
    let (rates, costs): (Vec<f64>, Vec<f64>) =
        rates.iter_mut().zip(&mut costs).map(|(rates, costs)| (quantile(rates, 0.5), quantile(costs, 0.5))).unzip();
    for ((requests, rate), cost) in mixes.iter().zip(&rates).zip(&costs) {
        let (of_rate, of_cost) = (rate / rates[0], costs[0] / cost);
        println!("| {} | {rate:.0} | {of_rate:.2}x | {cost:.0} µs | {of_cost:.2}x |", requests.len());
    }
}

/// CPU time of a process so far.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap()..].split_whitespace().collect();
    // Fields 14 and 15 of the line, in hundredths of a second.
    fields[12..14].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}
