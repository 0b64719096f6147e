//! The live versions in memory: what requests see, whatever keeps the functions. Changes are told from here alone.
use super::super::source::LineMap;
use super::super::{Function, FunctionName, Record};
use crate::snapshot::SnapshotKey;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Semaphore, watch};

/// One function's new live version; none: it is gone.
pub type Change = (FunctionName, Option<Arc<Function>>);

/// The map, and who hears of changes.
pub struct Live {
    functions: RwLock<BTreeMap<FunctionName, Arc<Function>>>,
    changed: watch::Sender<u64>,
    /// Why nothing has been loaded yet; none once it has.
    missing: RwLock<Option<String>>,
    guest: [u8; 32],
}

impl Live {
    /// An empty map; `missing` tells why it is, until [`Live::complete`].
    pub fn new(guest: [u8; 32], missing: &str) -> Live {
        let missing = RwLock::new(Some(missing.to_owned()));
        Live { functions: RwLock::default(), changed: watch::Sender::new(0), missing, guest }
    }

    /// A live version of a record.
    pub fn function(&self, name: FunctionName, record: Record) -> Arc<Function> {
        let frame = super::super::upload::load_frame(&name, &record);
        Arc::new(Function {
            label: name.as_str().into(),
            grants: Arc::new(record.grants.clone()),
            key: SnapshotKey::new(&self.guest, &frame),
            lines: record.map.as_deref().and_then(LineMap::new),
            permits: Arc::new(Semaphore::new(
                usize::try_from(record.limits.concurrency).unwrap_or(Semaphore::MAX_PERMITS),
            )),
            demand: crate::functions::Demand::default(),
            // They were checked when the function was uploaded.
            routers: crate::functions::routes::routers(&record.exports.subscriptions).unwrap_or_default(),
            name,
            record,
        })
    }

    /// The live version of a function.
    pub fn get(&self, name: &str) -> Option<Arc<Function>> {
        self.functions.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All functions, by name.
    pub fn list(&self) -> Vec<Arc<Function>> {
        self.functions.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Ticks with each change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Makes one version live, or none; the one that was.
    pub fn swap(&self, (name, function): Change) -> Option<Arc<Function>> {
        let mut functions = self.functions.write().unwrap_or_else(PoisonError::into_inner);
        let before = match function {
            Some(function) => functions.insert(name, function),
            None => functions.remove(&name),
        };
        drop(functions);
        self.changed.send_modify(|tick| *tick += 1);
        before
    }

    /// Makes several versions live at once.
    pub fn apply(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut functions = self.functions.write().unwrap_or_else(PoisonError::into_inner);
        for (name, function) in changes {
            match function {
                Some(function) => drop(functions.insert(name, function)),
                None => drop(functions.remove(&name)),
            }
        }
        drop(functions);
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
