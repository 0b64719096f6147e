//! test262 in the real guest and natively in the same engine: each test must end alike.
//!
//! What is compared is not the engine with the standard, but Daplet's sandbox with the engine: its libc, its stack and memory, its
//! replaced globals. A fraction of the tests runs always; `TEST262=full` (`make test262`) runs all.
use daplet_tests::server::Server;
use daplet_tests::test262::{self, Harness, Run, Test};
use futures::{StreamExt, stream};
use rquickjs::{CatchResultExt, Context, Function, Promise, Runtime};
use serde::Deserialize;
use serde_json::json;

const DRIVER: &str = include_str!("../test262/driver.js");
/// Without `TEST262=full`, one test in so many.
const FRACTION: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    not_applicable: Vec<Feature>,
    #[serde(default)]
    differs: Vec<Difference>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    feature: String,
    #[expect(dead_code, reason = "for the reader")]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// Path below `test/`; a `*` at the end stands for any rest.
    file: String,
    #[expect(dead_code, reason = "for the reader")]
    reason: String,
}

impl Difference {
    fn names(&self, file: &str) -> bool {
        self.file.strip_suffix('*').map_or(self.file == file, |prefix| file.starts_with(prefix))
    }
}

/// How a run ends natively, in a context of its own.
fn natively(text: &str) -> String {
    let runtime = Runtime::new().unwrap();
    runtime.set_max_stack_size(700 << 10);
    runtime.set_memory_limit(512 << 20);
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| {
        let run: Function = ctx.eval(DRIVER).unwrap();
        let promise: Promise = run.call((text,)).unwrap();
        promise.finish::<String>().catch(&ctx).unwrap_or_else(|_| "never done".to_owned())
    })
}

async fn in_guest(server: &Server, text: String) -> String {
    let answer = server.post("/test262", text).await;
    match (answer.status, answer.code().as_str()) {
        (200, _) => answer.text(),
        (_, "neverSettled") => "never done".to_owned(),
        (status, code) => format!("{status} {code}: {}", answer.text()),
    }
}

fn passed(test: &Test, end: &str) -> bool {
    match &test.negative {
        Some(name) => end.split(':').next() == Some(name),
        None => end == "done",
    }
}

/// How a run ended, without the message of an error: what it says differs where the guest's engine is patched.
fn outcome(end: &str) -> &str {
    end.split(':').next().unwrap_or(end)
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_end_as_they_do_natively() {
    let Some(suite) = test262::folder() else {
        println!("SKIPPED: no test262 here; set TEST262_DIR to a checkout");
        return;
    };
    let full = std::env::var("TEST262").is_ok_and(|value| value == "full");
    let text = std::fs::read_to_string(daplet_tests::root().join("tests/test262/expectations.toml")).unwrap();
    let expectations: Expectations = toml::from_str(&text).unwrap();
    let server = Server::with_high_limits().await;
    let source =
        format!("const run = {};\nexport default async (request) => run(await request.text());", DRIVER.trim_end());
    let limits = json!({"cpuMs": 30_000, "wallMs": 120_000, "memoryMb": 112, "responseBytes": 1 << 20});
    server.deploy_with(json!({"name": "test262", "source": source, "limits": limits})).await;

    let mut harness = Harness::new(&suite);
    let (mut not_applicable, mut modules) = (0, 0);
    let mut runs: Vec<(Test, Run)> = Vec::new();
    for file in test262::files(&suite)
        .iter()
        .enumerate()
        .filter(|(index, _)| full || index % FRACTION == 0)
        .map(|(_, file)| file)
    {
        let Some(test) = Test::read(&suite, file) else { continue };
        if test.features.iter().any(|used| expectations.not_applicable.iter().any(|none| none.feature == *used)) {
            not_applicable += 1;
        } else if test.has("module") {
            modules += 1;
        } else {
            for run in test.runs(&mut harness) {
                runs.push((Test::read(&suite, file).unwrap(), run));
            }
        }
    }
    let total = runs.len();
    let server = &server;
    let mut ends = stream::iter(runs)
        .map(|(test, run)| async move {
            let text = serde_json::to_string(&run).unwrap();
            let copy = text.clone();
            let native = std::thread::Builder::new().stack_size(32 << 20).spawn(move || natively(&copy)).unwrap();
            let seen = in_guest(server, text).await;
            let native = tokio::task::spawn_blocking(move || native.join().unwrap()).await.unwrap();
            (test, run.strict, seen, native)
        })
        .buffered(8);
    let (mut pass, mut native_pass, mut surprises) = (0, 0, Vec::new());
    let mut gone: Vec<&Difference> = expectations.differs.iter().collect();
    while let Some((test, strict, seen, native)) = ends.next().await {
        pass += usize::from(passed(&test, &seen));
        native_pass += usize::from(passed(&test, &native));
        if outcome(&seen) != outcome(&native) {
            let listed = expectations.differs.iter().any(|difference| difference.names(&test.file));
            gone.retain(|difference| !difference.names(&test.file));
            if !listed {
                let mode = if strict { " (strict)" } else { "" };
                surprises
                    .push(format!("{}{mode}\n  in the guest: {seen:.300}\n  natively:     {native:.300}", test.file));
            }
        }
    }
    println!(
        "test262: {total} runs; {pass} pass in the guest, {native_pass} natively; not applicable: {not_applicable} files; \
         {modules} modules are left out"
    );
    if full {
        surprises.extend(gone.iter().map(|difference| format!("{}: listed, but no longer differs", difference.file)));
    }
    assert!(total > 100, "too few tests to say anything");
    assert!(surprises.is_empty(), "{} surprises:\n{}", surprises.len(), surprises.join("\n"));
}
