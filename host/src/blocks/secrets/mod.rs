//! Secrets: `secrets.get`, `getBulk`. Every secret needs a grant. Backends: `embedded`, `sidecar`.
pub mod embedded;
pub mod grpc;
pub mod http;
pub mod sidecar;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The store that a function means when it names none.
pub const DEFAULT_SECRET_STORE: &str = "secretstore";

/// A secret: in most stores one value under its own name, in some several values.
pub type Secret = BTreeMap<String, String>;

/// What a store is told beside the key, such as `version_id`.
pub type Metadata = BTreeMap<String, String>;

/// Where secrets are kept.
pub trait SecretStore: Send + Sync {
    /// One secret; none where there is no such key.
    fn get<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        key: &'a str,
        metadata: &'a Metadata,
    ) -> BoxFuture<'a, Result<Option<Secret>, OpError>>;
    /// All secrets by their keys.
    fn get_bulk<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        metadata: &'a Metadata,
    ) -> BoxFuture<'a, Result<BTreeMap<String, Secret>, OpError>>;
}

/// The capability.
pub struct SecretsCapability(pub Arc<dyn SecretStore>);

#[derive(Deserialize)]
struct Arguments {
    store: Option<String>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    metadata: Metadata,
}

impl Capability for SecretsCapability {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        _: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            let Arguments { store, key, metadata } = arguments(&format!("secrets.{verb}"), args)?;
            let store = store.as_deref().unwrap_or(DEFAULT_SECRET_STORE);
            match verb {
                "get" => {
                    if key.is_empty() {
                        return Err(error(Code::InvalidArgument, "a secret's key cannot be empty"));
                    }
                    if !cx.grants.has_secret(store, &key) {
                        return Err(grants::refused(&cx.function, "secrets", &format!("{store}/{key}")));
                    }
                    let secret = self.0.get(cx, store, &key, &metadata).await?;
                    Ok((
                        json!({"found": secret.is_some()}),
                        secret.map_or_else(|| Ok(Bytes::new()), |found| text(&found))?,
                    ))
                }
                "getBulk" => {
                    let own = format!("{store}/");
                    if !cx.grants.secrets.iter().any(|entry| entry.starts_with(&own)) {
                        return Err(grants::refused(&cx.function, "secrets", &format!("{store}/*")));
                    }
                    let mut secrets = self.0.get_bulk(cx, store, &metadata).await?;
                    secrets.retain(|key, _| cx.grants.has_secret(store, key));
                    cx.allowance.take(size(&secrets))?;
                    Ok((json!({}), text(&secrets)?))
                }
                other => Err(unknown(&format!("secrets.{other}"))),
            }
        })
    }
}

/// Values travel in the body: heads are what may be logged.
fn text(value: &impl Serialize) -> Result<Bytes, OpError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|e| error(Code::OperationFailed, format!("secrets: {e}")))
}

/// Bytes of secrets in an answer, roughly.
pub fn size(secrets: &BTreeMap<String, Secret>) -> usize {
    let one = |secret: &Secret| secret.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    secrets.iter().map(|(key, secret)| key.len() + one(secret)).sum()
}
