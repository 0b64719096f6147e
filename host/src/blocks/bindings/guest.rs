//! The verb of functions: `binding.invoke`.
use super::{Bindings, Invoke};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation};
use crate::blocks::grants;
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;

/// The capability.
pub struct BindingCapability(pub Arc<dyn Bindings>);

#[async_trait]
impl Capability for BindingCapability {
    fn name(&self) -> &'static str {
        "binding"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        if operation.verb() != "invoke" {
            return Err(operation.unknown());
        }
        let invoke: Invoke = operation.arguments()?;
        grants::require(&cx.function, "bindings", cx.grants.bindings.as_ref(), &invoke.name)?;
        let answer = self.0.invoke(cx, Invoke { data: operation.body, ..invoke }).await?;
        Ok((json!({ "metadata": answer.metadata }), answer.data))
    }
}
