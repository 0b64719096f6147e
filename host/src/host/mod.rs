//! The host as a value: everything between the configuration and the sockets, built once and drained once.
//!
//! Owns: which concrete type stands behind each seam, and in which order they start and end. Must not know: signals, the
//! log, what else runs in the process: there may be several hosts.
//!
//! # Layout
//! - [`base`]: what a host has before it has an engine
//! - [`serving`]: surfaces made of a host, and the addresses that they are served at
//! - [`capabilities`]: the parts of the blocks that call functions
//! - [`databases`]: which databases the data folder has had; [`storage`] opens them
//! - [`sites`]: the rules of each address
//! - [`faults`]: faults of a host that serves nevertheless
//! - [`engine`]: the compiled guest; [`memory`] how the memory budget is divided
//! - [`runtimes`]: which threads do what
mod base;
mod capabilities;
mod databases;
mod engine;
mod faults;
mod memory;
mod runtimes;
mod serving;
mod sites;
mod storage;

pub use base::Base;
pub use engine::compile;
pub use serving::{Listeners, Serving};

use crate::blocks::Functions;
use crate::config::{Config, RegistryPlace};
use crate::functions::{CheckLimits, Checker, Deployer, FairQueue};
use crate::invoke::{Calls, Invoker};
use crate::observer::Observer;
use crate::sandbox::{Sandbox, heap};
use crate::snapshot::SnapshotCache;
use crate::surfaces::actors::embedded::Embedded;
use runtimes::Runtimes;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Modules that may wait for a long worker to evaluate them.
const EVALUATIONS: usize = 256;

/// Why a host cannot be built or served; its message is all that is left to say.
pub type Fatal = Box<dyn std::error::Error + Send + Sync>;

/// A host. It serves nothing until [`Host::serve`].
pub struct Host {
    base: Base,
    deployer: Arc<Deployer>,
    invoker: Invoker,
    functions: Functions,
    turns: Embedded,
    snapshots: SnapshotCache,
    sandbox: Arc<Sandbox>,
    ready: Arc<AtomicBool>,
    /// Last: what still runs ends with them.
    runtimes: Runtimes,
}

impl Host {
    /// Builds a host; `checker` is the program that checks sources when it is called with `check-sources`. Blocks until the engine is
    /// ready, which takes half a minute where it was not compiled yet. Not to be called on a thread of a runtime.
    pub fn build(config: Config, checker: PathBuf) -> Result<Host, Fatal> {
        let plan = memory::share_out(&config)?;
        let runtimes = Runtimes::start()?;
        // First: what is wrong with the settings is said before the engine is compiled.
        let base = runtimes.block_on(Base::open(config, plan.in_flight))?;
        let sandbox = Arc::new(engine::start(&base.config, plan.workers, &runtimes.handles().work)?);
        let entered = runtimes.enter();
        let snapshots = SnapshotCache::new(plan.snapshots, storage::disk(&base.config, &sandbox, &base.registry));
        let deployer = Arc::new(deployer(&base, &sandbox, &snapshots, checker)?);
        if let RegistryPlace::Dapr { .. } = base.config.registry {
            let deployer = Arc::clone(&deployer);
            tokio::spawn(async move { deployer.forget_replaced().await });
        }
        let observer = Observer::new(base.config.observer.clone());
        let (wait, heap, streams) = (base.config.queue_wait, base.config.limits.memory_bytes(), base.config.streams);
        let equip = |calls: Calls| {
            let turns = capabilities::turns(&base, calls.clone());
            let functions = capabilities::functions(&base, &turns, calls);
            (base.blocks.capabilities(&functions), (functions, turns))
        };
        let (invoker, (functions, turns)) =
            Invoker::new(Arc::clone(&sandbox), Arc::clone(&deployer), observer, wait, heap, streams, equip);
        let ready = Arc::new(AtomicBool::new(true));
        drop(entered);
        Ok(Host { base, deployer, invoker, functions, turns, snapshots, sandbox, ready, runtimes })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.base.config
    }

    /// Runs `body` beside the tenants' work.
    pub fn block_on<T>(&self, body: impl Future<Output = T>) -> T {
        self.runtimes.block_on(body)
    }

    /// Says at `/readyz` that the host is about to stop, and begins nothing that can wait. It goes on serving.
    pub fn retire(&self) {
        self.ready.store(false, Ordering::Relaxed);
        if let Some(stores) = &self.base.blocks.stores {
            stores.flights.stop();
        }
    }

    /// Takes nothing new, finishes what runs within `shutdown_grace_ms`, and writes what is only in memory.
    pub async fn drain(&self, serving: Serving) {
        self.retire();
        self.base.stop.cancel();
        let (config, invoker) = (&self.base.config, &self.invoker);
        let finished = async {
            serving.ended().await;
            invoker.finished().await;
        };
        if tokio::time::timeout(config.shutdown_grace, finished).await.is_err() {
            let grace = config.shutdown_grace.as_millis();
            tracing::warn!(
                "{} invocations still ran after {grace} ms (setting shutdown_grace_ms); they are cut off",
                invoker.running()
            );
        }
        // What a hanging disk does not take is loaded again.
        let _slow = tokio::time::timeout(config.shutdown_grace, self.snapshots.flush()).await;
    }

    /// How often the whole memory was compared with its snapshot (setting `verify_restore`).
    pub fn verified(&self) -> u64 {
        self.sandbox.metrics().verified
    }
}

fn deployer(
    base: &Base,
    sandbox: &Arc<Sandbox>,
    snapshots: &SnapshotCache,
    checker: PathBuf,
) -> Result<Deployer, Fatal> {
    let config = &base.config;
    Ok(Deployer {
        registry: Arc::clone(&base.registry),
        checker: Checker::new(checker, CheckLimits { time: config.check_time, memory: config.check_memory_bytes })?,
        sandbox: Arc::clone(sandbox),
        evaluations: FairQueue::new(sandbox.workers(), EVALUATIONS),
        snapshots: snapshots.clone(),
        load_cpu: config.load_cpu,
        log: base.blocks.stores.as_ref().map(|stores| stores.log.clone()),
        brokers: Arc::clone(&base.components.brokers),
        quotas: config.quotas.clone(),
        known: config.sidecar.is_none().then(|| storage::known(config, &base.components)),
    })
}

/// Settles what is the whole process's: how its allocator keeps memory. Call it once, before the first host.
pub fn settle_process() {
    heap::settle();
}
