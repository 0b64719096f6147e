//! The verb of functions: `timer.start`.
use crate::blocks::call::{CallContext, Capability, OpResult, Operation};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// The capability.
pub struct Timer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    ms: u64,
}

#[async_trait]
impl Capability for Timer {
    fn name(&self) -> &'static str {
        "timer"
    }

    async fn call(&self, _: &CallContext, operation: Operation<'_>) -> OpResult {
        if operation.verb() != "start" {
            return Err(operation.unknown());
        }
        let Start { ms } = operation.arguments()?;
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Ok((json!({}), Bytes::new()))
    }
}
