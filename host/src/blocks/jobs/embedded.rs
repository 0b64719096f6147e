//! Jobs in the embedded database; the trigger `job` runs them.
use super::{DeleteJob, GetJob, JobSpec, JobStore, Plan, ScheduleJob};
use crate::blocks::call::{CallContext, error, from_store};
use crate::code::{Code, OpError};
use crate::store::{Jobs, now_ms};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The backend.
pub struct Embedded(pub Jobs);

/// What is kept of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// As it was scheduled.
    pub spec: JobSpec,
    /// When it is over, ms since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// When the run that is due was to be; later attempts do not change it.
    pub planned: u64,
    /// Runs that have ended.
    #[serde(default)]
    pub runs: u32,
    /// Attempts of this run that have failed.
    #[serde(default)]
    pub failed: u32,
    /// It stands in the function's module.
    #[serde(default)]
    pub declared: bool,
}

impl Kept {
    /// A job that has not run.
    pub fn new(spec: JobSpec, plan: &Plan, declared: bool) -> Kept {
        Kept { spec, expires: plan.expires, planned: plan.due, runs: 0, failed: 0, declared }
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
        let kept = Kept::new(job, &plan, false);
        let bytes = serde_json::to_vec(&kept).map_err(|e| error(Code::OperationFailed, e.to_string()))?;
        match self.0.put(name.clone(), plan.due, bytes, overwrite).await.map_err(|e| from_store(&e))? {
            true => Ok(()),
            false => {
                Err(error(Code::JobAlreadyExists, format!("job {name} exists already; overwrite: true replaces it")))
            }
        }
    }

    async fn get(&self, _: &CallContext, GetJob { name }: &GetJob) -> Result<Option<JobSpec>, OpError> {
        let found = self.0.get(name).map_err(|e| from_store(&e))?;
        let kept = found.map(|job| serde_json::from_slice::<Kept>(&job.bytes)).transpose();
        Ok(kept.map_err(|e| error(Code::OperationFailed, format!("job {name}: {e}")))?.map(|kept| kept.spec))
    }

    async fn delete(&self, _: &CallContext, DeleteJob { name }: DeleteJob) -> Result<(), OpError> {
        self.0.remove(name).await.map(drop).map_err(|e| from_store(&e))
    }
}
