//! How shared functions are stored in a Dapr state store: one key for the index, and one for each stored version.
//!
//! Dapr cannot list keys, so the index names them: function, version, and the key of its record. Each upload makes a new
//! record key and writes it once, so a key's record never changes.
use super::RegistryError;
use crate::dapr::{DaprError, Sidecar, Trace};
use crate::functions::{FunctionName, Record};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// The key of the index. Functions' own keys begin with `f/` and `s/`, so they cannot reach it.
const INDEX: &str = "registry";

/// Time for one answer: a sidecar may wait for a store that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The index of functions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// By name.
    pub functions: BTreeMap<String, Entry>,
    /// Records that no function has any more; the next change of the index deletes them.
    pub discarded: Vec<String>,
    /// Actor type to the function that owns its actors.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owners: BTreeMap<String, String>,
}

/// One function of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version, as in its record.
    pub version: String,
    /// The key of its record.
    pub record: String,
}

impl Entry {
    /// An entry with a new record key.
    pub fn new(name: &FunctionName, version: &str) -> Entry {
        let record = format!("{INDEX}/{name}/{}", uuid::Uuid::new_v4().simple());
        Entry { version: version.to_owned(), record }
    }
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Records {
    sidecar: Sidecar,
    store: String,
}

impl Records {
    /// The store of this component.
    pub fn new(sidecar: Sidecar, store: &str) -> Records {
        Records { sidecar, store: store.to_owned() }
    }

    pub fn store(&self) -> &str {
        &self.store
    }

    /// The index and its ETag; `None` if it was never written.
    pub async fn index(&self) -> Result<Option<(Index, String)>, RegistryError> {
        let answer = self.ask(self.sidecar.get_state(&self.store, INDEX, true, None)).await?;
        if answer.status == 204 {
            return Ok(None);
        }
        let index = serde_json::from_slice(&answer.body).map_err(|e| damaged("the index", &e))?;
        let etag = answer.header("etag").map(str::to_owned);
        Ok(Some((index, etag.unwrap_or_default())))
    }

    /// Writes the index if it still has this ETag, or none; returns false if it has another by now.
    pub async fn set_index(&self, index: &Index, etag: Option<&str>) -> Result<bool, RegistryError> {
        let mut item = json!({
            "key": INDEX,
            "value": index,
            "options": {"concurrency": "first-write", "consistency": "strong"},
        });
        if let Some(etag) = etag {
            item["etag"] = json!(etag);
        }
        match self.save(&item).await {
            Err(RegistryError::Store { reason, .. }) if reason.is_mismatch() => Ok(false),
            done => done.map(|()| true),
        }
    }

    /// The record at a key; `None` if it was deleted.
    pub async fn record(&self, key: &str) -> Result<Option<Record>, RegistryError> {
        let answer = self.ask(self.sidecar.get_state(&self.store, key, true, None)).await?;
        if answer.status == 204 {
            return Ok(None);
        }
        serde_json::from_slice(&answer.body).map(Some).map_err(|e| damaged(key, &e))
    }

    /// Writes a record at a key of its own.
    pub async fn add(&self, key: &str, record: &Record) -> Result<(), RegistryError> {
        self.save(&json!({"key": key, "value": record, "options": {"consistency": "strong"}})).await
    }

    /// Deletes a record, if it exists.
    pub async fn delete(&self, key: &str) -> Result<(), RegistryError> {
        self.ask(self.sidecar.delete_state(&self.store, key, None, false, Trace::default())).await
    }

    async fn save(&self, item: &serde_json::Value) -> Result<(), RegistryError> {
        let items = json!([item]).to_string().into_bytes();
        self.ask(self.sidecar.save_state(&self.store, items, Trace::default())).await
    }

    async fn ask<T>(&self, call: impl Future<Output = Result<T, DaprError>>) -> Result<T, RegistryError> {
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(done) => done.map_err(|reason| RegistryError::Store { store: self.store.clone(), reason }),
            Err(_) => Err(RegistryError::Slow { store: self.store.clone(), seconds: PATIENCE.as_secs() }),
        }
    }
}

fn damaged(name: &str, e: &serde_json::Error) -> RegistryError {
    RegistryError::Damaged { name: name.to_owned(), reason: e.to_string() }
}
