//! The jobs that modules declare, in the sidecar's scheduler: as soon as it is there, and as long as a function declares
//! them.
use crate::blocks::jobs::sidecar::Scheduled;
use crate::blocks::jobs::{JobSpec, whole};
use crate::blocks::json::Json;
use crate::dapr::health::Health;
use crate::dapr::{DaprError, Sidecar, Trace};
use crate::functions::Registry;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause after a failure.
const AGAIN: Duration = Duration::from_secs(1);

/// Maintains them.
pub struct Declared {
    /// The sidecar of the scheduler.
    pub sidecar: Sidecar,
    /// Who declares.
    pub registry: Arc<Registry>,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Declared {
    /// Follows the registry until stopped. The scheduler's jobs stay: they survive this host.
    pub async fn run(self) {
        let mut changes = self.registry.changes();
        changes.mark_changed();
        let (mut scheduled, mut told) = (BTreeMap::new(), String::new());
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.stop.cancelled() => return,
            }
            while let Err(error) = self.reconcile(&mut scheduled).await {
                let error = error.to_string();
                if self.sidecar.health() == Health::Ready && told != error {
                    tracing::warn!("the schedules of functions cannot be given to the sidecar: {error}; trying again");
                    told = error;
                }
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    () = self.stop.cancelled() => return,
                }
            }
        }
    }

    async fn reconcile(&self, scheduled: &mut BTreeMap<String, JobSpec>) -> Result<(), DaprError> {
        let mut declared = BTreeMap::new();
        for function in self.registry.list() {
            let jobs = &function.record.exports.schedules;
            declared.extend(jobs.iter().map(|job| (whole(function.name.as_str(), &job.name), JobSpec::from(job))));
        }
        for (name, job) in &declared {
            if scheduled.get(name) == Some(job) {
                continue;
            }
            // Scheduling an existing job again would lose the time that has passed since its last run.
            if !self.has(name, job).await {
                let body = serde_json::to_vec(&Scheduled { job, overwrite: true }).unwrap_or_default();
                self.sidecar.schedule_job(name, body, Trace::default()).await?;
            }
            scheduled.insert(name.clone(), job.clone());
        }
        let gone: Vec<String> = scheduled.keys().filter(|name| !declared.contains_key(*name)).cloned().collect();
        for name in gone {
            self.sidecar.delete_job(&name, Trace::default()).await?;
            scheduled.remove(&name);
        }
        Ok(())
    }

    async fn has(&self, name: &str, job: &JobSpec) -> bool {
        let Ok(answer) = self.sidecar.job(name, Trace::default()).await else { return false };
        let kept: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        kept["schedule"] == json!(job.schedule) && kept.get("data") == job.data.as_ref().map(Json::value).as_ref()
    }
}
