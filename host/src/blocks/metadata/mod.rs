//! What the sidecar says of itself: `/v1.0/metadata`, and `/v1.0/healthz`.
//!
//! Owns: the entries that clients add. They last as long as the process.
pub mod grpc;
pub mod http;

use super::api::Shared;
use daplet_abi::load::Subscription;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// The runtime's version.
pub const RUNTIME_VERSION: &str = concat!("daplet-", env!("CARGO_PKG_VERSION"));

/// The most entries that clients may add.
const MAX_ENTRIES: usize = 1_000;

/// The entries that clients have added.
#[derive(Debug, Default)]
pub struct Metadata(RwLock<BTreeMap<String, String>>);

impl Metadata {
    /// All of them.
    pub fn entries(&self) -> BTreeMap<String, String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets one, if there is room for it.
    pub fn set(&self, key: String, value: String) -> Result<(), String> {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES && !entries.contains_key(&key) {
            return Err(format!("metadata has {MAX_ENTRIES} entries already"));
        }
        entries.insert(key, value);
        Ok(())
    }
}

/// What the functions subscribe to.
fn subscriptions(shared: &Shared) -> impl Iterator<Item = Subscription> + use<> {
    let functions = shared.registry.list();
    functions.into_iter().flat_map(|function| function.record.exports.subscriptions.clone())
}
