//! Entries that turn out to be long, that no caller waits for any more, or that panic: what the workers do.
#![allow(clippy::unwrap_used)]
mod common;

use common::*;
use daplet_abi::EventKind;
use daplet_host::budget::Purse;
use daplet_host::sandbox::{Load, LoadOutcome, Outcome, Sandbox, Snapshot};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Far more than any test waits.
const HOUR: Duration = Duration::from_secs(3_600);

/// Busy for as many milliseconds as the body says, and says how often it has run in this heap.
const BUSY: &str = "let runs = 0; export default async request => { runs++; const n = Number(await request.text()); \
                    const end = Date.now() + n; while (Date.now() < end); return `ran ${runs}`; }";

async fn cheap_for_a_while(sandbox: &Sandbox, function: &Arc<Snapshot>) {
    for _ in 0..60 {
        assert_eq!(text(&call(sandbox, function, b"0").await), "ran 1");
    }
}

async fn busy(sandbox: &Sandbox, function: &Arc<Snapshot>, ms: u32) -> String {
    let frame = event(ms.to_string().as_bytes());
    text(&sandbox.handle(Arc::clone(function), EventKind::Http, frame, HOUR, &Purse::default()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_entry_gives_the_short_worker_back_and_runs_once_to_its_end() {
    let sandbox = start(|config| (config.workers, config.verify_restore) = (1, 1));
    let (hog, fine) = (loaded(&sandbox, BUSY).await, loaded(&sandbox, "export default () => 'fine'").await);
    cheap_for_a_while(&sandbox, &hog).await;
    let overruns = sandbox.metrics().overruns;
    let long = busy(&sandbox, &hog, 2_000);
    let others = async {
        let mut meanwhile = 0;
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1_500) {
            assert_eq!(text(&call(&sandbox, &fine, b"").await), "fine");
            meanwhile += 1;
        }
        meanwhile
    };
    let (long, meanwhile) = tokio::join!(long, others);
    assert_eq!(long, "ran 1");
    assert!(meanwhile > 20, "the only short worker made {meanwhile} entries beside a long one");
    assert!(sandbox.metrics().overruns > overruns, "{:?}", sandbox.metrics());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_loop_gives_the_short_worker_back_too() {
    let sandbox = start(|config| (config.workers, config.verify_restore) = (1, 1));
    let source = "let runs = 0; export default async request => { runs++; \
                  if (await request.text() === 'sort') { const a = Array.from({ length: 300000 }, (_, i) => -i % 997); a.sort(); } \
                  return `ran ${runs}`; }";
    let hog = loaded(&sandbox, source).await;
    cheap_for_a_while(&sandbox, &hog).await;
    let step =
        sandbox.handle(Arc::clone(&hog), EventKind::Http, event(b"sort"), HOUR, &Purse::default()).await.unwrap();
    assert_eq!(text(&step), "ran 1");
    assert!(sandbox.metrics().overruns > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_after_an_await_is_undone_with_all_that_it_read() {
    let sandbox = start(|config| (config.workers, config.verify_restore) = (1, 1));
    let source = "let runs = 0; export default async request => { const n = Number(await request.text()); \
                  const t = () => new Promise(r => setTimeout(r, 1)); const seen = []; \
                  await Promise.all([t().then(() => seen.push('a')), t().then(() => { \
                    const end = Date.now() + n; while (Date.now() < end); seen.push('b') }), t().then(() => seen.push('c'))]); \
                  runs++; return `ran ${runs} ${seen.join('')}`; }";
    let hog = loaded(&sandbox, source).await;
    for ms in [0, 0, 0, 0, 60, 0, 60] {
        let frame = event(ms.to_string().as_bytes());
        let mut step = sandbox.handle(Arc::clone(&hog), EventKind::Http, frame, HOUR, &Purse::default()).await.unwrap();
        while let Outcome::Pending(_) = step.outcome {
            let frames = operations(&step).iter().map(|operation| completion(operation.id, b"")).collect();
            let Outcome::Pending(parked) = step.outcome else { unreachable!() };
            step = sandbox.resume(parked, frames, HOUR).await.unwrap();
        }
        assert_eq!(text(&step), "ran 1 abc", "{ms}");
    }
    assert!(sandbox.metrics().overruns > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_nobody_waits_for_is_stopped_or_leaves_the_queue() {
    let sandbox = start(|config| config.workers = 1);
    let hog = loaded(&sandbox, "export default () => { for (;;); }").await;
    let memory = Purse::default();
    let endless = || sandbox.handle(Arc::clone(&hog), EventKind::Http, event(b""), HOUR, &memory);
    let first = tokio::time::timeout(Duration::from_millis(300), endless());
    let queued = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let calls = (0..40).map(|_| tokio::time::timeout(Duration::from_millis(100), endless()));
        futures::future::join_all(calls).await
    };
    let (first, queued) = tokio::join!(first, queued);
    assert!(first.is_err() && queued.iter().all(Result::is_err));
    // The long worker is free: it makes this entry to its end, and nothing waits any more.
    let other = loaded(&sandbox, BUSY).await;
    let done = tokio::time::timeout(Duration::from_secs(60), busy(&sandbox, &other, 50)).await;
    assert_eq!(done.unwrap(), "ran 1");
    assert_eq!(sandbox.metrics().queued, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_loaded_while_long_entries_hold_every_long_worker() {
    let sandbox = start(|config| config.workers = 1);
    let hog = loaded(&sandbox, "export default () => { for (;;); }").await;
    let memory = Purse::default();
    let endless = tokio::time::timeout(Duration::from_secs(5), async {
        futures::future::join_all(
            (0..4).map(|_| sandbox.handle(Arc::clone(&hog), EventKind::Http, event(b""), HOUR, &memory)),
        )
        .await
    });
    let loads = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let Load { outcome, .. } = load(&sandbox, "export default () => 'new'").await;
        matches!(outcome, LoadOutcome::Loaded { .. })
    };
    let loads = tokio::time::timeout(Duration::from_secs(4), loads);
    let (endless, loads) = tokio::join!(endless, loads);
    assert!(endless.is_err(), "an endless entry ended");
    assert!(loads.unwrap(), "a small function was not loaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_after_a_panic() {
    let sandbox = start(|config| config.workers = 1);
    let fine = loaded(&sandbox, "export default () => 'fine'").await;
    assert_eq!(text(&call(&sandbox, &fine, b"").await), "fine");
    for _ in 0..3 {
        let (sender, ended) = tokio::sync::oneshot::channel::<()>();
        let task = move |_| -> futures::future::BoxFuture<'static, ()> {
            Box::pin(async move {
                let _sender = sender;
                panic!("on purpose");
            })
        };
        sandbox.begin(&fine, BUDGET, Box::new(task));
        assert!(ended.await.is_err());
        assert_eq!(text(&call(&sandbox, &fine, b"").await), "fine");
    }
}
