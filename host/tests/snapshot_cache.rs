//! The cache of loaded functions: one load for many callers, nothing kept of a failure, bytes bounded, files checked.
#![allow(clippy::unwrap_used)]
mod common;

use common::*;
use daplet_host::sandbox::LoadOutcome;
use daplet_host::snapshot::{Disk, Loaded, SnapshotCache, SnapshotKey};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
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

fn on_disk(folder: &Path, max_bytes: u64, live: &[SnapshotKey]) -> SnapshotCache {
    SnapshotCache::new(
        max_bytes,
        Some(Disk::open(folder, 64 << 20, Arc::clone(shared().program()), Some(live)).unwrap()),
    )
}

#[tokio::test]
async fn what_memory_drops_comes_back_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, loads) = (on_disk(folder.path(), 200 << 10, &[]), AtomicUsize::new(0));
    let source = |n: usize| format!("const own = 'x'.repeat(20000); export default () => own.length + {n}");
    for round in 0..3 {
        for n in 0..40 {
            let loaded = cache.get_or_load(key(&source(n)), make(&source(n), &loads)).await.unwrap();
            assert_eq!(text(&call(shared(), &loaded.snapshot, b"").await), (20000 + n).to_string());
            if round == 0 {
                // What a lookup made is only offered to the writer, which may be busy.
                cache.flush().await;
            }
        }
    }
    cache.settle().await;
    assert!(cache.bytes() <= 200 << 10, "{}", cache.bytes());
    assert_eq!((loads.load(SeqCst), cache.lookups().made), (40, 40));
    assert!((1..=80).contains(&cache.lookups().read), "{:?}", cache.lookups());
    cache.remove(&key(&source(0))).await;
    cache.flush().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 39);
}

type Change = fn(&mut Vec<u8>);

/// Files whose checksum is right but that are of something else: no accident makes them, a change of the server might.
#[tokio::test]
async fn a_sound_file_of_something_else_is_not_used() {
    let changes: &[(&str, Change)] = &[
        ("nothing", |_| {}),
        ("format", |bytes| bytes[8] += 1),
        ("base image", |bytes| bytes[12] ^= 1),
        ("key", |bytes| bytes[44] ^= 1),
        ("report beyond the end", |bytes| bytes[76..80].fill(0xff)),
        ("no report", |bytes| bytes[76..80].fill(0)),
        ("one byte more", |bytes| bytes.push(0)),
        ("only the head", |bytes| bytes.truncate(30)),
    ];
    let source = "export default () => 'mine'";
    for (what, change) in changes {
        let (folder, loads) = (tempfile::tempdir().unwrap(), AtomicUsize::new(0));
        let cache = on_disk(folder.path(), 1 << 20, &[]);
        cache.get_or_load(key(source), make(source, &loads)).await.unwrap();
        cache.flush().await;
        let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 32);
        change(&mut bytes);
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        std::fs::write(&path, bytes).unwrap();

        let cache = on_disk(folder.path(), 1 << 20, &[key(source)]);
        let loaded = cache.get_or_load(key(source), make(source, &loads)).await.unwrap();
        assert_eq!(text(&call(shared(), &loaded.snapshot, b"").await), "mine");
        let made = u64::from(*what != "nothing");
        assert_eq!((cache.lookups().read, cache.lookups().made), (1 - made, made), "{what}");
    }
}
