//! The sandbox around the real guest: answers, isolation, limits, parking.
#![allow(clippy::unwrap_used)]
mod common;

use common::*;
use daplet_host::sandbox::{LoadOutcome, Outcome};

#[tokio::test]
async fn answers_from_a_fresh_heap_each_time() {
    let sandbox = shared();
    let source = "let n = 0; export default function () { n++; globalThis.seen = (globalThis.seen ?? 0) + 1; \
                  Array.prototype.leak ??= n; return 'n=' + n + ' seen=' + globalThis.seen + ' ' + [].leak; }";
    let function = loaded(sandbox, source).await;
    for _ in 0..200 {
        let step = call(sandbox, &function, b"").await;
        assert!(matches!(step.outcome, Outcome::Done), "{:?}", step.outcome);
        assert_eq!(text(&step), "n=1 seen=1 1");
    }
}

#[tokio::test]
async fn reports_a_failed_load() {
    let load = load(shared(), "export default function () { return 1 } throw new TypeError('no');").await;
    let LoadOutcome::JsError(frame) = load.outcome else { panic!("{:?}", load.outcome) };
    assert!(String::from_utf8_lossy(&frame).contains("TypeError"));
}
