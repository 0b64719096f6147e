//! The verbs of functions: `jobs.schedule`, `jobs.get`, `jobs.delete`. A function has only its own jobs.
use super::{DeleteJob, GetJob, JobStore, ScheduleJob, whole};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation};
use crate::code::OpError;
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;

/// The capability.
pub struct JobsCapability(pub Arc<dyn JobStore>);

#[async_trait]
impl Capability for JobsCapability {
    fn name(&self) -> &'static str {
        "jobs"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        let own = |name: &str| -> Result<String, OpError> {
            if name.is_empty() { Err(operation.invalid("name cannot be empty")) } else { Ok(whole(&cx.function, name)) }
        };
        let head = match operation.verb() {
            "schedule" => {
                let job: ScheduleJob = operation.arguments()?;
                self.0.schedule(cx, ScheduleJob { name: own(&job.name)?, ..job }).await?;
                json!({})
            }
            "get" => {
                let GetJob { name } = operation.arguments()?;
                json!({ "job": self.0.get(cx, &GetJob { name: own(&name)? }).await? })
            }
            "delete" => {
                let DeleteJob { name } = operation.arguments()?;
                self.0.delete(cx, DeleteJob { name: own(&name)? }).await?;
                json!({})
            }
            _ => return Err(operation.unknown()),
        };
        Ok((head, Bytes::new()))
    }
}
