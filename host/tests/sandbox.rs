//! The sandbox around the real guest: answers, isolation, limits, parking.
#![allow(clippy::unwrap_used)]
mod common;

use common::*;
use daplet_host::budget::Purse;
use daplet_host::sandbox::{LoadOutcome, Outcome, Program};
use std::sync::Arc;

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
async fn functions_of_two_programs_take_turns_in_one_slot() {
    let sandbox = start(|config| {
        (config.workers, config.slots_per_worker, config.verify_restore) = (1, 1, 1);
    });
    let second = Program::start(&cache(), &guest(), |_| {}).unwrap();
    assert!(!Arc::ptr_eq(&second, sandbox.program()));
    let source =
        "let n = 0; export default async () => { n++; await new Promise(r => setTimeout(r, 1)); return 'n=' + n }";
    let first = loaded(&sandbox, source).await;
    let load = load_into(&sandbox, &second, source).await;
    let LoadOutcome::Loaded { snapshot: other, .. } = load.outcome else { panic!("{:?}", load.outcome) };
    assert!(Arc::ptr_eq(other.program(), &second));
    for _ in 0..3 {
        let waiting = [call(&sandbox, &first, b"").await, call(&sandbox, &other, b"").await];
        for step in waiting {
            assert!(matches!(step.outcome, Outcome::Pending(_)), "{:?}", step.outcome);
            assert_eq!(text(&finish(&sandbox, step).await), "n=1");
        }
    }
}

#[tokio::test]
async fn reports_a_failed_load() {
    let load = load(shared(), "export default function () { return 1 } throw new TypeError('no');").await;
    let LoadOutcome::JsError(frame) = load.outcome else { panic!("{:?}", load.outcome) };
    assert!(String::from_utf8_lossy(&frame).contains("TypeError"));
}

#[tokio::test]
async fn parks_and_resumes_on_any_thread() {
    let sandbox = shared();
    let source = "export default async request => { const text = await request.text(); \
                  for (let i = 0; i < 3; i++) await new Promise(r => setTimeout(r, 1)); \
                  return text + Math.random(); }";
    let function = loaded(sandbox, source).await;
    let mut waiting = Vec::new();
    for index in 0..300 {
        let step = call(sandbox, &function, format!("body {index} ").as_bytes()).await;
        assert!(matches!(step.outcome, Outcome::Pending(_)), "{}", text(&step));
        waiting.push(step);
    }
    let parked: usize =
        waiting.iter().map(|step| if let Outcome::Pending(p) = &step.outcome { p.weight() } else { 0 }).sum();
    assert!(parked / waiting.len() < 150 << 10, "{} bytes each", parked / waiting.len());
    assert!(sandbox.metrics().parked >= 300);
    let ends = futures::future::join_all(waiting.into_iter().map(|step| finish(sandbox, step))).await;
    let mut seen = std::collections::HashSet::new();
    for (index, end) in ends.iter().enumerate() {
        assert!(text(end).starts_with(&format!("body {index} ")), "{}", text(end));
        assert!(seen.insert(text(end)), "the same random number twice");
    }
}

#[tokio::test]
async fn delivers_several_completions_in_one_entry() {
    let sandbox = shared();
    let source = "export default async () => { const t = ms => new Promise(r => setTimeout(r, ms)); \
                  await Promise.all([t(1), t(2), t(3)]); return 'all'; }";
    let function = loaded(sandbox, source).await;
    let step = call(sandbox, &function, b"").await;
    let operations = operations(&step);
    assert_eq!(operations.len(), 3);
    assert_eq!(text(&finish(sandbox, step).await), "all");
}

#[tokio::test]
async fn two_functions_share_slots_without_meeting() {
    let sandbox = start(|config| {
        config.workers = 1;
        config.slots_per_worker = 1;
        config.verify_restore = 1;
    });
    let small = loaded(&sandbox, "const own = 'small'; export default () => own + typeof globalThis.huge;").await;
    let large = loaded(
        &sandbox,
        "globalThis.huge = []; for (let i = 0; i < 60000; i++) huge.push({ i }); export default () => 'large' + huge.length;",
    )
    .await;
    assert!(large.weight() > 1 << 20, "{large:?}");
    for _ in 0..30 {
        assert_eq!(text(&call(&sandbox, &small, b"").await), "smallundefined");
        assert_eq!(text(&call(&sandbox, &large, b"").await), "large60000");
    }
    let metrics = sandbox.metrics();
    assert!(metrics.rebinds >= 59 && metrics.verified >= 119, "{metrics:?}");
}

