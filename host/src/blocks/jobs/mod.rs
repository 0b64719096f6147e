//! Jobs: `jobs.schedule`, `jobs.get`, `jobs.delete`. A function has only its own: a job's whole name is `function.job`, which is how
//! its trigger knows whom to call.
//!
//! Owns: operations, their arguments, what a job is; [`schedule`] when one runs. Backends: `embedded`, `sidecar`.
mod cron;
pub mod embedded;
pub mod grpc;
pub mod http;
pub mod schedule;
pub mod sidecar;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::json::Json;
use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::future::BoxFuture;
use schedule::{Schedule, duration, instant};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;

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

/// Where jobs are kept.
pub trait JobStore: Send + Sync {
    /// Keeps a job; what is there already is replaced only if asked for.
    fn schedule<'a>(
        &'a self,
        cx: &'a CallContext,
        name: &'a str,
        job: JobSpec,
        overwrite: bool,
    ) -> BoxFuture<'a, Result<(), OpError>>;
    /// One job.
    fn get<'a>(&'a self, cx: &'a CallContext, name: &'a str) -> BoxFuture<'a, Result<Option<JobSpec>, OpError>>;
    /// Removes a job, if there is one.
    fn delete<'a>(&'a self, cx: &'a CallContext, name: &'a str) -> BoxFuture<'a, Result<(), OpError>>;
}

/// The capability.
pub struct JobsCapability(pub Arc<dyn JobStore>);

#[derive(Deserialize)]
struct Arguments {
    name: String,
    job: Option<JobSpec>,
    #[serde(default)]
    overwrite: bool,
}

impl Capability for JobsCapability {
    fn name(&self) -> &'static str {
        "jobs"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        _: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            let op = format!("jobs.{verb}");
            let args: Arguments = arguments(&op, args)?;
            if args.name.is_empty() {
                return Err(error(Code::InvalidArgument, format!("{op}: name cannot be empty")));
            }
            let name = whole(&cx.function, &args.name);
            match verb {
                "schedule" => {
                    let job = args.job.unwrap_or_default();
                    self.0.schedule(cx, &name, job, args.overwrite).await?;
                    Ok((json!({}), Bytes::new()))
                }
                "get" => {
                    let job = self.0.get(cx, &name).await?;
                    Ok((json!({ "job": job }), Bytes::new()))
                }
                "delete" => {
                    self.0.delete(cx, &name).await?;
                    Ok((json!({}), Bytes::new()))
                }
                _ => Err(unknown(&op)),
            }
        })
    }
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
