//! From source to a live version: check, load in a fresh instance, store, swap. The live version stays live until the
//! new one is on disk.
pub use super::load_failure::map_frames;

use super::checker::{Checker, CheckerError};
use super::client::Client;
use super::fair::{Crowded, FairQueue, Payer};
use super::load_failure::{cpu_message, explain, js_error, memory_message, report};
use super::registry::{Precondition, Registry, RegistryError};
use super::source::{self, Language, SourceError};
use super::warnings::Known;
use super::{Function, FunctionName, Record, declared, file_name, load_failure};
use crate::blocks::grants::Grants;
use crate::blocks::pubsub::Brokers;
use crate::blocks::pubsub::embedded::topic_key;
use crate::limits::Limits;
use crate::quotas::{QuotaExceeded, Quotas};
use crate::sandbox::{LoadOutcome, LogLine, Sandbox, SandboxError, Trap};
use crate::snapshot::{Loaded, SnapshotCache, SnapshotKey};
use crate::store::{Log, StoreError};
use daplet_abi::frame::encode;
use daplet_abi::load::{LoadReport, LoadRequest};
use daplet_abi::reply::{JsError, codes};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A longer source is loaded while it is being checked, bytes.
const EARLY: usize = 2 << 10;

/// What a developer sends.
#[derive(Clone, Debug)]
pub struct Upload {
    pub name: FunctionName,
    pub source: String,
    /// The language that the developer states.
    pub language: Option<Language>,
    /// The limits in force, with defaults.
    pub limits: Limits,
    /// Values for `env`.
    pub env: BTreeMap<String, String>,
    /// What it may reach.
    pub grants: Grants,
}

/// The outcome of an accepted upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployed {
    /// The first version of its name.
    Created,
    /// A version that differs from the live one.
    Replaced,
    /// The version was live already.
    Unchanged,
    /// A dry run: it could go live.
    Checked,
}

