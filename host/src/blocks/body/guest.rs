//! The verbs of functions: `body.read`, `body.write`, `body.close`, `body.cancel`, `body.watch`.
use crate::blocks::call::{CallContext, Capability, OpResult, Operation};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

/// The capability.
pub struct BodyCapability;

#[derive(Deserialize)]
struct Arguments {
    /// The body's number.
    body: u32,
    /// Why it is given up.
    #[serde(default)]
    reason: String,
}

#[async_trait]
impl Capability for BodyCapability {
    fn name(&self) -> &'static str {
        "body"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        let Arguments { body, reason } = operation.arguments()?;
        let open = &cx.resources;
        match operation.verb() {
            "read" => {
                let chunk = open.read(body).await?;
                return Ok((json!({"done": chunk.is_none()}), chunk.unwrap_or_default()));
            }
            "write" => open.write(body, operation.body).await?,
            "close" => open.close(body)?,
            "cancel" => open.cancel(body, &reason),
            "watch" => open.gone(body).await?,
            _ => return Err(operation.unknown()),
        }
        Ok((json!({}), Bytes::new()))
    }
}
