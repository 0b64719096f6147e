//! Jobs. A job's whole name is `function.job`, which is how its trigger knows whom to call.
//!
//! Owns: the requests, what a job is; [`schedule`] when one runs. Must not know: who asks, where jobs are kept.
mod cron;
pub mod embedded;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod schedule;
pub mod sidecar;

use super::call::CallContext;
use super::json::Json;
use crate::code::OpError;
use async_trait::async_trait;
use schedule::{Schedule, duration, instant};
use serde::{Deserialize, Deserializer, Serialize};

/// Retries of a failed run, and the pause before each: Dapr's defaults.
const RETRIES: u32 = 3;
const INTERVAL_MS: u64 = 1_000;

/// A job, in Dapr's words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobSpec {
    /// Cron, or `@every 1h30m`; absent: it runs once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// When it runs (first): a time, or a duration from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_time: Option<String>,
    /// Runs in all; absent: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// When it is over: a time, or a duration from `due_time` on, or else from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// What the handler is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// What follows a failed run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
}

impl From<&daplet_abi::load::Schedule> for JobSpec {
    fn from(declared: &daplet_abi::load::Schedule) -> JobSpec {
        let schedule = Some(declared.schedule.clone());
        JobSpec { schedule, data: declared.data.as_ref().map(Json::of), ..JobSpec::default() }
    }
}

/// What follows a failed run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum FailurePolicy {
    /// Nothing.
    Drop {},
    /// It is tried again.
    #[serde(rename_all = "camelCase")]
    Constant {
        /// Pause, a duration; 1 s when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interval: Option<String>,
        /// How often; without end when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_retries: Option<u32>,
    },
}

/// When a job runs, worked out.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The first run, ms since the epoch.
    pub due: u64,
    /// When it is over.
    pub expires: Option<u64>,
}

impl JobSpec {
    /// Checks it and works out when it runs; `now` in ms since the epoch.
    pub fn plan(&self, now: u64) -> Result<Plan, String> {
        if self.schedule.is_none() && self.due_time.is_none() {
            return Err("a job needs a schedule or a dueTime".to_owned());
        }
        if self.repeats == Some(0) {
            return Err("repeats is 0, but must be 1 or more".to_owned());
        }
        if let Some(FailurePolicy::Constant { interval: Some(interval), .. }) = &self.failure_policy {
            duration("failurePolicy.constant.interval", interval)?;
        }
        let schedule = self.schedule.as_deref().map(Schedule::parse).transpose()?;
        let due = match (&self.due_time, schedule) {
            (Some(due), _) => instant("dueTime", due, now)?,
            (None, Some(schedule)) => schedule.next(now).ok_or("the schedule has no time to come")?,
            (None, None) => now,
        };
        // As Dapr counts: from the first run where a time for it is given.
        let start = if self.due_time.is_some() { due } else { now };
        let expires = self.ttl.as_deref().map(|ttl| instant("ttl", ttl, start)).transpose()?;
        if let (Some(expires), Some(ttl)) = (expires, &self.ttl)
            && (expires <= now || expires < due)
        {
            return Err(format!("ttl is {ttl:?}, but must end in the future and not before the first run"));
        }
        Ok(Plan { due, expires })
    }

    /// The pause before the next attempt after `attempt` of them failed; none when there is no further one.
    pub fn pause(&self, attempt: u32) -> Option<u64> {
        let (interval, retries) = match &self.failure_policy {
            None => (INTERVAL_MS, RETRIES),
            Some(FailurePolicy::Drop {}) => return None,
            Some(FailurePolicy::Constant { interval, max_retries }) => {
                let interval = interval.as_deref().and_then(|text| duration("", text).ok());
                (interval.unwrap_or(INTERVAL_MS), max_retries.unwrap_or(u32::MAX))
            }
        };
        (attempt <= retries).then_some(interval)
    }
}

/// The whole name of a function's job.
pub fn whole(function: &str, job: &str) -> String {
    format!("{function}.{job}")
}

/// Function and job of a whole name.
pub fn parts(name: &str) -> Option<(&str, &str)> {
    name.split_once('.').filter(|(function, job)| !function.is_empty() && !job.is_empty())
}

/// Keeps a job: `jobs.schedule`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ScheduleJob {
    /// The job's name.
    pub name: String,
    /// The job.
    #[serde(default, deserialize_with = "or_default")]
    pub job: JobSpec,
    /// Whether it replaces one of its name.
    #[serde(default)]
    pub overwrite: bool,
}

/// Reads a job: `jobs.get`.
#[derive(Clone, Debug, Deserialize)]
pub struct GetJob {
    /// The job's name.
    pub name: String,
}

/// Removes a job: `jobs.delete`.
#[derive(Clone, Debug, Deserialize)]
pub struct DeleteJob {
    /// The job's name.
    pub name: String,
}

fn or_default<'de, D: Deserializer<'de>>(from: D) -> Result<JobSpec, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Refuses a name that is not `function.job` of a function that exists; a job of another would never run.
fn check_name(name: &str, exists: impl FnOnce(&str) -> bool) -> Result<(), String> {
    match parts(name) {
        Some((function, _)) if exists(function) => Ok(()),
        Some((function, _)) => Err(format!("job {name}: there is no function \"{function}\"")),
        None => Err(format!(
            "the job's name is {name:?}, but must be that of a function, a dot and the job's: \"hello.cleanup\""
        )),
    }
}

/// Where jobs are kept.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Keeps a job; one that exists is replaced only if asked for.
    async fn schedule(&self, cx: &CallContext, schedule: ScheduleJob) -> Result<(), OpError>;
    /// One job.
    async fn get(&self, cx: &CallContext, get: &GetJob) -> Result<Option<JobSpec>, OpError>;
    /// Removes a job, if it exists.
    async fn delete(&self, cx: &CallContext, delete: DeleteJob) -> Result<(), OpError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_begins_with_the_first_run() {
        let job = |due: Option<&str>, ttl: &str| JobSpec {
            schedule: Some("@every 1m".to_owned()),
            due_time: due.map(str::to_owned),
            ttl: Some(ttl.to_owned()),
            ..JobSpec::default()
        };
        let expires = |due, ttl| job(due, ttl).plan(1_000).map(|plan| plan.expires);
        assert_eq!(expires(Some("10s"), "5s"), Ok(Some(16_000)));
        assert_eq!(expires(None, "90s"), Ok(Some(91_000)));
        assert!(expires(None, "5s").is_err(), "it would never run");
        assert!(expires(Some("10s"), "1970-01-01T00:00:05Z").is_err());
    }
}
