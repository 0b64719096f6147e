//! The cache of loaded functions: one load for many callers, nothing kept of a failure, bytes bounded.
#![allow(clippy::unwrap_used)]
mod common;

use common::*;
use daplet_host::sandbox::LoadOutcome;
use daplet_host::snapshot::{Loaded, SnapshotCache, SnapshotKey};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

async fn make(source: &str, loads: &AtomicUsize) -> Result<Loaded, String> {
    loads.fetch_add(1, SeqCst);
    match load(shared(), source).await.outcome {
        LoadOutcome::Loaded { snapshot, report } => Ok(Loaded { snapshot, report }),
        LoadOutcome::JsError(frame) => Err(String::from_utf8_lossy(&frame).into_owned()),
        LoadOutcome::Trap(trap) => Err(trap.to_string()),
    }
}

fn key(source: &str) -> SnapshotKey {
    SnapshotKey::new(&SnapshotKey::guest(&guest()), &load_frame(source))
}

#[tokio::test]
async fn many_callers_share_one_load() {
    let (cache, loads) = (SnapshotCache::new(64 << 20, None), AtomicUsize::new(0));
    let source = "export default () => 'shared'";
    let all = (0..50).map(|_| cache.get_or_load(key(source), make(source, &loads)));
    for loaded in futures::future::join_all(all).await {
        assert_eq!(text(&call(shared(), &loaded.unwrap().snapshot, b"").await), "shared");
    }
    assert_eq!(loads.load(SeqCst), 1);
}

#[tokio::test]
async fn a_failure_is_tried_again() {
    let (cache, loads) = (SnapshotCache::new(64 << 20, None), AtomicUsize::new(0));
    let source = "throw new Error('always')";
    for round in 1..=2 {
        let error = cache.get_or_load(key(source), make(source, &loads)).await.unwrap_err();
        assert!(error.contains("always"), "{error}");
        assert_eq!(loads.load(SeqCst), round);
    }
}

#[tokio::test]
async fn stays_within_its_bytes() {
    let (cache, loads) = (SnapshotCache::new(200 << 10, None), AtomicUsize::new(0));
    for n in 0..40 {
        let source = format!("const own = 'x'.repeat(20000); export default () => own.length + {n}");
        cache.get_or_load(key(&source), make(&source, &loads)).await.unwrap();
    }
    cache.settle().await;
    assert!(cache.bytes() <= 200 << 10, "{}", cache.bytes());
    assert!((1..40).contains(&cache.len()), "{}", cache.len());
}
