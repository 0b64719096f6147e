//! The live versions in memory, which requests read, whichever keeper stores the functions. Only this file notifies of changes.
use super::super::source::LineMap;
use super::super::{Function, FunctionName, Record, Routing};
use super::{Common, RegistryError};
use crate::snapshot::SnapshotKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// One function's new live version; none: it is gone.
pub type Change = (FunctionName, Option<Arc<Function>>);

/// The map, and who hears of changes.
pub struct Live {
    table: RwLock<Table>,
    changed: watch::Sender<u64>,
    /// Why nothing has been loaded yet; none once it has.
    missing: RwLock<Option<String>>,
    common: Common,
    /// One event of all functions' is judged at length at a time.
    rules: Arc<Semaphore>,
}

/// Functions by name, who exports an actor type, and whose its actors are.
#[derive(Default)]
struct Table {
    functions: BTreeMap<FunctionName, Arc<Function>>,
    /// Cancelled when the name has no function any more: all its versions share one.
    removals: BTreeMap<FunctionName, CancellationToken>,
    actors: BTreeMap<String, FunctionName>,
    /// Outlives the export: the actors' state is still that function's.
    owners: BTreeMap<String, FunctionName>,
    /// Functions whose records cannot be read, and why. Their names may be damaged too.
    damaged: BTreeMap<String, String>,
}

impl Table {
    fn set(&mut self, (name, function): Change) -> Option<Arc<Function>> {
        self.actors.retain(|_, owner| *owner != name);
        self.damaged.remove(name.as_str());
        match function {
            Some(function) => {
                let types = function.record.exports.actors.iter();
                self.actors.extend(types.map(|kind| (kind.clone(), name.clone())));
                let removal = self.removals.entry(name.clone()).or_default().clone();
                let _once = function.removed.set(removal);
                self.functions.insert(name, function)
            }
            None => {
                if let Some(removal) = self.removals.remove(&name) {
                    removal.cancel();
                }
                self.functions.remove(&name)
            }
        }
    }
}

impl Live {
    /// An empty map; `missing` tells why it is, until [`Live::complete`].
    pub fn new(common: Common, missing: &str) -> Live {
        let missing = RwLock::new(Some(missing.to_owned()));
        let (table, changed, rules) = (RwLock::default(), watch::Sender::new(0), Arc::new(Semaphore::new(1)));
        Live { table, changed, missing, common, rules }
    }

    /// A live version of a record. One that was stored under higher ceilings runs within those of now.
    pub fn function(&self, name: FunctionName, mut record: Record) -> Arc<Function> {
        let lowered = record.limits.lower_to(&self.common.ceilings);
        if !lowered.is_empty() {
            let lowered = lowered.join(", ");
            tracing::warn!(function = %name, "its limits are above the ceilings under [limits.max] and lowered to them: {lowered}");
        }
        let frame = super::super::upload::load_frame(&name, &record);
        Arc::new(Function {
            label: name.as_str().into(),
            grants: Arc::new(record.grants.in_force(self.common.absent)),
            key: SnapshotKey::new(&self.common.guest, &frame),
            lines: record.map.as_deref().and_then(LineMap::new),
            permits: Arc::new(Semaphore::new(
                usize::try_from(record.limits.concurrency).unwrap_or(Semaphore::MAX_PERMITS),
            )),
            demand: crate::functions::Demand::default(),
            // What the version before still holds counts for this one.
            memory: self.get(name.as_str()).map_or_else(|| self.common.memory.purse(), |before| before.memory.clone()),
            removed: OnceLock::new(),
            routing: Routing::new(&record.exports.subscriptions, Arc::clone(&self.rules)),
            name,
            record,
        })
    }

    /// The live version of a function.
    pub fn get(&self, name: &str) -> Option<Arc<Function>> {
        self.table().functions.get(name).cloned()
    }

