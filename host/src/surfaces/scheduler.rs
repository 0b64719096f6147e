//! The scheduler of the embedded default: runs due jobs, records their outcome, plans the next run.
//!
//! A run that was missed while the server was down happens once at the start. A job stays due until its outcome is on
//! disk: at least once. Must not know: what a run does or which function owns it. [`Work`] does: jobs of functions,
//! reminders of actors.
use crate::blocks::jobs::embedded::StoredJob;
use crate::blocks::jobs::schedule::Schedule;
use crate::store::flight::{Flights, Id, MOST_CRASHES};
use crate::store::job::{Claim, Job, Jobs, PARKED};
use crate::store::{StoreError, now_ms};
use crate::surfaces::permits::Permits;
use async_trait::async_trait;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest sleep: a clock that jumps is noticed within it.
const LOOK: Duration = Duration::from_secs(5);
/// Jobs that run at once; what is due beyond them waits. One function has at most half of them.
const MOST: u64 = 128;
/// Pause where the server is too busy to run a job, which is no attempt.
const BUSY_MS: u64 = 500;

/// The outcome of an attempt.
pub enum Outcome {
    /// The run has ended.
    Done,
    /// It failed for this reason, and may be tried again.
    Failed(String),
    /// The server has no room for it now.
    Busy,
    /// No function owns the job now.
    Orphaned,
}

/// The kind of work that the scheduler runs.
#[async_trait]
pub trait Work: Send + Sync + 'static {
    /// Whether a job without an owner waits for one. Otherwise it is removed.
    const ORPHANS_WAIT: bool;
    /// What a job is called in the log.
    const KIND: &'static str;

    /// The name of the function that owns a job, or a name in its place if none does.
    fn owner(&self, name: &str) -> String;

    /// The lane of a job. Jobs of one lane run one after the other, in the order in which they are due.
    fn lane<'a>(&self, name: &'a str) -> &'a str;

    /// Whether a function owns the job.
    fn owned(&self, name: &str) -> bool;

    /// One attempt.
    async fn attempt(&self, name: &str, stored: &StoredJob) -> Outcome;

    /// Functions have changed.
    async fn reconcile(&self, jobs: &Jobs) -> Result<(), StoreError>;
}

/// What runs jobs.
pub struct Scheduler<W> {
    /// Where they are kept.
    pub jobs: Jobs,
    /// What they are.
    pub work: W,
    /// Ticks when functions change.
    pub functions: watch::Receiver<u64>,
    /// What was under way at a crash.
    pub flights: Flights,
    /// Ends it.
    pub stop: CancellationToken,
}

/// What runs now.
struct Running {
    permits: Permits,
    lanes: Mutex<HashSet<String>>,
    /// A lane is free again.
    ended: Notify,
}

