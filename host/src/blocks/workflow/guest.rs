//! The verbs of functions: `workflow.start`, `get`, `raise`, `pause`, `resume`, `terminate`, `purge`.
use super::{Engine, Request, Verb};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, no_sidecar};
use crate::blocks::grants;
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;

/// The capability; without an engine every call fails.
pub struct WorkflowCapability(pub Option<Arc<dyn Engine>>);

#[async_trait]
impl Capability for WorkflowCapability {
    fn name(&self) -> &'static str {
        "workflow"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        let mut request: Request = operation.arguments()?;
        request.verb = Verb::parse(operation.verb()).ok_or_else(|| operation.unknown())?;
        request.check().map_err(|name| operation.invalid(format!("{name} cannot be empty")))?;
        grants::require(&cx.function, "components", cx.grants.components.as_ref(), &request.component)?;
        let engine = self.0.as_ref().ok_or_else(|| no_sidecar("workflows"))?;
        request.data = operation.body;
        Ok((json!({}), engine.ask(cx, request).await?))
    }
}
