//! Jobs in the embedded database; `surfaces/jobs` runs them.
use super::{DeleteJob, GetJob, JobSpec, JobStore, Plan, ScheduleJob};
use crate::blocks::call::{CallContext, error, from_store};
use crate::code::{Code, OpError};
use crate::store::{Jobs, now_ms};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The backend.
pub struct Embedded(pub Jobs);

/// A job as it is stored, with its progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredJob {
    /// As it was scheduled.
    pub spec: JobSpec,
    /// When it is over, ms since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// When the due run was planned; later attempts do not change it.
    pub planned: u64,
    /// Runs that have ended.
    #[serde(default)]
    pub runs: u32,
    /// Attempts of this run that have failed.
    #[serde(default)]
    pub failed: u32,
    /// Whether the function's module declares it.
    #[serde(default)]
    pub declared: bool,
}

impl StoredJob {
    /// A job that has not run.
    pub fn new(spec: JobSpec, plan: &Plan, declared: bool) -> StoredJob {
        StoredJob { spec, expires: plan.expires, planned: plan.due, runs: 0, failed: 0, declared }
    }
}

#[async_trait]
impl JobStore for Embedded {
    async fn schedule(
        &self,
        _: &CallContext,
        ScheduleJob { name, job, overwrite }: ScheduleJob,
    ) -> Result<(), OpError> {
        let plan = job.plan(now_ms()).map_err(|e| error(Code::InvalidArgument, format!("job {name}: {e}")))?;
        let stored = StoredJob::new(job, &plan, false);
        let bytes = serde_json::to_vec(&stored).map_err(|e| error(Code::OperationFailed, e.to_string()))?;
        match self.0.put(name.clone(), plan.due, bytes, overwrite).await.map_err(|e| from_store(&e))? {
            true => Ok(()),
            false => {
                Err(error(Code::JobAlreadyExists, format!("job {name} exists already; overwrite: true replaces it")))
            }
        }
    }

    async fn get(&self, _: &CallContext, GetJob { name }: &GetJob) -> Result<Option<JobSpec>, OpError> {
        let found = self.0.get(name).map_err(|e| from_store(&e))?;
        let stored = found.map(|job| serde_json::from_slice::<StoredJob>(&job.bytes)).transpose();
        Ok(stored.map_err(|e| error(Code::OperationFailed, format!("job {name}: {e}")))?.map(|stored| stored.spec))
    }

    async fn delete(&self, _: &CallContext, DeleteJob { name }: DeleteJob) -> Result<(), OpError> {
        self.0.remove(name).await.map(drop).map_err(|e| from_store(&e))
    }
}