impl<W: Work> Scheduler<W> {
    /// Runs what is due until stopped, and waits for what runs then.
    pub async fn run(self) {
        let (mut jobs, mut functions) = (self.jobs.changes(), self.functions.clone());
        let (permits, lanes, ended) = (Permits::new(MOST), Mutex::default(), Notify::new());
        let running = Arc::new(Running { permits, lanes, ended });
        let (shared, tasks) = (Arc::new(self), TaskTracker::new());
        functions.mark_changed();
        while !shared.stop.is_cancelled() {
            jobs.mark_unchanged();
            if functions.has_changed().unwrap_or(false) {
                functions.mark_unchanged();
                if let Err(error) = shared.functions_changed().await {
                    tracing::error!("jobs: {error}");
                }
            }
            let sleep = shared.start(&tasks, &running).unwrap_or_else(|error| {
                tracing::error!("jobs: {error}");
                LOOK
            });
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = running.ended.notified() => {}
                changed = jobs.changed() => if changed.is_err() { break },
                changed = functions.changed() => match changed { Ok(()) => functions.mark_changed(), Err(_) => break },
                () = shared.stop.cancelled() => break,
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Starts what is due and has a free lane and a place; how long there is nothing else to do.
    fn start(self: &Arc<Self>, tasks: &TaskTracker, running: &Arc<Running>) -> Result<Duration, StoreError> {
        let mut lanes = running.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let claim = |name: &str| {
            let lane = self.work.lane(name);
            if lanes.contains(lane) {
                return Claim::Waits;
            }
            let Some(permit) = running.permits.try_take(&self.work.owner(name), 1) else { return Claim::GroupWaits };
            lanes.insert(lane.to_owned());
            Claim::Begins(permit)
        };
        let (due, next) = self.jobs.due(now_ms(), claim)?;
        for (job, permit) in due {
            let (this, running) = (Arc::clone(self), Arc::clone(running));
            tasks.spawn(async move {
                if let Err(error) = this.attempt_and_record(&job).await {
                    tracing::error!("job {}: {error}", job.name);
                    // It is still due.
                    let _stopped = this.stop.run_until_cancelled(tokio::time::sleep(LOOK)).await;
                }
                drop(permit);
                running.lanes.lock().unwrap_or_else(PoisonError::into_inner).remove(this.work.lane(&job.name));
                running.ended.notify_one();
            });
        }
        Ok(next.map_or(LOOK, |next| Duration::from_millis(next.saturating_sub(now_ms())).min(LOOK)))
    }

    /// Makes one attempt and records its outcome.
    async fn attempt_and_record(&self, job: &Job) -> Result<(), StoreError> {
        let Ok(mut stored) = serde_json::from_slice::<StoredJob>(&job.bytes) else {
            return Err(StoreError::Damaged(job.name.clone()));
        };
        if stored.expires.is_some_and(|expires| expires <= now_ms()) {
            return self.jobs.advance(job, None).await;
        }
        let id = Id::new(W::KIND, &[&job.name], job.revision);
        let crashed = self.flights.crashes(id) >= MOST_CRASHES;
        let outcome = match self.work.owned(&job.name) {
            true if crashed => Outcome::Done,
            true => {
                let flight = self.flights.begin(id).await;
                let outcome = self.work.attempt(&job.name, &stored).await;
                drop(flight);
                outcome
            }
            false => Outcome::Orphaned,
        };
        if crashed {
            let (kind, job) = (W::KIND, &job.name);
            tracing::warn!(
                job,
                "a run of a {kind} is given up: it was running when the server died, {MOST_CRASHES} times"
            );
        }
        let next = match outcome {
            Outcome::Done => None,
            Outcome::Busy => Some(now_ms() + BUSY_MS),
            Outcome::Orphaned => return self.orphaned(job).await,
            Outcome::Failed(why) => {
                stored.failed += 1;
                let pause = stored.spec.pause(stored.failed);
                if pause.is_none() {
                    tracing::warn!(job = job.name, "a run is given up: {why}");
                }
                pause.map(|pause| now_ms().saturating_add(pause))
            }
        };
        let next = next.or_else(|| {
            (stored.runs, stored.failed) = (stored.runs + 1, 0);
            let next = following(&stored, now_ms()).unwrap_or_else(|reason| {
                let (function, kind) = (self.work.owner(&job.name), W::KIND);
                tracing::warn!(
                    function,
                    job = job.name,
                    "a {kind} ends, since its schedule is no longer accepted: {reason}"
                );
                None
            });
            stored.planned = next.unwrap_or(stored.planned);
            next
        });
        let bytes = serde_json::to_vec(&stored).unwrap_or_default();
        self.jobs.advance(job, next.map(|due| (due, bytes))).await?;
        self.flights.forget(id).await
    }

    /// Removes a job without an owner, or lets it wait outside the queue of due jobs.
    async fn orphaned(&self, job: &Job) -> Result<(), StoreError> {
        if !W::ORPHANS_WAIT {
            return self.jobs.advance(job, None).await;
        }
        self.jobs.advance(job, Some((PARKED, job.bytes.clone()))).await?;
        // A function may have become its owner meanwhile, and no further change would report that.
        if self.work.owned(&job.name) {
            return self.jobs.advance(job, Some((now_ms(), job.bytes.clone()))).await;
        }
        Ok(())
    }

    async fn functions_changed(&self) -> Result<(), StoreError> {
        for name in self.jobs.parked()? {
            if self.work.owned(&name)
                && let Some(job) = self.jobs.get(&name)?
                && job.due == PARKED
            {
                self.jobs.advance(&job, Some((now_ms(), job.bytes.clone()))).await?;
            }
        }
        self.work.reconcile(&self.jobs).await
    }
}

/// When the run after this one is due; what was missed is not made up for. Fails where the schedule, which an earlier release
/// accepted, is refused by this one.
fn following(stored: &StoredJob, now: u64) -> Result<Option<u64>, String> {
    let over = stored.spec.repeats.is_some_and(|repeats| stored.runs >= repeats);
    let Some(schedule) = stored.spec.schedule.as_deref().filter(|_| !over) else { return Ok(None) };
    let next = Schedule::parse(schedule)?.following(stored.planned, now);
    Ok(next.filter(|next| stored.expires.is_none_or(|expires| *next < expires)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_schedule_that_is_refused_now_says_why() {
        let stored = |spec: &str| -> StoredJob {
            serde_json::from_str(&format!(r#"{{"spec":{spec},"planned":1000,"runs":1}}"#)).unwrap()
        };
        assert_eq!(following(&stored(r#"{"schedule":"@every 1s"}"#), 1_500).unwrap(), Some(2_000));
        assert_eq!(following(&stored(r#"{"schedule":"@every 1s","repeats":1}"#), 1_500).unwrap(), None);
        assert_eq!(following(&stored("{}"), 1_500).unwrap(), None);
        assert!(following(&stored(r#"{"schedule":"61 * * * * *"}"#), 1_500).unwrap_err().contains("61"));
    }
}
