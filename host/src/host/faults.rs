//! Faults of a server that serves nevertheless, for `/readyz`.
use crate::functions::Registry;
use crate::store::file::DatabaseFile;
use std::path::Path;
use std::sync::Arc;

/// A sentence for each function out of service and for a full disk.
pub(super) fn of(registry: &Registry, state: Option<&Arc<DatabaseFile>>, data_dir: &Path) -> Vec<String> {
    let damaged = registry.damaged().into_iter();
    let mut faults: Vec<String> =
        damaged.map(|(name, reason)| format!("the function {name:?} is out of service: {reason}")).collect();
    if registry.is_disk_full() || state.is_some_and(|file| file.is_full()) {
        let folder = data_dir.display();
        faults.push(format!("read-only: the disk of {folder} (setting data_dir) is full; what is stored is served"));
    }
    faults
}
