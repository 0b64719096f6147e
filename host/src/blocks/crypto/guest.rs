//! The verbs of functions: `crypto.encrypt`, `crypto.decrypt`. The grant `keys` is always needed.
use super::{CryptoProvider, Decrypt, Encrypt, named};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation};
use crate::blocks::grants;
use crate::code::OpError;
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;

/// The capability.
pub struct CryptoCapability(pub Arc<dyn CryptoProvider>);

#[async_trait]
impl Capability for CryptoCapability {
    fn name(&self) -> &'static str {
        "crypto"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        let done = match operation.verb() {
            "encrypt" => {
                let mut encrypt: Encrypt = operation.arguments()?;
                let needed = [("key", &encrypt.key), ("algorithm", &encrypt.algorithm)];
                if let Some((name, _)) = needed.iter().find(|(_, value)| value.is_empty()) {
                    return Err(operation.invalid(format!("{name} is missing")));
                }
                check_grant(cx, &encrypt.component, &encrypt.key)?;
                encrypt.data = operation.body;
                self.0.encrypt(cx, encrypt).await?
            }
            "decrypt" => {
                let mut decrypt: Decrypt = operation.arguments()?;
                decrypt.document = operation.body;
                check_grant(cx, &decrypt.component, &named(decrypt.key.as_deref(), &decrypt.document)?)?;
                self.0.decrypt(cx, decrypt).await?
            }
            _ => return Err(operation.unknown()),
        };
        Ok((json!({}), done))
    }
}

/// An entry names the key, in whatever component, or the key of one.
fn check_grant(cx: &CallContext, component: &str, key: &str) -> Result<(), OpError> {
    match grants::allows_in(&cx.grants.keys, component, key) {
        true => Ok(()),
        false => Err(grants::refused(&cx.function, "keys", &format!("{component}/{key}"))),
    }
}
