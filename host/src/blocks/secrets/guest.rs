//! The verbs of functions: `secrets.get`, `getBulk`, `ref`. Every secret needs a grant.
use super::{Get, GetBulk, SecretStore, size};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, error};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// The capability.
pub struct SecretsCapability {
    pub store: Arc<dyn SecretStore>,
    /// Fetches that one invocation runs at once.
    pub open: usize,
}

#[async_trait]
impl Capability for SecretsCapability {
    fn name(&self) -> &'static str {
        "secrets"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        match operation.verb() {
            "get" => self.get(cx, operation.arguments()?).await,
            "ref" => self.stand_in(cx, operation.arguments()?),
            "getBulk" => self.get_bulk(cx, operation.arguments()?).await,
            _ => Err(operation.unknown()),
        }
    }
}

impl SecretsCapability {
    /// A text in place of the secret, for a fetch; which host the secret may be sent to is checked then.
    fn stand_in(&self, cx: &CallContext, Get { store, key, .. }: Get) -> OpResult {
        let start = format!("{store}/{key}@");
        if !cx.grants.secrets.iter().any(|entry| entry.contains('@')) {
            return Err(grants::refused(&cx.function, "secrets", &format!("{start}host")));
        }
        Ok((json!({"text": cx.allowance.outside(self.open).stand_in((store, key))}), Bytes::new()))
    }

    async fn get(&self, cx: &CallContext, get: Get) -> OpResult {
        let Get { store, key, .. } = &get;
        if key.is_empty() {
            return Err(error(Code::InvalidArgument, "a secret's key cannot be empty"));
        }
        if !cx.grants.has_secret(store, key) {
            return Err(grants::refused(&cx.function, "secrets", &format!("{store}/{key}")));
        }
        let secret = self.store.get(cx, &get).await?;
        let body = secret.as_ref().map_or_else(|| Ok(Bytes::new()), text)?;
        Ok((json!({"found": secret.is_some()}), body))
    }

    async fn get_bulk(&self, cx: &CallContext, get: GetBulk) -> OpResult {
        let own = format!("{}/", get.store);
        if !cx.grants.secrets.iter().any(|entry| entry.starts_with(&own)) {
            return Err(grants::refused(&cx.function, "secrets", &format!("{own}*")));
        }
        let mut secrets = self.store.get_bulk(cx, &get).await?;
        secrets.retain(|key, _| cx.grants.has_secret(&get.store, key));
        cx.allowance.take(size(&secrets))?;
        Ok((json!({}), text(&secrets)?))
    }
}

/// Values travel in the body: heads are what may be logged.
fn text(value: &impl Serialize) -> Result<Bytes, OpError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|e| error(Code::OperationFailed, format!("secrets: {e}")))
}
