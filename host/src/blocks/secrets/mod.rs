//! Secrets.
//!
//! Owns: the requests, and what a store does with them. Must not know: who asks, where secrets are kept.
pub mod component;
pub mod embedded;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod sidecar;

use super::call::CallContext;
use crate::code::OpError;
use async_trait::async_trait;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The store that a function means when it names none.
pub const DEFAULT_SECRET_STORE: &str = "secretstore";

/// A secret: in most stores one value under its own name, in some several values.
pub type Secret = BTreeMap<String, String>;

/// What a store gets beside the key, such as `version_id`.
pub type Metadata = BTreeMap<String, String>;

/// Reads one secret: `secrets.get`.
#[derive(Clone, Debug, Deserialize)]
pub struct Get {
    /// The store.
    #[serde(default = "default_store")]
    pub store: String,
    /// The key.
    #[serde(default)]
    pub key: String,
    /// What the store is given beside the key.
    #[serde(default)]
    pub metadata: Metadata,
}

/// Reads all secrets: `secrets.getBulk`.
#[derive(Clone, Debug, Deserialize)]
pub struct GetBulk {
    /// The store.
    #[serde(default = "default_store")]
    pub store: String,
    /// What the store is given.
    #[serde(default)]
    pub metadata: Metadata,
}

impl Get {
    /// Dapr's words for a secret that cannot be had.
    fn failure(&self, reason: &str) -> String {
        format!("failed getting secret with key {} from secret store {}: {reason}", self.key, self.store)
    }

    /// As with Dapr's `local.file` an absent secret is a failure.
    fn absent(&self) -> String {
        self.failure(&format!("secret {} not found", self.key))
    }
}

impl GetBulk {
    /// Dapr's words for secrets that cannot be had at once.
    fn failure(&self, error: &OpError) -> String {
        format!("failed getting secrets from secret store {}: {}", self.store, error.message)
    }
}

fn default_store() -> String {
    DEFAULT_SECRET_STORE.to_owned()
}

/// Where secrets are kept.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// One secret; none where there is no such key.
    async fn get(&self, cx: &CallContext, get: &Get) -> Result<Option<Secret>, OpError>;
    /// All secrets by their keys.
    async fn get_bulk(&self, cx: &CallContext, get: &GetBulk) -> Result<BTreeMap<String, Secret>, OpError>;
}

/// Bytes of secrets in an answer, roughly.
pub fn size(secrets: &BTreeMap<String, Secret>) -> usize {
    let one = |secret: &Secret| secret.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    secrets.iter().map(|(key, secret)| key.len() + one(secret)).sum()
}
