//! Secrets: each request plants one, in each place that there is, and searches for those of others.
//!
//! `ISOLATION_REQUESTS` requests (`make isolation`: a million) within `ISOLATION_SECONDS` to more functions than there are
//! slots. All the while the
//! sandbox compares whole memories with their snapshots by sampling: what was planted is not in them, so a memory that is its
//! snapshot holds no secret. A difference fails the request at hand.
use crate::faults::{Random, setting};
use daplet_tests::server::{Answer, Options, Server};
use futures::future::join_all;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const SPY: &str = include_str!("spy.js");
/// More than a worker has slots, so that slots change functions all the time.
const FUNCTIONS: u64 = 12;
const CONNECTIONS: u64 = 48;

/// Sizes of the buffers in which a request searches, and how often each is chosen; large ones take long.
const SIZES: &[(u64, u64)] = &[(16, 40), (64, 30), (200, 15), (500, 6), (4_096, 6), (16_000, 2), (70_000, 1)];

/// Where a secret is planted, how often compared with the others, and the answer's status and code.
const PLANTS: &[(&str, u64, u16, &str)] = &[
    ("heap", 170, 200, ""),
    ("large", 50, 200, ""),
    ("buffer", 20, 200, ""),
    ("freed", 120, 200, ""),
    ("stack", 100, 200, ""),
    ("regexp", 100, 200, ""),
    ("prototype", 80, 200, ""),
    ("log", 10, 200, ""),
    ("throw", 57, 500, "exception"),
    ("reject", 40, 500, "exception"),
    ("parse", 40, 500, "exception"),
    ("timer", 40, 200, ""),
    ("parked", 40, 200, ""),
    ("late", 25, 200, ""),
    ("unsettled", 25, 200, ""),
    ("get", 25, 200, ""),
    ("put", 5, 200, ""),
    ("refused", 20, 500, "exception"),
    ("publish", 10, 200, ""),
    ("call", 20, 200, ""),
    ("memory", 2, 503, "exceededMemory"),
    ("cpu", 1, 503, "exceededCpu"),
];

/// One of `choices`, each as often as its share says.
fn choose<'a, T>(random: &mut Random, choices: &'a [T], share: impl Fn(&T) -> u64) -> &'a T {
    let mut at = random.below(choices.iter().map(&share).sum());
    let mut choices = choices.iter();
    loop {
        let choice = choices.next().unwrap();
        match at.checked_sub(share(choice)) {
            Some(rest) => at = rest,
            None => return choice,
        }
    }
}

/// Every secret in the answer, its headers included, must be the request's own.
fn only_its_own(answer: &Answer, secret: &str) {
    let headers: Vec<String> = answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let text = format!("{}\n{}", headers.join("\n"), answer.text());
    for (at, _) in text.match_indices("secret-") {
        assert!(text[at..].starts_with(secret), "another's secret in the answer to {secret}: {text}");
    }
}

async fn deploy(server: &Server, name: u64, version: u64) {
    // A function with more than a megabyte of its own is mapped from an image of its own.
    let ballast = if name % 6 == 5 { 15_000 } else { 10 };
    let source = format!("globalThis.ballast = Array.from({{ length: {ballast} }}, (_, i) => ({{ i }}));\n{SPY}");
    let env = json!({"KEY": format!("secret-of-function-{name}-{version}")});
    let limits = json!({"cpuMs": 200, "memoryMb": 12});
    server.deploy_with(json!({"name": format!("spy-{name}"), "source": source, "env": env, "limits": limits})).await;
}

/// One connection's requests, one after the other.
async fn work(server: &Server, mut random: Random, left: &AtomicU64, end: Instant) -> BTreeMap<&'static str, u64> {
    let mut done = BTreeMap::new();
    while Instant::now() < end && left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
        let (plant, _, status, code) = *choose(&mut random, PLANTS, |plant| plant.1);
        let (size, _) = *choose(&mut random, SIZES, |size| size.1);
        let secret = format!("secret-{:016x}{:016x}", random.next(), random.next());
        let name = random.below(FUNCTIONS);
        let url = server.url(&format!("/spy-{name}?plant={plant}&size={size}"));
        let request = server.http.post(url).header("x-secret", &secret).body(secret.clone());
        if plant == "parked" && random.below(4) == 0 {
            // The caller goes away while the invocation is parked.
            let _cut_off = tokio::time::timeout(Duration::from_millis(4), request.send()).await;
            continue;
        }
        let answer = Answer::of(request.send().await.unwrap()).await;
        only_its_own(&answer, &secret);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{plant}: {}", answer.text());
        if status == 200 {
            assert_eq!(answer.json(), json!({"found": [], "secret": secret}), "{plant}");
            assert_eq!(answer.header("x-secret"), Some(secret.as_str()));
        }
        *done.entry(plant).or_default() += 1;
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_ever_found() {
    let (requests, seed) =
        (setting("ISOLATION_REQUESTS", 20_000), setting("ISOLATION_SEED", u64::from(std::process::id())));
    println!("ISOLATION_SEED={seed}");
    // Odd, so that no rhythm of restores and rebindings hides one of them.
    let every = setting("ISOLATION_VERIFY", 41);
    let args = vec![format!("--verify-restore={every}"), "--log=error".to_owned(), "--queue-ms=600000".to_owned()];
    let mut server = Server::with(Options { args, ..Options::default() }).await;
    server.deploy("echo", "export default request => request.text()").await;
    for name in 0..FUNCTIONS {
        deploy(&server, name, 0).await;
    }
    let left = AtomicU64::new(requests);
    let end = Instant::now() + Duration::from_secs(setting("ISOLATION_SECONDS", 45));
    let uploads = async {
        let mut version = 0;
        while Instant::now() < end && left.load(Relaxed) > 0 {
            version += 1;
            deploy(&server, version % FUNCTIONS, version).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        version
    };
    let workers = join_all((0..CONNECTIONS).map(|i| work(&server, Random(seed.wrapping_add(i << 32)), &left, end)));
    let (done, uploads) = tokio::join!(workers, uploads);
    let mut total: BTreeMap<&str, u64> = BTreeMap::new();
    done.into_iter().flatten().for_each(|(plant, count)| *total.entry(plant).or_default() += count);
    let requests: u64 = total.values().sum();
    assert!(server.alive());

    server.signal("TERM");
    assert_eq!(server.exit_code(Duration::from_secs(15)).await, Some(0));
    let compared = compared(&server).await;
    println!("{requests} requests, {uploads} uploads, {compared} whole memories compared; planted {total:?}");
    assert!(requests > 1_000 && compared > requests / every / 2, "{compared} comparisons are too few");
}

/// How many whole memories the sandbox compared, as it says at its end.
async fn compared(server: &Server) -> u64 {
    for _ in 0..100 {
        let output = server.output();
        let line =
            output.lines().find_map(|line| line.strip_prefix("daplet: the whole memory was found to be its snapshot "));
        if let Some(count) = line.and_then(|rest| rest.split(' ').next()) {
            return count.parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server did not say how many memories it compared");
}
