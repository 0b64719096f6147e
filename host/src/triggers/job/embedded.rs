//! The scheduler of the embedded default: runs each job when it is due, records what became of it, goes on by its schedule.
//!
//! What was missed while the server was down runs once at the start. A job stays due until its outcome is on disk: at least once.
use super::deliver;
use crate::capabilities::jobs::embedded::Kept;
use crate::capabilities::jobs::schedule::Schedule;
use crate::capabilities::jobs::{JobSpec, parts, whole};
use crate::functions::Registry;
use crate::invoke::Invoker;
use crate::store::job::{Job, Jobs};
use crate::store::{StoreError, now_ms};
use daplet_abi::reply::{AckStatus, codes};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest sleep: a clock that jumps is noticed within it.
const LOOK: Duration = Duration::from_secs(5);
/// Jobs that run at once; what is due beyond them waits.
const MOST: usize = 64;
/// Pause where the server is too busy to run a job, which is no attempt.
const BUSY_MS: u64 = 500;

/// What runs jobs.
pub struct Scheduler {
    /// Where they are kept.
    pub jobs: Jobs,
    /// Whose they are.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Scheduler {
    /// Runs what is due until stopped, and waits for what runs then.
    pub async fn run(self) {
        let (shared, tasks) = (Arc::new(self), TaskTracker::new());
        let running = Arc::new(Mutex::new(HashSet::<String>::new()));
        let (mut jobs, mut functions) = (shared.jobs.changes(), shared.registry.changes());
        functions.mark_changed();
        while !shared.stop.is_cancelled() {
            jobs.mark_unchanged();
            if functions.has_changed().unwrap_or(false) {
                functions.mark_unchanged();
                if let Err(error) = shared.reconcile().await {
                    tracing::error!("jobs: {error}");
                }
            }
            let sleep = match shared.jobs.due(now_ms(), MOST) {
                Ok((due, next)) => {
                    shared.start(due, &tasks, &running);
                    next.map_or(LOOK, |next| Duration::from_millis(next.saturating_sub(now_ms())).min(LOOK))
                }
                Err(error) => {
                    tracing::error!("jobs: {error}");
                    LOOK
                }
            };
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                changed = jobs.changed() => if changed.is_err() { break },
                changed = functions.changed() => match changed { Ok(()) => functions.mark_changed(), Err(_) => break },
                () = shared.stop.cancelled() => break,
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Starts what does not run already.
    fn start(self: &Arc<Self>, due: Vec<Job>, tasks: &TaskTracker, running: &Arc<Mutex<HashSet<String>>>) {
        for job in due {
            if running.lock().unwrap_or_else(PoisonError::into_inner).insert(job.name.clone()) {
                let (this, running) = (Arc::clone(self), Arc::clone(running));
                tasks.spawn(async move {
                    let name = job.name.clone();
                    if let Err(error) = this.see_through(job).await {
                        tracing::error!("job {name}: {error}");
                    }
                    running.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
                });
            }
        }
    }

    /// One attempt, and its record.
    async fn see_through(&self, job: Job) -> Result<(), StoreError> {
        let Ok(mut kept) = serde_json::from_slice::<Kept>(&job.bytes) else {
            return Err(StoreError::Damaged(job.name));
        };
        let now = now_ms();
        if kept.expires.is_some_and(|expires| expires <= now) {
            return self.jobs.advance(&job, None).await;
        }
        let function = parts(&job.name).and_then(|(function, name)| Some((self.registry.get(function)?, name)));
        let Some((function, name)) = function else { return self.jobs.advance(&job, None).await };
        let outcome = deliver(&self.invoker, &function, name, &kept.spec, kept.planned, kept.failed + 1).await;
        let next = match outcome {
            Ok(AckStatus::Success | AckStatus::Drop) => None,
            Err(error) if error.code == codes::LOAD_SHED => Some(now_ms() + BUSY_MS),
            failed => {
                kept.failed += 1;
                let pause = kept.spec.pause(kept.failed);
                if pause.is_none() {
                    let why = failed.err().map_or_else(|| "it asked for a retry".to_owned(), |e| e.to_string());
                    tracing::warn!(function = function.name.as_str(), job = name, "a run is given up: {why}");
                }
                pause.map(|pause| now_ms() + pause)
            }
        };
        let next = next.or_else(|| {
            (kept.runs, kept.failed) = (kept.runs + 1, 0);
            let next = following(&kept, now_ms());
            kept.planned = next.unwrap_or(kept.planned);
            next
        });
        let bytes = serde_json::to_vec(&kept).unwrap_or_default();
        self.jobs.advance(&job, next.map(|due| (due, bytes))).await
    }

    fn kept(&self, name: &str) -> Result<Option<Kept>, StoreError> {
        Ok(self.jobs.get(name)?.and_then(|job| serde_json::from_slice(&job.bytes).ok()))
    }

    /// What modules declare is there, as they declare it; what belongs to nobody is not.
    async fn reconcile(&self) -> Result<(), StoreError> {
        let mut declared = HashSet::new();
        for function in self.registry.list() {
            for schedule in &function.record.exports.schedules {
                let (name, spec) = (whole(function.name.as_str(), &schedule.name), JobSpec::from(schedule));
                declared.insert(name.clone());
                if self.kept(&name)?.is_some_and(|kept| kept.declared && kept.spec == spec) {
                    continue;
                }
                // It was checked when the function was uploaded.
                let Ok(plan) = spec.plan(now_ms()) else { continue };
                let bytes = serde_json::to_vec(&Kept::new(spec, &plan, true)).unwrap_or_default();
                self.jobs.put(name, plan.due, bytes, true).await?;
            }
        }
        for name in self.jobs.names()? {
            let owner = parts(&name).and_then(|(function, _)| self.registry.get(function));
            if owner.is_none() || (!declared.contains(&name) && self.kept(&name)?.is_some_and(|kept| kept.declared)) {
                self.jobs.remove(name).await?;
            }
        }
        Ok(())
    }
}

/// When the run after this one is; what was missed is not made up for.
fn following(kept: &Kept, now: u64) -> Option<u64> {
    if kept.spec.repeats.is_some_and(|repeats| kept.runs >= repeats) {
        return None;
    }
    let schedule = Schedule::parse(kept.spec.schedule.as_deref()?).ok()?;
    let next = match schedule {
        Schedule::Every(ms) => {
            let missed = now.saturating_sub(kept.planned) / ms;
            kept.planned.checked_add(ms.checked_mul(missed + 1)?)
        }
        Schedule::Cron(_) => schedule.next(now.max(kept.planned)),
    };
    next.filter(|next| kept.expires.is_none_or(|expires| *next < expires))
}
