//! Random programs in a fresh heap in WebAssembly and natively in the same engine: both must print the same.
//!
//! `DIFFERENTIAL_SEED` and `DIFFERENTIAL_COUNT` choose the programs; a failure names the seed that shows it again.
use daplet_tests::programs::{PRELUDE, program};
use daplet_tests::server::Server;
use futures::{StreamExt, stream};
use rquickjs::{CatchResultExt, Context, Function, Promise, Runtime};
use serde_json::json;

/// Programs that run when nothing else is asked for: some seconds.
const COUNT: u64 = 1_500;

fn setting(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap_or_else(|e| panic!("{name}: {e}")))
}

/// What a program prints natively, in a context of its own.
fn natively(source: &str) -> String {
    let runtime = Runtime::new().unwrap();
    runtime.set_max_stack_size(4 << 20);
    runtime.set_memory_limit(256 << 20);
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| {
        let run: Function = ctx.eval(PRELUDE).unwrap();
        let promise: Promise = run.call((source,)).unwrap();
        let printed = promise.finish::<String>().catch(&ctx);
        printed.unwrap_or_else(|e| format!("not finished: {e}"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_print_the_same_in_the_sandbox() {
    let server = Server::with_high_limits().await;
    let source =
        format!("const run = {};\nexport default async (request) => run(await request.text());", PRELUDE.trim_end());
    let limits = json!({"cpuMs": 20_000, "wallMs": 60_000, "memoryMb": 112});
    server.deploy_with(json!({"name": "run", "source": source, "limits": limits})).await;

    // Each run tries other programs, and every failure can be had again.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let first = setting("DIFFERENTIAL_SEED").unwrap_or(now.as_secs() << 24);
    let count = setting("DIFFERENTIAL_COUNT").unwrap_or(COUNT);
    let server = &server;
    let mut results = stream::iter(first..first + count)
        .map(|seed| async move {
            let text = program(seed);
            let copy = text.clone();
            let native = std::thread::Builder::new().stack_size(16 << 20).spawn(move || natively(&copy)).unwrap();
            let answer = server.post("/run", text.clone()).await;
            (seed, text, answer, native.join().unwrap())
        })
        .buffered(4);
    let (mut lines, mut errors, mut exhausted) = (0, 0, 0);
    while let Some((seed, text, answer, native)) = results.next().await {
        let sandboxed = answer.text();
        // Values take more memory natively, and programs go on after running out of it: where they end does not matter.
        if [&sandboxed, &native].iter().any(|printed| printed.contains("out of memory"))
            || answer.code() == "exceededMemory"
        {
            exhausted += 1;
            continue;
        }
        if answer.status != 200 || sandboxed != native {
            let (wasm, own) = first_difference(&sandboxed, &native);
            panic!(
                "DIFFERENTIAL_SEED={seed} DIFFERENTIAL_COUNT=1\n{text}\nstatus {}\nin the sandbox: {wasm}\nnatively:       {own}",
                answer.status
            );
        }
        lines += native.lines().count();
        errors += native.lines().filter(|line| line.starts_with("\"E\"")).count();
    }
    println!(
        "{count} programs from {first}: {lines} lines alike, {errors} of them errors; {exhausted} ran out of memory"
    );
    assert!(exhausted <= 1 + count / 20, "{exhausted} programs ran out of memory");
    assert!(lines > 5 * count as usize, "the programs print too little to compare");
    assert!(errors < lines / 2, "most of the programs fail at once");
}

fn first_difference<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    let (mut a, mut b) = (a.lines(), b.lines());
    loop {
        match (a.next(), b.next()) {
            (Some(x), Some(y)) if x == y => {}
            (x, y) => return (x.unwrap_or("(end)"), y.unwrap_or("(end)")),
        }
    }
}
