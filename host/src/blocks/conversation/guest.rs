//! The verb of functions: `conversation.converse`.
use super::{Converse, Models};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, no_sidecar};
use crate::blocks::grants;
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;

/// The capability; without models every call fails.
pub struct ConversationCapability(pub Option<Arc<dyn Models>>);

#[async_trait]
impl Capability for ConversationCapability {
    fn name(&self) -> &'static str {
        "conversation"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        if operation.verb() != "converse" {
            return Err(operation.unknown());
        }
        let converse: Converse = operation.arguments()?;
        grants::require(&cx.function, "components", cx.grants.components.as_ref(), &converse.component)?;
        let models = self.0.as_ref().ok_or_else(|| no_sidecar("conversations"))?;
        let answer = models.converse(cx, Converse { request: operation.body, ..converse }).await?;
        Ok((json!({}), answer))
    }
}
