//! Workflows of the Dapr sidecar.
use super::{Engine, Request, Verb};
use crate::blocks::call::{CallContext, from_dapr};
use crate::code::OpError;
use crate::dapr::Sidecar;
use async_trait::async_trait;
use bytes::Bytes;

/// The backend.
pub struct Dapr(pub Sidecar);

#[async_trait]
impl Engine for Dapr {
    async fn ask(&self, cx: &CallContext, request: Request) -> Result<Bytes, OpError> {
        let Request { component, workflow, instance, event, verb, data } = request;
        let path: &[&str] = match verb {
            Verb::Start => {
                let started = self.0.start_workflow(&component, &workflow, &instance, data, cx.trace()).await;
                return Ok(started.map_err(from_dapr)?.body);
            }
            Verb::Get => {
                let found = self.0.workflow(&component, &instance, cx.trace()).await;
                return Ok(found.map_err(from_dapr)?.body);
            }
            Verb::Raise => &["raiseEvent", &event],
            Verb::Pause => &["pause"],
            Verb::Resume => &["resume"],
            Verb::Terminate => &["terminate"],
            Verb::Purge => &["purge"],
        };
        let steered = self.0.steer_workflow(&component, &instance, path, data, cx.trace()).await;
        Ok(steered.map_err(from_dapr)?.body)
    }
}
