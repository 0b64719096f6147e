//! The composition root: names every concrete type and wires them together. Knows no details of any.
//!
//! # Layout
//! - [`databases`]: which databases the data folder has had
//! - [`embedded`]: what there is without a sidecar alone
//! - [`sidecar`]: what there is with one alone
//! - [`stop`]: signals, and the time between the first and the end of serving
//! - [`places`]: where functions and components are
//! - [`sites`]: the addresses and their rules
//! - [`faults`]: what does not work although the server serves
//! - [`engine`]: the compiled guest
//! - [`memory`]: what the memory budget is shared out to
//! - [`runtimes`]: which threads do what
mod databases;
mod embedded;
mod engine;
mod faults;
mod memory;
mod places;
mod runtimes;
mod sidecar;
mod sites;
mod stop;

pub use engine::compile;

use crate::blocks::Blocks;
use crate::blocks::actors::reminders::Timers;
use crate::blocks::actors::{self, Actors, ActorsCapability};
use crate::blocks::bindings::BindingCapability;
use crate::blocks::call::Capabilities;
use crate::blocks::configuration::ConfigurationCapability;
use crate::blocks::conversation::ConversationCapability;
use crate::blocks::crypto::CryptoCapability;
use crate::blocks::http as dapr;
use crate::blocks::invoke::{InvokeCapability, OwnApp};
use crate::blocks::jobs::JobsCapability;
use crate::blocks::locks::LockCapability;
use crate::blocks::pubsub::PubsubCapability;
use crate::blocks::secrets::SecretsCapability;
use crate::blocks::state::StateCapability;
use crate::blocks::timer::Timer;
use crate::blocks::workflow::WorkflowCapability;
use crate::budget::{Budget, sizing::Plan};
use crate::components::Components;
use crate::config::{self, Config, Connections};
use crate::dapr::Sidecar;
use crate::functions::{CheckLimits, Checker, Deployer};
use crate::http::body::Patience;
use crate::http::trust;
use crate::invoke::Invoker;
use crate::listener;
use crate::private;
use crate::sandbox::{Sandbox, heap};
use crate::snapshot::SnapshotCache;
use crate::surfaces::management::{configuration as items_api, functions, health};
use crate::surfaces::{actors as actor, bindings as inputs, requests};
use crate::telemetry::announce;
use runtimes::{Handles, Runtimes};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;

/// Whatever ends the program; its message is all that is left to say.
pub type Fatal = Box<dyn std::error::Error + Send + Sync>;

/// What a server in safe mode says of itself.
const SAFE_MODE: &str =
    "safe mode: there are no deliveries, jobs, reminders and timers until a start without --safe-mode";

/// Runs the server until a signal ends it.
pub fn serve(config: Config) -> Result<(), Fatal> {
    heap::settle();
    let components = places::components(&config)?;
    let plan = memory::share_out(&config)?;
    let runtimes = Runtimes::start()?;
    let on = runtimes.handles();
    let sandbox = engine::start(&config, plan.workers, &on.work)?;
    runtimes.block_on(run(config, plan, components, Arc::new(sandbox), on))
}

