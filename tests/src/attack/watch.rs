//! What others see while an attack runs: a bystander function, the health probe, and the memory of the server.
//!
//! The guard: a server above its bound of resident memory is ended, so that a failing attack does not take the machine with it.
use super::Attack;
use crate::server::Server;
use std::fmt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Connections of the bystander.
const BYSTANDERS: usize = 4;
/// How long the server is watched before the attack.
const QUIET: Duration = Duration::from_millis(500);

/// What was seen.
pub struct Seen {
    quiet: Times,
    attacked: Times,
    peak_mb: u64,
}

/// Latencies in ms. A request that got no answer counts as infinitely late.
#[derive(Default)]
struct Times {
    bystander: Vec<f64>,
    livez: Vec<f64>,
}

impl Times {
    fn p99(&self) -> f64 {
        quantile(&self.bystander, 0.99)
    }

    /// Of fewer than 200 probes the largest; else one in 200 may be the noise of a shared machine.
    fn probe(&self) -> f64 {
        quantile(&self.livez, 0.995)
    }
}

fn quantile(values: &[f64], q: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(((values.len().max(1) - 1) as f64 * q).ceil() as usize).copied().unwrap_or(f64::NAN)
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (quiet, attacked) = (&self.quiet, &self.attacked);
        write!(
            f,
            "peak {} MiB, bystander p99 {:.1} ms (quiet {:.1}), /livez {:.1} ms (quiet {:.1})",
            self.peak_mb,
            attacked.p99(),
            quiet.p99(),
            attacked.probe(),
            quiet.probe()
        )
    }
}

impl Seen {
    /// What did not hold.
    pub fn check(&self, attack: &Attack) -> Result<(), String> {
        if self.peak_mb > attack.rss_mb {
            return Err(format!("resident memory rose to {} MiB; the bound is {}", self.peak_mb, attack.rss_mb));
        }
        let bound = |bound: u64, quiet: f64| (bound as f64).max(3.0 * quiet);
        let (p99, livez) = (self.attacked.p99(), self.attacked.probe());
        let (p99_bound, livez_bound) =
            (bound(attack.p99_ms, self.quiet.p99()), bound(attack.livez_ms, self.quiet.probe()));
        if p99.is_nan() || p99 > p99_bound {
            return Err(format!("the bystander's p99 was {p99:.1} ms; the bound is {p99_bound:.1}"));
        }
        if livez.is_nan() || livez > livez_bound {
            return Err(format!("/livez took {livez:.1} ms; the bound is {livez_bound:.1}"));
        }
        Ok(())
    }
}

/// Watches until it is stopped.
pub struct Watch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    quiet: Times,
    bystanders: Vec<JoinHandle<Vec<f64>>>,
    livez: JoinHandle<Vec<f64>>,
    guard: std::thread::JoinHandle<()>,
}

impl Watch {
    /// Watches the quiet server first, then begins for good.
    pub async fn start(server: &Server, rss_mb: u64) -> Watch {
        let quiet_stop = Arc::new(AtomicBool::new(false));
        let (bystanders, livez) = clients(server, &quiet_stop);
        tokio::time::sleep(QUIET).await;
        quiet_stop.store(true, Ordering::Relaxed);
        let quiet = gather(bystanders, livez).await;
        let (stop, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (bystanders, livez) = clients(server, &stop);
        let guard = std::thread::spawn({
            let (stop, peak, pid) = (Arc::clone(&stop), Arc::clone(&peak), server.pid());
            move || guard(pid, rss_mb, &stop, &peak)
        });
        Watch { stop, peak, quiet, bystanders, livez, guard }
    }

    /// Stops, and returns what was seen.
    pub async fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let attacked = gather(self.bystanders, self.livez).await;
        let _ended = self.guard.join();
        Seen { quiet: self.quiet, attacked, peak_mb: self.peak.load(Ordering::Relaxed) }
    }
}

type Clients = (Vec<JoinHandle<Vec<f64>>>, JoinHandle<Vec<f64>>);

fn clients(server: &Server, stop: &Arc<AtomicBool>) -> Clients {
    let bystander =
        |_| tokio::spawn(client(server.url("/bystander"), "fine", Arc::clone(stop), Duration::from_millis(5)));
    let livez = client(server.url("/livez"), "", Arc::clone(stop), Duration::from_millis(20));
    ((0..BYSTANDERS).map(bystander).collect(), tokio::spawn(livez))
}

async fn gather(bystanders: Vec<JoinHandle<Vec<f64>>>, livez: JoinHandle<Vec<f64>>) -> Times {
    let mut times = Times::default();
    for bystander in bystanders {
        times.bystander.extend(bystander.await.expect("the bystander"));
    }
    times.livez = livez.await.expect("the probe");
    times
}

async fn client(url: String, body: &'static str, stop: Arc<AtomicBool>, pause: Duration) -> Vec<f64> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client");
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        let answer = async {
            let answer = http.get(&url).send().await.ok()?;
            (answer.status() == 200 && answer.text().await.ok()?.contains(body)).then_some(())
        };
        let fine = answer.await.is_some();
        times.push(if fine { started.elapsed().as_secs_f64() * 1e3 } else { f64::INFINITY });
        tokio::time::sleep(pause).await;
    }
    times
}

/// Notes the peak of the memory of the process and its children; ends the process above the bound.
fn guard(pid: u32, rss_mb: u64, stop: &AtomicBool, peak: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        let mb = resident_kb(pid) >> 10;
        peak.fetch_max(mb, Ordering::Relaxed);
        if mb > rss_mb + 256 {
            let _gone = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn resident_kb(pid: u32) -> u64 {
    let own = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let own = own.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|rest| rest.split_whitespace().next());
    let below: u64 = children(pid).into_iter().map(resident_kb).sum();
    own.and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() + below
}

/// Child processes, whichever thread started them: the kernel lists each under its own thread.
fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::children;
    use std::process::Command;
    use std::sync::mpsc::channel;

    #[test]
    fn children_of_every_thread_are_found() {
        let sleep = || Command::new("sleep").arg("60").spawn().unwrap();
        let (started, child) = channel();
        let (keep, ended) = channel::<()>();
        let thread = std::thread::spawn(move || {
            started.send(sleep()).unwrap();
            let _dropped = ended.recv();
        });
        let both = [sleep(), child.recv().unwrap()];
        let found = children(std::process::id());
        drop(keep);
        thread.join().unwrap();
        for mut child in both {
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(found.contains(&child.id()), "{found:?}");
        }
    }
}
