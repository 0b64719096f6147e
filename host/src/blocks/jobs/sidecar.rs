//! Jobs of the Dapr sidecar, kept by its scheduler service.
use super::{DeleteJob, GetJob, JobSpec, JobStore, ScheduleJob};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::blocks::json::Json;
use crate::code::{Code, OpError};
use crate::dapr::{DaprError, Sidecar};
use async_trait::async_trait;
use serde::Serialize;
use std::collections::BTreeMap;

/// The backend.
pub struct Dapr(pub Sidecar);

/// A job as Dapr's HTTP API takes it.
#[derive(Serialize)]
pub struct Scheduled<'a> {
    /// The job.
    #[serde(flatten)]
    pub job: &'a JobSpec,
    /// Whether it replaces one of its name.
    pub overwrite: bool,
}

#[async_trait]
impl JobStore for Dapr {
    async fn schedule(
        &self,
        cx: &CallContext,
        ScheduleJob { name, job, overwrite }: ScheduleJob,
    ) -> Result<(), OpError> {
        let broken = |e: serde_json::Error| error(Code::OperationFailed, format!("job {name}: {e}"));
        let body = serde_json::to_vec(&Scheduled { job: &job, overwrite }).map_err(broken)?;
        match self.0.schedule_job(&name, body, cx.trace()).await {
            Err(DaprError::Refused { status: 409, message, .. }) => Err(error(Code::JobAlreadyExists, message)),
            done => done.map_err(from_dapr).map(drop),
        }
    }

    async fn get(&self, cx: &CallContext, GetJob { name }: &GetJob) -> Result<Option<JobSpec>, OpError> {
        let answer = match self.0.job(name, cx.trace()).await {
            // Dapr tells a job that is not there as a failure of its scheduler.
            Err(DaprError::Refused { message, .. }) if message.contains("not found") => return Ok(None),
            answer => answer.map_err(from_dapr)?,
        };
        // Everything but the name, as it is written.
        let members: Result<BTreeMap<String, Json>, _> = serde_json::from_slice(&answer.body);
        let job = members.and_then(|mut members| {
            members.remove("name");
            serde_json::from_str(&serde_json::to_string(&members)?)
        });
        job.map(Some).map_err(|e| error(Code::OperationFailed, format!("the sidecar's job: {e}")))
    }

    async fn delete(&self, cx: &CallContext, DeleteJob { name }: DeleteJob) -> Result<(), OpError> {
        self.0.delete_job(&name, cx.trace()).await.map_err(from_dapr).map(drop)
    }
}
