//! JavaScript in the guest against the same engine compiled natively: `cargo bench -p daplet-host --bench compute`.
//!
//! Each program in `programs/` defines `run()`, whose result must be the same in both. Times are the best of many runs, guest and
//! native in turn, by the clock on either side of `run()`: what is compared is the engine, not the request around it.
#![allow(clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use daplet_abi::EventKind;
use daplet_host::budget::Purse;
use daplet_host::sandbox::{Sandbox, Snapshot};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often guest and native take turns, and runs per turn.
const TURNS: usize = 12;
const RUNS: usize = 8;

/// Answers with the result and the best time of a few runs, µs.
const MEASURE: &str = "const measure = (runs, now) => { let result, best = Infinity; \
                       for (let i = 0; i < runs; i++) { const t = now(); result = run(); best = Math.min(best, now() - t) } \
                       return [String(result), String(best * 1e3)].join() };";

fn main() {
    let sandbox = start(|config| config.workers = 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/programs");
    let mut programs: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    programs.sort();
    println!("| program | guest µs | native QuickJS µs | ratio |\n|---|---|---|---|");
    let mut product = 1.0;
    for path in &programs {
        let source = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let module = format!("{source}\n{MEASURE}\nexport default () => measure({RUNS}, () => performance.now())");
        let function = runtime.block_on(loaded(&sandbox, &module));
        let native = Native::new(&source);
        let (mut best_guest, mut best_native) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..TURNS {
            let (wanted, time) = native.run();
            best_native = best_native.min(time);
            let (seen, time) = in_guest(&sandbox, &runtime, &function);
            best_guest = best_guest.min(time);
            assert_eq!(seen, wanted, "{name}: guest and native differ");
        }
        product *= best_guest / best_native;
        println!("| {name} | {best_guest:.0} | {best_native:.0} | {:.2}x |", best_guest / best_native);
    }
    println!("| geometric mean | | | {:.2}x |", product.powf(1.0 / programs.len() as f64));
}

fn split(text: &str) -> (String, f64) {
    let (result, time) = text.rsplit_once(',').unwrap_or_else(|| panic!("{text}"));
    (result.to_owned(), time.parse().unwrap())
}

fn in_guest(sandbox: &Sandbox, runtime: &tokio::runtime::Runtime, function: &Arc<Snapshot>) -> (String, f64) {
    let memory = Purse::default();
    let step = sandbox.handle(Arc::clone(function), EventKind::Http, event(b""), Duration::from_secs(10), &memory);
    split(&text(&runtime.block_on(step).unwrap()))
}

/// The engine without Wasm around it.
struct Native(rquickjs::Context);

impl Native {
    fn new(source: &str) -> Native {
        let context = rquickjs::Context::full(&rquickjs::Runtime::new().unwrap()).unwrap();
        context.with(|ctx| {
            ctx.eval::<(), _>(format!("{source}\n{MEASURE}")).unwrap();
        });
        Native(context)
    }

    fn run(&self) -> (String, f64) {
        let text: String = self.0.with(|ctx| ctx.eval(format!("measure({RUNS}, () => performance.now())")).unwrap());
        split(&text)
    }
}
