//! Jobs of the Dapr sidecar, kept by its scheduler service.
use super::{ALREADY_EXISTS, JobSpec, JobStore};
use crate::capabilities::{CallContext, error, from_dapr};
use crate::dapr::{DaprError, Sidecar};
use daplet_abi::op::{OpError, codes};
use futures::future::BoxFuture;
use serde_json::json;

/// The backend.
pub struct Dapr(pub Sidecar);

impl JobStore for Dapr {
    fn schedule<'a>(
        &'a self,
        cx: &'a CallContext,
        name: &'a str,
        job: JobSpec,
        overwrite: bool,
    ) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async move {
            let mut body = json!(job);
            body["overwrite"] = json!(overwrite);
            match self.0.schedule_job(name, body.to_string().into_bytes(), cx.trace()).await {
                Err(DaprError::Refused { status: 409, message, .. }) => Err(error(ALREADY_EXISTS, message)),
                done => done.map_err(from_dapr).map(drop),
            }
        })
    }

    fn get<'a>(&'a self, cx: &'a CallContext, name: &'a str) -> BoxFuture<'a, Result<Option<JobSpec>, OpError>> {
        Box::pin(async move {
            let answer = match self.0.job(name, cx.trace()).await {
                // Dapr tells a job that is not there as a failure of its scheduler.
                Err(DaprError::Refused { message, .. }) if message.contains("not found") => return Ok(None),
                answer => answer.map_err(from_dapr)?,
            };
            let mut job: serde_json::Value = serde_json::from_slice(&answer.body)
                .map_err(|e| error(codes::INTERNAL, format!("the sidecar's JSON: {e}")))?;
            job.as_object_mut().map(|job| job.remove("name"));
            let job = serde_json::from_value(job);
            job.map(Some).map_err(|e| error(codes::INTERNAL, format!("the sidecar's job: {e}")))
        })
    }

    fn delete<'a>(&'a self, cx: &'a CallContext, name: &'a str) -> BoxFuture<'a, Result<(), OpError>> {
        Box::pin(async move { self.0.delete_job(name, cx.trace()).await.map_err(from_dapr).map(drop) })
    }
}
