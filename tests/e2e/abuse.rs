//! Every folder of `tests/cases/abuse`: a program that means harm, among the traffic of another function.
use daplet_tests::load::rss_kb;
use daplet_tests::{case, server::Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Healthy connections beside the abusers.
const BYSTANDERS: usize = 4;
/// How often each program runs.
const TIMES: usize = 3;
/// What the server may hold after all of them more than after the first round, KiB. The cache of snapshots fills meanwhile.
const GROWTH_KIB: u64 = 200 << 10;

/// Each abuser gets its code every time; meanwhile healthy requests lose nothing, the process stays the same, memory comes back
/// to its level, and afterwards every worker still serves.
#[tokio::test(flavor = "multi_thread")]
async fn abuse() {
    let mut server = Server::with_high_limits().await;
    server.deploy("bystander", "export default { fetch: () => new Response('fine') }").await;
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let bystanders: Vec<_> = (0..BYSTANDERS)
        .map(|_| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            let (http, url) = (server.http.clone(), server.url("/bystander"));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = http.get(&url).send().await.unwrap();
                    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "fine"));
                    answered.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
            })
        })
        .collect();

    let pid = server.pid();
    let (mut failures, mut levels) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        for folder in case::folders("abuse") {
            if let Err(failure) = case::run(&server, &folder).await {
                failures.push(failure);
            }
            assert!(server.alive(), "{} ended the server", folder.display());
        }
        levels.push(rss_kb(pid));
    }
    stop.store(true, Ordering::Relaxed);
    for bystander in bystanders {
        bystander.await.unwrap();
    }
    failures.sort();
    failures.dedup();
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(server.pid(), pid);
    assert!(answered.load(Ordering::Relaxed) > 100, "the bystanders were not served");
    let (first, last) = (levels[0], levels[TIMES - 1]);
    assert!(last < first + GROWTH_KIB, "resident memory after each round, KiB: {levels:?}");
    every_worker_serves(&server).await;
}

/// More requests at once than there are workers, each long enough to keep one busy: all must be answered.
async fn every_worker_serves(server: &Server) {
    let source =
        "export default () => { const end = performance.now() + 20; while (performance.now() < end); return 'worked' }";
    server.deploy("worker", source).await;
    let calls = (0..64).map(|_| server.get("/worker"));
    for answer in futures::future::join_all(calls).await {
        assert_eq!((answer.status, answer.text().as_str()), (200, "worked"));
    }
}
