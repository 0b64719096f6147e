//! The embedded default behind the targets that need one: a database in a folder of its own, made again from time to
//! time.
use axum::body::Bytes;
use daplet_abi::op::OpError;
use daplet_host::blocks::actors::reminders::{Reminders, Timer, Timers};
use daplet_host::blocks::actors::{Actor, Actors, NO_ADDRESS, Write, embedded};
use daplet_host::blocks::call::{CallContext, error};
use daplet_host::blocks::configuration::DEFAULT_CONFIGURATION_STORE;
use daplet_host::blocks::invoke::{AppReply, AppRequest, OwnApp};
use daplet_host::blocks::state::embedded::look::{Queries, QueryLimits};
use daplet_host::blocks::{bindings, configuration, crypto, jobs, locks, pubsub, secrets, state};
use daplet_host::budget::Budget;
use daplet_host::components::{Components, Sources};
use daplet_host::config::{AbsentGrants, Secrets};
use daplet_host::functions::{Common, Registry};
use daplet_host::limits::Limits;
use daplet_host::quotas::Quotas;
use daplet_host::store::{Configuration, Jobs, Locks, Log, State, Store};
use futures::future::BoxFuture;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Inputs after which the database is thrown away: it would only grow.
const INPUTS: u32 = 5_000;
/// The host's own name among applications.
pub const APP_ID: &str = "daplet";

/// The stores, and the runtime that they are called in.
pub struct Backend {
    /// Those of the default names.
    pub components: Arc<Components>,
    /// State.
    pub state: Arc<dyn state::StateStore>,
    /// Messages.
    pub broker: Arc<dyn pubsub::Broker>,
    /// Secrets, one: `a`.
    pub secrets: Arc<dyn secrets::SecretStore>,
    /// Configuration; nothing is in it.
    pub configuration: Arc<dyn configuration::ConfigurationStore>,
    /// Locks.
    pub lock: Arc<dyn locks::LockStore>,
    /// Jobs; nothing runs them.
    pub jobs: Arc<dyn jobs::JobStore>,
    /// There is no actor.
    pub actors: Arc<dyn Actors>,
    /// Reminders; nothing runs them.
    pub reminders: Arc<dyn Reminders>,
    /// No timer is started.
    pub timers: Arc<dyn Timers>,
    /// Cryptography with a folder that has no key.
    pub crypto: Arc<dyn crypto::CryptoProvider>,
    /// There is no binding.
    pub binding: Arc<dyn bindings::Bindings>,
    /// No function is in it.
    pub registry: Arc<Registry>,
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
        let store = Store::open(&folder.path().join("state.redb"), 16 << 20).unwrap();
        let (kept, locks) = (State::new(store.clone()), Locks::new(store.clone()));
        let (items, log) = (Configuration::new(store.clone()), Log::new(store.clone(), Quotas::default().messages));
        let (jobs, reminders) =
            (Jobs::new(store.clone(), Quotas::default().jobs), Jobs::reminders(store, Quotas::default().reminders));
        let environment = [("a".to_owned(), "hidden".to_owned())].into();
        let components = Components::open(&Sources {
            app_id: APP_ID,
            resources: None,
            secrets: Secrets { file: None, environment },
            keys_dir: &folder.path().join("keys"),
            bindings: BTreeMap::new(),
        });
        let components = components.unwrap();
        let (app_id, stores, brokers) =
            (APP_ID.to_owned(), components.stores.clone(), || Arc::clone(&components.brokers));
        let state = state::embedded::Embedded {
            state: kept,
            log: log.clone(),
            app_id: app_id.clone(),
            stores,
            brokers: brokers(),
            queries: Queries::new(QueryLimits { time: Duration::from_secs(10), sort_bytes: 1 << 20 }),
        };
        let broker = pubsub::embedded::Embedded { log, app_id, brokers: brokers() };
        let items = [(DEFAULT_CONFIGURATION_STORE.to_owned(), items)].into();
        Backend {
            secrets: Arc::new(secrets::embedded::Embedded(components.secrets.clone())),
            configuration: Arc::new(configuration::embedded::Embedded(items)),
            state: Arc::new(state),
            broker: Arc::new(broker),
            lock: Arc::new(locks::embedded::Embedded { locks, stores: components.locks.clone() }),
            jobs: Arc::new(jobs::embedded::Embedded(jobs)),
            actors: Arc::new(Nobody),
            reminders: Arc::new(embedded::Embedded(reminders)),
            timers: Arc::new(Nobody),
            crypto: Arc::new(crypto::embedded::Embedded { folders: components.keys.clone() }),
            binding: Arc::new(bindings::embedded::Embedded::new(BTreeMap::new()).unwrap()),
            registry: Arc::new(
                Registry::open(
                    &folder.path().join("functions.redb"),
                    1 << 20,
                    Common {
                        guest: [0; 32],
                        memory: Budget::new(u64::MAX),
                        ceilings: Limits::default(),
                        absent: AbsentGrants::Open,
                    },
                )
                .unwrap(),
            ),
            components: Arc::new(components),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            inputs_left: INPUTS,
            _folder: folder,
        }
    }
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

impl OwnApp for Echo {
    fn call(&self, request: AppRequest) -> BoxFuture<'_, AppReply> {
        assert!(request.path.starts_with('/'), "{:?}", request.path);
        let status = request.headers.iter().find(|(name, _)| name == "status").and_then(|(_, s)| s.parse().ok());
        let reply = AppReply {
            status: status.unwrap_or(200),
            status_text: String::new(),
            headers: request.headers,
            body: request.body,
        };
        Box::pin(std::future::ready(reply))
    }
}

/// No function, so no actor.
struct Nobody;

impl Actors for Nobody {
    fn call<'a>(&'a self, _: &'a CallContext, _: Actor, _: &'a str, _: Bytes) -> BoxFuture<'a, Result<Bytes, OpError>> {
        Box::pin(async { Err(error(NO_ADDRESS, "nobody")) })
    }

    fn get<'a>(
        &'a self,
        _: &'a CallContext,
        _: &'a Actor,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<Bytes>, OpError>> {
        Box::pin(async { Ok(None) })
    }

    fn save<'a>(&'a self, _: &'a CallContext, _: &'a Actor, _: Vec<Write>) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async { Ok(()) })
    }
}

impl Timers for Nobody {
    fn set<'a>(&'a self, _: &'a CallContext, _: &'a Actor, _: &'a str, _: Timer) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async { Ok(()) })
    }

    fn delete<'a>(&'a self, _: &'a CallContext, _: &'a Actor, _: &'a str) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async { Ok(()) })
    }
}
