//! A sandbox around the real guest, shared by the tests of one program.
#![allow(dead_code, clippy::unwrap_used)]

use daplet_abi::event::HttpEvent;
use daplet_abi::frame::{Frame, encode};
use daplet_abi::load::LoadRequest;
use daplet_abi::op::{Completion, Operation};
use daplet_abi::reply::{JsError, Reply};
use daplet_abi::{EventKind, op};
use daplet_host::budget::Purse;
use daplet_host::sandbox::{Load, LoadOutcome, Outcome, Program, Sandbox, SandboxConfig, SandboxError, Snapshot, Step};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// CPU budget of a usual call.
pub const BUDGET: Duration = Duration::from_millis(50);

/// The guest under test; `DAPLET_GUEST_UNDER_TEST` names another one, to compare two builds.
pub fn guest() -> Vec<u8> {
    let other = std::env::var("DAPLET_GUEST_UNDER_TEST");
    std::fs::read(other.as_deref().unwrap_or(env!("DAPLET_GUEST_WASM"))).expect("the guest is built")
}

/// Where tests keep the compiled guest.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("aot")
}

/// Starts a sandbox.
pub fn start(config: impl FnOnce(&mut SandboxConfig)) -> Sandbox {
    let mut settings = SandboxConfig { cache_dir: cache(), workers: 2, ..SandboxConfig::default() };
    config(&mut settings);
    Sandbox::start(settings, &guest(), |progress| eprintln!("{progress:?}")).expect("the sandbox starts")
}

/// One sandbox for all tests of the program; every restore in it is verified.
pub fn shared() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| start(|config| config.verify_restore = 1))
}

/// The frame that loads `source`.
pub fn load_frame(source: &str) -> Vec<u8> {
    let request = LoadRequest {
        name: "test".to_owned(),
        file: "test.js".to_owned(),
        version: "1".to_owned(),
        env: Default::default(),
        memory_bytes: 64 << 20,
    };
    encode(&request, source.as_bytes()).unwrap()
}

/// Loads `source`, however it goes.
pub async fn load(sandbox: &Sandbox, source: &str) -> Load {
    load_into(sandbox, sandbox.program(), source).await
}

/// Loads `source` in `program`, however it goes.
pub async fn load_into(sandbox: &Sandbox, program: &Arc<Program>, source: &str) -> Load {
    let turn = async { Ok::<_, SandboxError>(()) };
    sandbox.load(program, load_frame(source), Duration::from_millis(500), turn).await.unwrap()
}

/// Loads `source`, which must work.
pub async fn loaded(sandbox: &Sandbox, source: &str) -> Arc<Snapshot> {
    match load(sandbox, source).await.outcome {
        LoadOutcome::Loaded { snapshot, .. } => snapshot,
        LoadOutcome::JsError(frame) => panic!("{}", String::from_utf8_lossy(&frame)),
        LoadOutcome::Trap(trap) => panic!("{trap}"),
    }
}

/// A GET request with `body`.
pub fn event(body: &[u8]) -> Vec<u8> {
    let event = HttpEvent {
        request_id: "r1".to_owned(),
        traceparent: None,
        caller: None,
        method: if body.is_empty() { "GET" } else { "POST" }.to_owned(),
        url: "http://localhost/?name=World".to_owned(),
        mount: "/test".to_owned(),
        headers: vec![("accept".to_owned(), "*/*".to_owned())],
    };
    encode(&event, body).unwrap()
}

/// Calls the function once.
pub async fn call(sandbox: &Sandbox, snapshot: &Arc<Snapshot>, body: &[u8]) -> Step {
    sandbox.handle(Arc::clone(snapshot), EventKind::Http, event(body), BUDGET, &Purse::default()).await.unwrap()
}

/// The body of a step's reply.
pub fn text(step: &Step) -> String {
    match step.writes.first().map(|frame| Frame::decode(frame).unwrap()) {
        Some(frame) => match frame.parse_head::<Reply>().unwrap() {
            Reply::Response { .. } => String::from_utf8_lossy(frame.body).into_owned(),
            other => format!("{other:?}"),
        },
        None => format!("{:?}", step.outcome),
    }
}

/// The error that a step wrote.
pub fn error(step: &Step) -> JsError {
    let frame = step.writes.last().expect("a frame");
    match Frame::decode(frame).unwrap().parse_head::<Reply>().unwrap() {
        Reply::Error(error) => error,
        other => panic!("{other:?}"),
    }
}

/// The operations of a step.
pub fn operations(step: &Step) -> Vec<Operation> {
    step.submits.iter().map(|frame| Frame::decode(frame).unwrap().parse_head().unwrap()).collect()
}

/// A completion without fields.
pub fn completion(id: u32, body: &[u8]) -> Vec<u8> {
    encode(&Completion { id, outcome: op::Outcome::Ok(serde_json::json!({})) }, body).unwrap()
}

/// Runs a step to its end, completing every operation at once.
pub async fn finish(sandbox: &Sandbox, mut step: Step) -> Step {
    loop {
        let frames = operations(&step).iter().map(|operation| completion(operation.id, b"")).collect();
        match step.outcome {
            Outcome::Pending(parked) => step = sandbox.resume(parked, frames, BUDGET).await.unwrap(),
            _ => return step,
        }
    }
}