/// Runs on the runtime of tenants' work; so does what is spawned here without another word.
async fn run(
    config: Config,
    plan: Plan,
    components: Components,
    sandbox: Arc<Sandbox>,
    on: Handles,
) -> Result<(), Fatal> {
    let memory = Budget::new(plan.in_flight);
    tokio::spawn(memory::give_back(memory.clone()));
    for sentence in &config.unused {
        tracing::warn!("{sentence}");
    }
    private::folder(&config.data_dir)?;
    databases::check(&config.data_dir, &places::databases(&config))?;
    let sidecar = match &config.sidecar {
        Some(found) => Some(Sidecar::new(&found.http, found.grpc.as_deref(), found.api_token.as_deref())?),
        None => None,
    };
    if let Some(sidecar) = &sidecar {
        tokio::spawn(sidecar.clone().watch());
    }
    let registry = Arc::new(places::registry(&config, sidecar.as_ref(), memory.clone())?);
    let backends = match &sidecar {
        Some(sidecar) => Blocks::of_sidecar(sidecar),
        None => Blocks::embedded(places::store(&config)?, &config, &components).await?,
    };
    let Blocks { state, broker, secrets, configuration, locks, jobs, reminders, bindings, crypto, kept } = backends;
    databases::note(&config.data_dir, &places::databases(&config));
    let components = Arc::new(components);
    let log = kept.as_ref().map(|kept| kept.log.clone());
    let flights = kept.as_ref().map(|kept| kept.flights.clone());
    let snapshots = SnapshotCache::new(plan.snapshots, places::disk(&config, &sandbox, &registry));
    let deployer = Arc::new(Deployer {
        registry: Arc::clone(&registry),
        // This program itself, even where its file has been replaced since.
        checker: Checker::new(
            PathBuf::from("/proc/self/exe"),
            CheckLimits { time: config.check_time, memory: config.check_memory_bytes },
        )?,
        sandbox: Arc::clone(&sandbox),
        snapshots: snapshots.clone(),
        load_cpu: config.load_cpu,
        log: log.clone(),
        brokers: Arc::clone(&components.brokers),
        quotas: config.quotas.clone(),
        known: config.sidecar.is_none().then(|| places::known(&config, &components)),
    });
    if let config::RegistryPlace::Dapr { .. } = config.registry {
        let deployer = Arc::clone(&deployer);
        tokio::spawn(async move { deployer.forget_replaced().await });
    }
    let invoker =
        Invoker::new(Arc::clone(&sandbox), Arc::clone(&deployer), config.queue_wait, config.limits.memory_bytes());
    let ready = Arc::new(AtomicBool::new(true));
    let trigger = requests::Context {
        registry: Arc::clone(&registry),
        invoker: invoker.clone(),
        max_body_bytes: config.max_body_bytes,
        production: config.production,
        app_id: config.app_id.as_str().into(),
        names: Arc::new(config.names.clone()),
    };
    let own: Arc<dyn OwnApp> = Arc::new(trigger.clone());
    let stop = CancellationToken::new();
    let turns = actor::embedded::Embedded {
        state: Arc::clone(&state),
        store: components.actor_store.clone(),
        registry: Arc::clone(&registry),
        invoker: invoker.clone(),
        turns: actor::Turns::default(),
        production: config.production,
    };
    let (actors, timers): (Arc<dyn Actors>, Arc<dyn Timers>) = match &sidecar {
        Some(sidecar) => {
            let behind = Arc::new(actors::sidecar::Dapr(sidecar.clone()));
            (behind.clone(), behind)
        }
        None => {
            let timers = actor::timers::InMemory::new(turns.clone(), config.safe_mode, stop.clone());
            (Arc::new(turns.clone()), Arc::new(timers))
        }
    };
    invoker.equip(Capabilities::new(vec![
        Box::new(Timer),
        Box::new(StateCapability { store: Arc::clone(&state), broker: Arc::clone(&broker) }),
        Box::new(PubsubCapability(Arc::clone(&broker))),
        Box::new(SecretsCapability(Arc::clone(&secrets))),
        Box::new(ConfigurationCapability(Arc::clone(&configuration))),
        Box::new(BindingCapability(Arc::clone(&bindings))),
        Box::new(CryptoCapability(Arc::clone(&crypto))),
        Box::new(LockCapability {
            locks: Arc::clone(&locks),
            names: Arc::clone(&registry) as _,
            longest: config.max_lock_seconds,
        }),
        Box::new(JobsCapability(Arc::clone(&jobs))),
        Box::new(ActorsCapability {
            actors: Arc::clone(&actors),
            reminders: Arc::clone(&reminders),
            timers: Arc::clone(&timers),
        }),
        Box::new(WorkflowCapability(sidecar.clone())),
        Box::new(ConversationCapability(sidecar.clone())),
        Box::new(InvokeCapability { app_id: config.app_id.clone(), own: Arc::clone(&own), sidecar: sidecar.clone() }),
    ]));
    let dapr_api = dapr::Context {
        components: Arc::clone(&components),
        state,
        broker,
        log,
        secrets,
        configuration: Arc::clone(&configuration),
        lock: locks,
        max_lock_seconds: config.max_lock_seconds,
        jobs,
        actors,
        reminders,
        kept_reminders: kept.as_ref().map(|kept| actors::embedded::Embedded(kept.reminders.clone())),
        timers,
        crypto,
        binding: bindings,
        own,
        registry: Arc::clone(&registry),
        app_id: config.app_id.as_str().into(),
        max_body_bytes: config.max_body_bytes,
        patience: Patience::of(&config.connections),
        memory: memory.purse(),
        max_answer_bytes: config.max_answer_bytes,
        stop: stop.clone(),
        extended: Arc::default(),
    };
    let sites = sites::Sites::new(&config, Arc::clone(&registry))?;
    let room = listener::room_for_connections();
    let connections = Connections { most: config.connections.most.min(room), ..config.connections.clone() };
    let mut running = Vec::new();
    if let Some(kept) = kept.clone() {
        let (registry, invoker, stop) = (Arc::clone(&registry), invoker.clone(), stop.clone());
        let app_id = config.app_id.clone();
        let alone = embedded::Alone { components, kept, turns, configuration, app_id, registry, invoker, stop };
        if !config.safe_mode {
            running.extend(alone.start());
        }
        running.extend(alone.serve(&config, dapr_api, &connections, &sites, &memory).await?);
    }
    if config.safe_mode {
        tracing::warn!("{SAFE_MODE}");
    }
    let faults: health::Faults = Arc::new({
        let (registry, file) = (Arc::clone(&registry), kept.as_ref().map(|kept| Arc::clone(&kept.file)));
        let (data_dir, safe_mode) = (config.data_dir.clone(), config.safe_mode.then(|| SAFE_MODE.to_owned()));
        move || safe_mode.iter().cloned().chain(faults::of(&registry, file.as_ref(), &data_dir)).collect()
    });
    let mut management = health::routes(Arc::clone(&ready), sidecar.clone(), Arc::clone(&registry), faults);
    let (mut router, mut inbound) = (requests::routes(trigger.clone()), None);
    if let Some(sidecar) = sidecar {
        let behind = sidecar::Behind {
            sidecar,
            registry: Arc::clone(&registry),
            invoker: invoker.clone(),
            max_body_bytes: config.max_body_bytes,
            memory: memory.purse(),
            production: config.production,
            safe_mode: config.safe_mode,
            stop: stop.clone(),
        };
        running.extend(behind.start());
        let (called, inputs) = behind.routes();
        (router, inbound) = (router.merge(runtimes::on(called, &on.work)), inputs);
    }
    let sources = memory.purse();
    let uploads = functions::Context {
        registry,
        deployer,
        limits: config.limits.clone(),
        max_limits: config.max_limits.clone(),
        max_source_bytes: config.max_source_bytes,
        memory: sources.clone(),
        refuse_invoked: !config.manage_through_dapr,
    };
    management = management.merge(functions::routes(uploads));
    if let Some(kept) = kept {
        let context = items_api::Context {
            stores: Arc::new(kept.items),
            max_body_bytes: config.max_body_bytes,
            memory: sources,
            refuse_invoked: !config.manage_through_dapr,
        };
        management = management.merge(items_api::routes(context));
    }
    if let Some(place) = &config.admin.listen {
        let site = sites.management(&config, place, management.fallback(functions::elsewhere));
        let (there, place) = (&on.management, place.clone());
        let listener = runtimes::made_on(there, async move { sites::bind_place(&place).await }).await?;
        let serve = listener::serve(listener, site, connections.clone(), memory.purse(), stop.clone());
        running.push(there.spawn(serve));
    } else {
        router = router.merge(runtimes::on(management, &on.management));
    }
    let mut own = requests::own_routes(trigger);
    if let Some(context) = inbound {
        router = inputs::sidecar::beside(router, context);
    }
    if config.sidecar.is_some() || config.app_token.is_some() {
        router = trust::guard(router, config.app_token.as_deref());
        own = trust::guard(own, config.app_token.as_deref());
    }
    let listener = runtimes::made_on(&on.connections, sites::bind(config.listen)).await?;
    let site = sites.functions(&config, router, own);
    running.push(on.connections.spawn(listener::serve(listener, site, connections, memory.purse(), stop.clone())));
    let form = config.log_format;
    announce(form, &format!("listening on http://{}", config.listen));
    if let Some(place) = &config.admin.listen {
        announce(form, &format!("management on {place}"));
    }
    match &config.sidecar {
        Some(sidecar) => announce(form, &format!("using the Dapr sidecar at {}", sidecar.http)),
        None => announce(
            form,
            &format!(
                "Dapr's HTTP API on http://{}, gRPC on {}, app-id {}",
                config.dapr_listen, config.dapr_grpc_listen, config.app_id
            ),
        ),
    }

    let mut signals = stop::Signals::listen()?;
    signals.stop().await;
    ready.store(false, Ordering::Relaxed);
    if let Some(flights) = flights {
        flights.stop();
    }
    signals.drain(config.drain).await;
    stop.cancel();
    let finished = async {
        for task in running {
            let _ended = task.await;
        }
        invoker.finished().await;
    };
    if tokio::time::timeout(config.shutdown_grace, finished).await.is_err() {
        let grace = config.shutdown_grace.as_millis();
        tracing::warn!(
            "{} invocations still ran after {grace} ms (setting shutdown_grace_ms); they are cut off",
            invoker.running()
        );
    }
    // Whatever a disk that hangs does not take is loaded anew.
    let _slow = tokio::time::timeout(config.shutdown_grace, snapshots.flush()).await;
    if config.verify_restore > 0 {
        let times = sandbox.metrics().verified;
        announce(form, &format!("the whole memory was found to be its snapshot {times} times"));
    }
    Ok(())
}
