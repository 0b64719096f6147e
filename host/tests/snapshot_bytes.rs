//! Snapshots as bytes: the same base image in every process, and a function that comes back as it was.
#![allow(clippy::unwrap_used)]
mod common;

use common::*;
use std::sync::Arc;

/// A small heap, and one so large that its snapshot has an image of its own.
const SOURCES: &[&str] = &[
    "const loaded = Math.random(); export default () => String(loaded)",
    "const loaded = Math.random(); const much = Array.from({ length: 200000 }, (_, i) => i * loaded); \
     export default () => much.reduce((a, b) => a + b, 0) + ' ' + loaded",
];

#[tokio::test]
async fn a_function_comes_back_in_another_sandbox() {
    // Each start runs the guest's `init` again, as another process does.
    let other = start(|config| config.verify_restore = 1);
    let (from, to) = (shared().program(), other.program());
    assert_eq!(from.digest(), to.digest());
    for source in SOURCES {
        let snapshot = loaded(shared(), source).await;
        let expected = text(&call(shared(), &snapshot, b"").await);
        let (mut bytes, mut again) = (Vec::new(), Vec::new());
        from.encode(&snapshot, &mut bytes);
        let back = Arc::new(to.decode(&bytes).unwrap());
        assert_eq!(back.weight(), snapshot.weight());
        for _ in 0..3 {
            assert_eq!(text(&call(&other, &back, b"").await), expected);
        }
        to.encode(&back, &mut again);
        assert!(bytes == again, "the bytes changed");
    }
}

type Change<'a> = &'a dyn Fn(&mut Vec<u8>);

#[tokio::test]
async fn bytes_that_make_no_sense_are_refused() {
    let program = shared().program();
    let mut bytes = Vec::new();
    program.encode(&*loaded(shared(), SOURCES[0]).await, &mut bytes);
    let pages = u32::from_le_bytes(bytes[..4].try_into().unwrap());
    let with = |change: Change| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        program.decode(&bytes).map(drop).map_err(|e| e.kind())
    };
    assert_eq!(with(&|_| {}), Ok(()));
    let refused: &[Change] = &[
        &|bytes| bytes.clear(),
        &|bytes| bytes.truncate(bytes.len() - 1),
        &|bytes| bytes.push(0),
        &|bytes| bytes.truncate(100),
        // More pages than there are bytes, one page less, pages that fall, a page beyond what Wasm addresses.
        &|bytes| bytes[..4].fill(0xff),
        &|bytes| bytes[..4].copy_from_slice(&(pages - 1).to_le_bytes()),
        &|bytes| bytes[4..8].fill(0xff),
        &|bytes| bytes[4 + 12 * (pages as usize - 1)..][..4].copy_from_slice(&(1u32 << 20).to_le_bytes()),
        // A line more or less than there are bytes for.
        &|bytes| bytes[8] ^= 1,
    ];
    for (index, change) in refused.iter().enumerate() {
        assert_eq!(with(change), Err(std::io::ErrorKind::InvalidData), "case {index}");
    }
}