#[tokio::test]
async fn restores_whatever_was_written() {
    let sandbox = shared();
    let source = "let rounds = 0; export default async request => { rounds++; const seed = Number(await request.text()); \
                  let x = seed * 2654435761 >>> 0; const keep = []; \
                  for (let i = 0; i < 200; i++) { x = (x * 1664525 + 1013904223) >>> 0; \
                    keep.push(x % 3 ? new Uint8Array(x % 20000).fill(x) : 'x'.repeat(x % 5000) + i); } \
                  globalThis.kept = keep; return String(rounds); }";
    let function = loaded(sandbox, source).await;
    for seed in 0..400 {
        let step = call(sandbox, &function, seed.to_string().as_bytes()).await;
        assert_eq!(text(&step), "1");
    }
}

/// Code that must not get away: whatever it does, the caller gets an error in time and the next call works.
const HOSTILE: [(&str, &str); 17] = [
    ("endless loop", "for (;;);"),
    ("recursion", "const f = n => f(n + 1) + 1; return f(0)"),
    ("deep JSON.parse", "return JSON.parse('['.repeat(200000))"),
    ("deep JSON.stringify", "let a = []; for (let i = 0; i < 100000; i++) a = [a]; return JSON.stringify(a)"),
    ("catastrophic regex", "return /(a*)*b/.test('a'.repeat(40))"),
    ("deep regex", "return new RegExp('('.repeat(50000) + ')'.repeat(50000)).test('x')"),
    ("toString recursion", "const o = { toString() { return '' + o } }; return '' + o"),
    ("deep proxies", "let p = {}; for (let i = 0; i < 100000; i++) p = new Proxy(p, {}); return p.x"),
    ("deep source", "return (0, eval)('('.repeat(100000) + '1' + ')'.repeat(100000))"),
    ("deep bind", "let f = () => 1; for (let i = 0; i < 100000; i++) f = f.bind(null); return f()"),
    ("endless arrays", "const a = []; for (;;) a.push(new Array(1000).fill(1))"),
    ("endless string", "let a = 'x'; for (;;) a += a"),
    ("endless fill", "const a = new Uint8Array(1 << 20); for (let n = 0;; n++) a.fill(n)"),
    ("getter recursion", "const o = { get x() { return this.x } }; return o.x"),
    ("endless sort", "for (;;) Array.from({ length: 50000 }, (_, i) => -i).sort()"),
    ("endless microtasks", "const f = () => Promise.resolve().then(f); await f(); return 1"),
    ("one long native loop", "return new Uint8Array(30 << 20).fill(1).join().length"),
];

async fn survives(sandbox: &daplet_host::sandbox::Sandbox, name: &str, body: &str) {
    let function = loaded(sandbox, &format!("export default async () => {{ {body} }}")).await;
    for _ in 0..2 {
        let step = call(sandbox, &function, b"").await;
        eprintln!("{name}: {:?} {} {:?}", step.outcome, text(&step).chars().take(150).collect::<String>(), step.cpu);
        assert!(matches!(step.outcome, Outcome::Trap(_) | Outcome::JsError), "{name}: {}", text(&step));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_code_comes_back_as_an_error_while_others_run() {
    let sandbox = start(|config| config.workers = 4);
    let fine = loaded(&sandbox, "export default () => 'fine'").await;
    let stop = std::sync::atomic::AtomicBool::new(false);
    let others = async {
        let mut calls = 0;
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            assert_eq!(text(&call(&sandbox, &fine, b"").await), "fine");
            calls += 1;
        }
        calls
    };
    let hostile = async {
        futures::future::join_all(HOSTILE.iter().map(|(name, body)| survives(&sandbox, name, body))).await;
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (calls, ()) = tokio::join!(others, hostile);
    assert!(calls > 0);
}

#[tokio::test]
async fn a_stopped_entry_never_harms_the_next() {
    let sandbox = start(|config| config.workers = 1);
    let source = "export default async request => { const n = Number(await request.text()); \
                  const end = Date.now() + n; while (Date.now() < end); return 'ran'; }";
    let function = loaded(&sandbox, source).await;
    let mut stopped = 0;
    // Around the budget: some end by themselves just when the watchdog comes.
    // On a busy machine few are stopped: the loop is bound by the clock, the budget by CPU time.
    for round in 0..600 {
        if round >= 60 && stopped > 0 {
            break;
        }
        let busy = if round % 2 == 0 { 2 + round % 7 } else { 0 };
        let budget = std::time::Duration::from_millis(4);
        let frame = event(busy.to_string().as_bytes());
        let step = sandbox
            .handle(function.clone(), daplet_abi::EventKind::Http, frame, budget, &Purse::default())
            .await
            .unwrap();
        match step.outcome {
            Outcome::Done => assert_eq!(text(&step), "ran"),
            Outcome::Trap(daplet_host::sandbox::Trap::Cpu) if busy > 0 => stopped += 1,
            other => panic!("round {round}: {other:?}"),
        }
    }
    assert!(stopped > 0);
}

#[tokio::test]
async fn an_endless_top_level_is_stopped() {
    let load = load(shared(), "for (;;); export default 1;").await;
    assert!(matches!(load.outcome, LoadOutcome::Trap(daplet_host::sandbox::Trap::Cpu)), "{:?}", load.outcome);
}
