//! Secrets in a store of the Dapr sidecar.
use super::{Get, GetBulk, Secret, SecretStore};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::code::{Code, OpError};
use crate::dapr::{Answer, DaprError, Sidecar};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The backend.
pub struct Dapr(pub Sidecar);

/// Dapr answers 403 where a scope denies the secret.
fn refused(e: DaprError) -> OpError {
    match e {
        DaprError::Refused { status: 403, message, .. } => error(Code::PermissionDenied, message),
        other => from_dapr(other),
    }
}

/// Dapr has no status for a secret that is not there: stores fail, and say so in words.
fn is_absent(e: &DaprError) -> bool {
    matches!(e, DaprError::Refused { status: 500, code, message }
        if Code::from(code.as_str()) == Code::SecretGet && message.to_ascii_lowercase().contains("not found"))
}

fn decode<T: DeserializeOwned + Default>(answer: &Answer) -> Result<T, OpError> {
    if answer.body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(&answer.body).map_err(|e| error(Code::OperationFailed, format!("the sidecar's JSON: {e}")))
}

#[async_trait]
impl SecretStore for Dapr {
    async fn get(&self, cx: &CallContext, Get { store, key, metadata }: &Get) -> Result<Option<Secret>, OpError> {
        match self.0.secret(store, key, metadata, cx.trace()).await {
            Ok(answer) => {
                let secret: Secret = decode(&answer)?;
                Ok((!secret.is_empty()).then_some(secret))
            }
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(refused(e)),
        }
    }

    async fn get_bulk(
        &self,
        cx: &CallContext,
        GetBulk { store, metadata }: &GetBulk,
    ) -> Result<BTreeMap<String, Secret>, OpError> {
        let answer = self.0.secret(store, "bulk", metadata, cx.trace()).await.map_err(refused)?;
        decode(&answer)
    }
}
