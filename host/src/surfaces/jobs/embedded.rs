//! Jobs of the embedded default: how its scheduler runs them, and the jobs that modules declare.
use super::deliver;
use crate::blocks::jobs::embedded::StoredJob;
use crate::blocks::jobs::{JobSpec, parts, whole};
use crate::code::Code;
use crate::functions::{Function, Registry};
use crate::invoke::Invoker;
use crate::origin::Origin;
use crate::store::job::Jobs;
use crate::store::{StoreError, now_ms};
use crate::surfaces::scheduler::{Outcome, Work};
use async_trait::async_trait;
use daplet_abi::reply::AckStatus;
use std::collections::HashSet;
use std::sync::Arc;

/// Jobs of functions. When a function is removed, its jobs are too.
pub struct FunctionJobs {
    /// The functions that own jobs.
    pub registry: Arc<Registry>,
    /// Runs the functions.
    pub invoker: Invoker,
}

impl FunctionJobs {
    fn owner<'a>(&self, name: &'a str) -> Option<(Arc<Function>, &'a str)> {
        parts(name).and_then(|(function, name)| Some((self.registry.get(function)?, name)))
    }
}

#[async_trait]
impl Work for FunctionJobs {
    const ORPHANS_WAIT: bool = false;
    const KIND: &'static str = "job";

    fn owner(&self, name: &str) -> String {
        parts(name).map_or(name, |(function, _)| function).to_owned()
    }

    fn lane<'a>(&self, name: &'a str) -> &'a str {
        name
    }

    fn owned(&self, name: &str) -> bool {
        self.owner(name).is_some()
    }

    async fn attempt(&self, name: &str, stored: &StoredJob) -> Outcome {
        let Some((function, name)) = self.owner(name) else { return Outcome::Orphaned };
        match deliver(&self.invoker, &function, name, &stored.spec, stored.planned, stored.failed + 1, Origin::root())
            .await
        {
            Ok(AckStatus::Success | AckStatus::Drop) => Outcome::Done,
            Ok(AckStatus::Retry) => Outcome::Failed("it asked for a retry".to_owned()),
            Err(error) if error.code == Code::LoadShed => Outcome::Busy,
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// Stores the declared jobs, and removes jobs that are no longer declared or have no owner.
    async fn reconcile(&self, jobs: &Jobs) -> Result<(), StoreError> {
        let mut declared = HashSet::new();
        for function in self.registry.list() {
            for schedule in &function.record.exports.schedules {
                let (name, spec) = (whole(function.name.as_str(), &schedule.name), JobSpec::from(schedule));
                declared.insert(name.clone());
                if stored(jobs, &name)?.is_some_and(|stored| stored.declared && stored.spec == spec) {
                    continue;
                }
                // It was checked when the function was uploaded.
                let Ok(plan) = spec.plan(now_ms()) else { continue };
                let bytes = serde_json::to_vec(&StoredJob::new(spec, &plan, true)).unwrap_or_default();
                match jobs.put(name.clone(), plan.due, bytes, true).await {
                    Err(StoreError::Quota(exceeded)) => {
                        tracing::error!(job = name, "a declared job is not stored: {exceeded}");
                    }
                    put => drop(put?),
                }
            }
        }
        for name in jobs.names()? {
            let stale = !declared.contains(&name) && stored(jobs, &name)?.is_some_and(|stored| stored.declared);
            if stale || !self.owned(&name) {
                jobs.remove(name).await?;
            }
        }
        Ok(())
    }
}

fn stored(jobs: &Jobs, name: &str) -> Result<Option<StoredJob>, StoreError> {
    Ok(jobs.get(name)?.and_then(|job| serde_json::from_slice(&job.bytes).ok()))
}
