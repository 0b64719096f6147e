//! Daplet beside its peers in one run, as Markdown tables.
//!
//! Owns the rounds, the load and the tables; [`peer`] owns how a peer is started and checked, `tests/peers` what it is.
//! One server runs at a time, on the first core; the load tool (wrk) has the second. A peer is started anew in each round,
//! and each round goes through all peers, so that a slow minute of the machine falls on all of them.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]

mod peer;

use peer::{Peer, Running};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const WORKLOADS: [(&str, &str); 3] = [
    ("hello", "a short text"),
    ("json", "POST of 50 items: parse, sum, map, stringify"),
    ("fib", "fib(18), recursive: 8,361 calls"),
];

/// The peer that the others are set beside.
const REFERENCE: &str = "daplet";

struct Rate {
    per_second: f64,
    /// What the server spent on one request, in microseconds: steadier than the rate where others use the machine too.
    cpu: f64,
    /// The part of its core that the server had. Where it is far from 1, others had the rest and the rate says little.
    core: f64,
    p50: f64,
    p99: f64,
}

fn main() {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let setting = |name: &str, default: u32| std::env::var(name).map_or(default, |v| v.parse().unwrap());
    let (rounds, seconds) = (setting("PEERS_ROUNDS", 3), setting("PEERS_SECONDS", 4));
    let folder = tempfile::tempdir().unwrap();
    let body = folder.path().join("body.json");
    std::fs::write(&body, peer::items(1).to_string()).unwrap();

    let (mut peers, mut left_out) = (Vec::new(), Vec::new());
    for peer in read_peers() {
        eprintln!("check: {}", peer.name);
        match check(&peer).await {
            Ok(leaks) => peers.push((peer, leaks)),
            Err(reason) => left_out.push((peer.name.clone(), reason)),
        }
    }
    let mut rates: BTreeMap<(&'static str, usize), Vec<Rate>> = BTreeMap::new();
    for round in 1..=rounds {
        for (workload, _) in WORKLOADS {
            for (index, (peer, _)) in peers.iter().enumerate().filter(|(_, (peer, _))| peer.runs(workload)) {
                eprintln!("round {round} of {rounds}: {workload}: {}", peer.name);
                let body = (workload == "json").then_some(body.as_path());
                match measure(peer, workload, body, seconds).await {
                    Ok(rate) => rates.entry((workload, index)).or_default().push(rate),
                    Err(reason) => left_out.push((format!("{}, {workload}, round {round}", peer.name), reason)),
                }
            }
        }
    }
    println!("\n## Beside the peers\n");
    println!("{rounds} rounds of {seconds} s, medians; 32 connections; the server on one core, wrk on another.");
    for (workload, about) in WORKLOADS {
        table(workload, about, &peers, &mut rates);
    }
    for (name, reason) in left_out {
        println!("\nNot measured: {name}: {reason}");
    }
}

/// All peers; `PEERS=bun,deno` takes those and the reference.
fn read_peers() -> Vec<Peer> {
    let only = std::env::var("PEERS").unwrap_or_default();
    let wanted = |name: &str| only.is_empty() || name == REFERENCE || only.split(',').any(|other| other == name);
    let mut folders: Vec<PathBuf> = std::fs::read_dir(daplet_tests::root().join("tests/peers"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("peer.toml").exists() && wanted(&folder.file_name().unwrap().to_string_lossy()))
        .collect();
    folders.sort();
    folders.iter().map(|folder| Peer::read(folder)).collect()
}

/// Installs a peer and sees that it answers each workload rightly; whether one request's state is seen by another.
async fn check(peer: &Peer) -> Result<Option<bool>, String> {
    peer.install()?;
    for (workload, _) in WORKLOADS.iter().filter(|(workload, _)| peer.runs(workload)) {
        Running::start(peer, workload).await?.check(workload).await?;
    }
    match peer.runs(peer::LEAK) {
        true => Running::start(peer, peer::LEAK).await?.leaks().await.map(Some),
        false => Ok(None),
    }
}

/// A second of warming up, then the measured seconds.
async fn measure(peer: &Peer, workload: &str, body: Option<&Path>, seconds: u32) -> Result<Rate, String> {
    let server = Running::start(peer, workload).await?;
    let _warm_up = load(&server, body, 1);
    load(&server, body, seconds)
}

/// One run of wrk: 32 connections that each send the next request when the last is answered.
fn load(server: &Running, body: Option<&Path>, seconds: u32) -> Result<Rate, String> {
    let mut command = Command::new("taskset");
    command.args(["-c", "1", "wrk", "-t1", "-c32", "--timeout", "10s", &format!("-d{seconds}s"), "-s"]);
    command.arg(daplet_tests::root().join("tests/peers/load.lua")).arg(server.url());
    if let Some(body) = body {
        command.env("BODY", body);
    }
    let before = server.cpu_seconds();
    let output = command.output().unwrap();
    let cpu = server.cpu_seconds() - before;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("result ")).unwrap_or_else(|| panic!("wrk: {text}"));
    let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
    let [requests, micros, p50, p99, errors] = numbers[..] else { panic!("wrk: {line}") };
    if requests == 0.0 || errors > 0.0 {
        return Err(format!("{requests} answers and {errors} errors in a run of wrk"));
    }
    let (per_second, core) = (requests / micros * 1e6, cpu / micros * 1e6);
    Ok(Rate { per_second, cpu: cpu / requests * 1e6, core, p50, p99 })
}

fn table(
    workload: &'static str,
    about: &str,
    peers: &[(Peer, Option<bool>)],
    rates: &mut BTreeMap<(&'static str, usize), Vec<Rate>>,
) {
    let mut rows: Vec<(&Peer, Option<bool>, Rate)> = Vec::new();
    for (index, (peer, leaks)) in peers.iter().enumerate() {
        if let Some(rates) = rates.get_mut(&(workload, index)) {
            let mut median = |of: fn(&Rate) -> f64| {
                rates.sort_by(|a, b| of(a).total_cmp(&of(b)));
                of(&rates[rates.len() / 2])
            };
            let (per_second, cpu, core) = (median(|r| r.per_second), median(|r| r.cpu), median(|r| r.core));
            rows.push((peer, *leaks, Rate { per_second, cpu, core, p50: median(|r| r.p50), p99: median(|r| r.p99) }));
        }
    }
    rows.sort_by(|a, b| b.2.per_second.total_cmp(&a.2.per_second));
    let reference =
        rows.iter().find(|(peer, ..)| peer.folder.ends_with(REFERENCE)).map_or(f64::NAN, |r| r.2.per_second);
    println!("\n### {workload}: {about}\n");
    println!(
        "| | isolation | state leaks between requests | requests/s | of Daplet | p50 | p99 | CPU of a request | of the core |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (peer, leaks, rate) in rows {
        let leaks = leaks.map_or("—", |leaks| if leaks { "yes" } else { "no" });
        let (name, isolation, ratio) = (&peer.name, &peer.isolation, rate.per_second / reference);
        let Rate { per_second, cpu, core, p50, p99 } = rate;
        print!("| {name} | {isolation} | {leaks} | {per_second:.0} | {ratio:.3}x ");
        println!("| {:.2} ms | {:.2} ms | {cpu:.0} µs | {:.0} % |", p50 / 1e3, p99 / 1e3, core * 1e2);
    }
}