    /// All functions, by name.
    pub fn list(&self) -> Vec<Arc<Function>> {
        self.table().functions.values().cloned().collect()
    }

    /// Puts a function out of service: its record cannot be read.
    pub fn set_damaged(&self, name: String, reason: String) {
        self.table.write().unwrap_or_else(PoisonError::into_inner).damaged.insert(name, reason);
    }

    /// Why a function is out of service; `None` where it is not.
    pub fn damage(&self, name: &str) -> Option<String> {
        self.table().damaged.get(name).cloned()
    }

    /// The functions that are out of service, and why.
    pub fn damaged(&self) -> BTreeMap<String, String> {
        self.table().damaged.clone()
    }

    /// The function that exports an actor type.
    pub fn actor(&self, kind: &str) -> Option<Arc<Function>> {
        let table = self.table();
        table.functions.get(table.actors.get(kind)?).cloned()
    }

    /// The actor types there are.
    pub fn actors(&self) -> BTreeSet<String> {
        self.table().actors.keys().cloned().collect()
    }

    /// Whose the actors of each type are.
    pub fn owners(&self) -> BTreeMap<String, FunctionName> {
        self.table().owners.clone()
    }

    /// Says whose the actors of these types are.
    pub fn own(&self, owners: impl IntoIterator<Item = (String, FunctionName)>) {
        self.table.write().unwrap_or_else(PoisonError::into_inner).owners.extend(owners);
    }

    /// The types that are exported, or about to be by `function`, and that nobody owns yet.
    pub fn unowned(&self, function: Option<&Function>) -> Vec<(String, FunctionName)> {
        let table = self.table();
        let own = function.into_iter().flat_map(|f| f.record.exports.actors.iter().map(|kind| (kind, &f.name)));
        let unowned = table.actors.iter().chain(own).filter(|(kind, _)| !table.owners.contains_key(*kind));
        unowned.map(|(kind, name)| (kind.clone(), name.clone())).collect()
    }

    /// Refuses a version whose actor types are another function's: a type is one class.
    pub fn check_actors(&self, function: &Function) -> Result<(), RegistryError> {
        let table = self.table();
        for kind in &function.record.exports.actors {
            if let Some(owner) = table.actors.get(kind).filter(|owner| **owner != function.name) {
                return Err(RegistryError::ActorTaken { kind: kind.clone(), owner: owner.to_string() });
            }
            if let Some(owner) = table.owners.get(kind).filter(|owner| **owner != function.name) {
                return Err(RegistryError::ActorOwned { kind: kind.clone(), owner: owner.to_string() });
            }
        }
        Ok(())
    }

    /// Refuses to hand over actors that another function has now.
    pub fn check_hand_over(&self, kind: &str, to: &FunctionName) -> Result<(), RegistryError> {
        match self.table().actors.get(kind).filter(|exporter| *exporter != to) {
            None => Ok(()),
            Some(owner) => Err(RegistryError::ActorTaken { kind: kind.to_owned(), owner: owner.to_string() }),
        }
    }

    fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ticks with each change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Makes one version live, or none; the one that was.
    pub fn swap(&self, change: Change) -> Option<Arc<Function>> {
        let before = self.table.write().unwrap_or_else(PoisonError::into_inner).set(change);
        self.changed.send_modify(|tick| *tick += 1);
        before
    }

    /// Makes several versions live at once.
    pub fn apply(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            table.set(change);
        }
        drop(table);
        self.changed.send_modify(|tick| *tick += 1);
    }

    /// Says why nothing is there yet; nothing once all was there.
    pub fn lacks(&self, reason: &str) {
        if let Some(missing) = self.missing.write().unwrap_or_else(PoisonError::into_inner).as_mut() {
            reason.clone_into(missing);
        }
    }

    /// All that is kept was loaded.
    pub fn complete(&self) {
        *self.missing.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Why nothing has been loaded yet.
    pub fn missing(&self) -> Option<String> {
        self.missing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