/// Why an upload did not go live.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It does not parse, or has a forbidden import.
    #[error("{}", .0.message)]
    Source(SourceError),
    /// The module threw, has no handler, or exceeded a limit while it was loaded.
    #[error("{}", .0.message)]
    Load(JsError),
    /// It cannot be checked now.
    #[error(transparent)]
    Checker(#[from] CheckerError),
    /// It needs a long worker, and others come first.
    #[error("the module cannot be evaluated now: {0}")]
    Busy(#[from] Crowded),
    /// The sandbox cannot load now.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The registry cannot store it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A quota would be exceeded: the number of functions, or the size of the snapshot.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// Its subscriptions cannot be stored.
    #[error(transparent)]
    Subscription(#[from] StoreError),
}

/// The upload pipeline.
pub struct Deployer {
    pub registry: Arc<Registry>,
    /// Checks sources.
    pub checker: Checker,
    /// Loads modules.
    pub sandbox: Arc<Sandbox>,
    /// The order of modules that take long to evaluate, a place for each long worker.
    pub evaluations: FairQueue,
    /// Keeps loaded functions.
    pub snapshots: SnapshotCache,
    /// CPU time for loading a function.
    pub load_cpu: Duration,
    /// Messages that wait for subscribers; `None` behind a sidecar, which keeps them.
    pub log: Option<Log>,
    /// The topics that each broker allows to subscribe to.
    pub brokers: Arc<Brokers>,
    /// The quotas of functions and of snapshots.
    pub quotas: Quotas,
    /// The components of this host; `None` behind a sidecar, since only that knows them.
    pub known: Option<Known>,
}

impl Deployer {
    /// Checks and loads an upload; stores it unless `dry_run` is set or the precondition fails.
    pub async fn deploy(
        &self,
        client: Client,
        upload: Upload,
        precondition: Precondition,
        dry_run: bool,
    ) -> Result<(Arc<Function>, Deployed), UploadError> {
        let version = version(&upload);
        let live = self.registry.get(upload.name.as_str());
        if let Some(live) = live.as_ref().filter(|live| live.record.version == version || same(&live.record, &upload)) {
            self.subscribe(live).await?;
            return Ok((Arc::clone(live), Deployed::Unchanged));
        }
        if live.is_none() {
            let count = self.registry.list().len() + self.registry.damaged().len() + 1;
            self.quotas.functions.check(upload.name.as_str(), 0, count as u64)?;
        }
        let now = jiff::Timestamp::now().to_string();
        let mut record = Record {
            version,
            source: upload.source,
            language: upload.language.unwrap_or(Language::JavaScript),
            code: None,
            map: None,
            limits: upload.limits,
            env: upload.env,
            grants: upload.grants,
            exports: LoadReport::default(),
            created: live.map_or_else(|| now.clone(), |live| live.record.created.clone()),
            updated: now,
            init_ms: 0.0,
            snapshot_bytes: 0,
        };
        let loaded = self.check_and_load((client, &upload.name), upload.language, &mut record).await?;
        record.snapshot_bytes = loaded.snapshot.weight();
        self.quotas.snapshot.check(upload.name.as_str(), record.snapshot_bytes as u64, 0)?;
        record.exports = report(&loaded).map_err(UploadError::Load)?;
        let unfit = |message| UploadError::Load(load_failure::unfit(message));
        declared::check(&record.exports).map_err(unfit)?;
        let function = self.registry.function(upload.name, record);
        declared::check_grants(&function).map_err(unfit)?;
        if dry_run {
            return Ok((function, Deployed::Checked));
        }
        let loaded = Arc::new(loaded);
        self.snapshots.insert(function.key, Arc::clone(&loaded)).await;
        let before = self.registry.put(Arc::clone(&function), precondition).await?;
        self.snapshots.keep(function.key, loaded).await;
        let deployed = if before.is_some() { Deployed::Replaced } else { Deployed::Created };
        if let Some(before) = before.filter(|before| before.key != function.key) {
            self.snapshots.remove(&before.key).await;
        }
        self.subscribe(&function).await?;
        Ok((function, deployed))
    }

    /// Checks and loads the record's source, and fills in the results. A source that takes a while to check is loaded
    /// meanwhile as it is, which most bundles can be: the guest parses for itself, so this risks nothing but the time.
    async fn check_and_load(
        &self,
        (client, name): (Client, &FunctionName),
        language: Option<Language>,
        record: &mut Record,
    ) -> Result<Loaded, UploadError> {
        let guess = file_name(name, record.language);
        let early = record.source.len() > EARLY && record.language == Language::JavaScript;
        let (checked, early) =
            tokio::join!(self.checker.check(client, name.as_str(), &record.source, language, &guess), async {
                if early { Some(self.load_timed(client, name, record).await) } else { None }
            });
        let checked = checked?.map_err(UploadError::Source)?;
        let as_it_is = checked.language == record.language && checked.code.is_none();
        (record.language, record.code, record.map) = (checked.language, checked.code, checked.map);
        let (loaded, took) = match early.filter(|_| as_it_is) {
            Some(early) => early?,
            None => self.load_timed(client, name, record).await?,
        };
        record.init_ms = (took.as_secs_f64() * 1e5).round() / 1e2;
        Ok(loaded)
    }

    /// What a function names and this host does not have.
    pub fn warnings(&self, function: &Function) -> Vec<String> {
        self.known.as_ref().map(|known| known.warnings(&function.record)).unwrap_or_default()
    }

    async fn load_timed(
        &self,
        client: Client,
        name: &FunctionName,
        record: &Record,
    ) -> Result<(Loaded, Duration), UploadError> {
        let start = Instant::now();
        Ok((self.load(client, name, record).await?, start.elapsed()))
    }

    /// Removes a function and what is stored for it, if the precondition holds; returns false if it did not exist.
    pub async fn remove(&self, name: &FunctionName, precondition: Precondition) -> Result<bool, RegistryError> {
        let damaged = self.registry.damage(name.as_str()).is_some();
        let before = self.registry.remove(name, precondition).await?;
        if let Some(before) = &before {
            self.snapshots.remove(&before.key).await;
        }
        Ok(before.is_some() || damaged)
    }

    /// Removes what is stored for versions that other replicas replaced; never returns.
    pub async fn forget_replaced(&self) {
        let mut changes = self.registry.changes();
        let mut known: BTreeMap<FunctionName, SnapshotKey> = BTreeMap::new();
        loop {
            changes.mark_unchanged();
            let now: BTreeMap<_, _> = self.registry.list().iter().map(|f| (f.name.clone(), f.key)).collect();
            for (_, key) in known.iter().filter(|(name, key)| now.get(*name) != Some(key)) {
                self.snapshots.remove(key).await;
            }
            known = now;
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// From the acknowledgement of an upload on, the function gets every message of its topics.
    async fn subscribe(&self, function: &Function) -> Result<(), StoreError> {
        if let Some(log) = &self.log {
            let subscriptions = function.record.exports.subscriptions.iter();
            for subscription in subscriptions.filter(|s| self.brokers.may_subscribe(&s.pubsub, &s.topic).is_ok()) {
                log.subscribe(&topic_key(&subscription.pubsub, &subscription.topic), &function.label).await?;
            }
        }
        Ok(())
    }

    /// The loaded function: from the cache, or made once for all that wait.
    pub async fn loaded(&self, function: &Function) -> Result<Arc<Loaded>, Arc<UploadError>> {
        match self.snapshots.get(&function.key).await {
            Some(loaded) => Ok(loaded),
            None => {
                let load = self.load(Client::default(), &function.name, &function.record);
                self.snapshots.get_or_load(function.key, load).await
            }
        }
    }

    async fn load(&self, client: Client, name: &FunctionName, record: &Record) -> Result<Loaded, UploadError> {
        let turn = async { Ok::<_, UploadError>(self.evaluations.enter(&Payer::new(client, name.as_str())).await?) };
        let load = self.sandbox.load(self.sandbox.program(), load_frame(name, record), self.load_cpu, turn).await?;
        let lines = record.map.as_deref().filter(|_| !load.logs.is_empty()).and_then(source::LineMap::new);
        for LogLine { text, .. } in &load.logs {
            let file = file_name(name, record.language);
            let text = lines.as_ref().map_or(text.into(), |lines| lines.text(text, &file));
            tracing::info!(target: "function", function = %name, phase = "load", "{text}");
        }
        let limit = |code: &str, message| UploadError::Load(load_failure::limit(code, message));
        match load.outcome {
            LoadOutcome::Loaded { snapshot, report } => Ok(Loaded { snapshot, report }),
            LoadOutcome::JsError(frame) => Err(UploadError::Load(explain(js_error(&frame), record, self.load_cpu))),
            LoadOutcome::Trap(Trap::Cpu) => Err(limit(codes::EXCEEDED_CPU, cpu_message(self.load_cpu))),
            LoadOutcome::Trap(Trap::Memory) => Err(limit(codes::EXCEEDED_MEMORY, memory_message(record))),
            LoadOutcome::Trap(trap) => Err(limit(codes::INTERNAL_ERROR, trap.to_string())),
        }
    }
}

/// The frame that loads a function: its snapshot depends on this and on the guest.
pub fn load_frame(name: &FunctionName, record: &Record) -> Vec<u8> {
    let request = LoadRequest {
        name: name.to_string(),
        file: file_name(name, record.language),
        version: record.version.clone(),
        env: record.env.clone(),
        memory_bytes: record.limits.memory_bytes(),
    };
    let code = record.code.as_deref().unwrap_or(&record.source);
    encode(&request, code.as_bytes()).unwrap_or_else(|_| unreachable!("the head has only strings and numbers"))
}

/// Whether an upload equals the live version: the language may be stated in one and inferred in the other.
fn same(live: &Record, upload: &Upload) -> bool {
    let language = upload.language.unwrap_or(live.language);
    (language, &upload.source, &upload.limits, &upload.env, &upload.grants)
        == (live.language, &live.source, &live.limits, &live.env, &live.grants)
}

/// 16 hexadecimal digits of a digest over everything that makes a version.
fn version(upload: &Upload) -> String {
    let settings = serde_json::json!([upload.language, upload.limits, upload.env, upload.grants]);
    let digest =
        Sha256::new().chain_update(settings.to_string()).chain_update([0]).chain_update(&upload.source).finalize();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
