//! The base of a host behind the targets that need one: a database in a folder of its own, made again from time to time.
use async_trait::async_trait;
use axum::body::Bytes;
use clap::Parser;
use daplet_host::blocks::Functions;
use daplet_host::blocks::actors::reminders::{Named, SetTimer, Timers};
use daplet_host::blocks::actors::{self, Actors};
use daplet_host::blocks::call::{CallContext, error};
use daplet_host::blocks::invoke::{AppReply, AppRequest, OwnApp};
use daplet_host::code::{Code, OpError};
use daplet_host::config::{Cli, Command, Config, Secrets};
use daplet_host::host::Base;
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

/// Inputs after which the database is thrown away: it would only grow.
const INPUTS: u32 = 5_000;
/// The base of a host, and the runtime that it is called in.
pub struct Backend {
    /// With an empty registry and one secret, `a`; nothing runs jobs and reminders.
    pub base: Base,
    /// An application that echoes; no actor, no timer.
    pub functions: Functions,
    runtime: tokio::runtime::Runtime,
    inputs_left: u32,
    _folder: tempfile::TempDir,
}

thread_local! {
    static BACKEND: RefCell<Option<Backend>> = const { RefCell::new(None) };
}

impl Backend {
    fn new() -> Backend {
        // In memory where that can be had: commits wait for the disk.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let base = runtime.block_on(Base::open(config(folder.path()), u64::MAX)).unwrap();
        let functions = Functions {
            app_id: base.config.app_id.as_str().into(),
            own: Arc::new(Echo),
            actors: Arc::new(Nobody),
            timers: Arc::new(Nobody),
            names: Arc::clone(&base.registry) as _,
        };
        Backend { base, functions, runtime, inputs_left: INPUTS, _folder: folder }
    }
}

fn config(folder: &Path) -> Config {
    let data = format!("--data-dir={}", folder.display());
    let cli = Cli::parse_from(["daplet", "serve", &data, "--query-ms=10000", "--max-body-bytes=1048576"]);
    let Command::Serve(mut config) = Command::from(cli, |_| None, std::iter::empty()).unwrap() else { unreachable!() };
    config.secrets = Secrets { file: None, environment: [("a".to_owned(), "hidden".to_owned())].into() };
    config.max_answer_bytes = 1 << 20;
    config.query_sort_bytes = 1 << 20;
    *config
}

/// Runs what `body` makes to its end.
pub fn run<F: Future>(body: impl FnOnce(&Backend) -> F) -> F::Output {
    BACKEND.with_borrow_mut(|slot| {
        slot.take_if(|backend| backend.inputs_left == 0);
        let backend = slot.get_or_insert_with(Backend::new);
        backend.inputs_left -= 1;
        let future = body(backend);
        backend.runtime.block_on(future)
    })
}

/// An application that answers with what it was asked.
pub struct Echo;

#[async_trait]
impl OwnApp for Echo {
    async fn call(&self, request: AppRequest) -> AppReply {
        assert!(request.path.starts_with('/'), "{:?}", request.path);
        let status = request.headers.iter().find(|(name, _)| name == "status").and_then(|(_, s)| s.parse().ok());
        AppReply {
            status: status.unwrap_or(200),
            status_text: String::new(),
            headers: request.headers,
            body: request.body,
        }
    }
}

/// No function, so no actor.
struct Nobody;

#[async_trait]
impl Actors for Nobody {
    async fn call(&self, _: &CallContext, _: actors::Call) -> Result<Bytes, OpError> {
        Err(error(Code::ActorNoAddress, "nobody"))
    }

    async fn get(&self, _: &CallContext, _: &actors::Get) -> Result<Option<Bytes>, OpError> {
        Ok(None)
    }

    async fn save(&self, _: &CallContext, _: actors::Save) -> Result<(), OpError> {
        Ok(())
    }
}

#[async_trait]
impl Timers for Nobody {
    async fn set(&self, _: &CallContext, _: SetTimer) -> Result<(), OpError> {
        Ok(())
    }

    async fn delete(&self, _: &CallContext, _: &Named) -> Result<(), OpError> {
        Ok(())
    }
}
