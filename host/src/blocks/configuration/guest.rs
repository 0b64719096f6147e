//! The verb of functions: `configuration.get`.
use super::{ConfigurationStore, Get};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, error};
use crate::blocks::grants;
use crate::code::Code;
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;

/// The capability.
pub struct ConfigurationCapability(pub Arc<dyn ConfigurationStore>);

#[async_trait]
impl Capability for ConfigurationCapability {
    fn name(&self) -> &'static str {
        "configuration"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        if operation.verb() != "get" {
            return Err(operation.unknown());
        }
        let get: Get = operation.arguments()?;
        if get.keys.iter().any(String::is_empty) {
            return Err(error(Code::InvalidArgument, "a configuration key cannot be empty"));
        }
        let granted = |key: &String| cx.grants.has_configuration(&get.store, key);
        if let Some(key) = get.keys.iter().find(|key| !granted(key)) {
            return Err(grants::refused(&cx.function, "configuration", &format!("{}/{key}", get.store)));
        }
        let mut items = self.0.get(cx, &get).await?;
        // Who asks for all gets what is granted.
        items.retain(|key, _| granted(key));
        let text = serde_json::to_vec(&items);
        let text = text.map_err(|e| error(Code::OperationFailed, format!("configuration.get: {e}")))?;
        Ok((json!({}), text.into()))
    }
}
