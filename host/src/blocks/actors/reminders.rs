//! Reminders and timers: the calls of itself that an actor asks its host for.
//!
//! Owns: the requests, in the words of Dapr's API, which both backends take. [`When`] is when they are due.
pub use super::when::When;
use super::when::{given, period};
use crate::blocks::call::CallContext;
use crate::blocks::jobs::schedule::{go, instant};
use crate::blocks::jobs::{FailurePolicy, JobSpec};
use crate::blocks::json::Json;
use crate::blocks::turn::Actor;
use crate::code::OpError;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What Dapr says of a type that no function exports.
pub const NOT_HOSTED: &str = "operations on actor reminders are only possible on hosted actor types";
/// Longest name, bytes: it becomes a part of a key.
const LONGEST: usize = 256;

/// A reminder: kept until it is over, whatever becomes of the host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reminder {
    /// When it is due.
    #[serde(flatten)]
    pub when: When,
    /// How often in all, where it is known; a part of `period` in what is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// What the actor is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// Whether it may take the place of one that has its name; it may when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overwrite: Option<bool>,
    /// What follows a failed turn; over gRPC only, as in Dapr.
    #[serde(skip)]
    pub failure_policy: Option<FailurePolicy>,
}

/// A timer: gone when the host is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Timer {
    /// When it is due.
    #[serde(flatten)]
    pub when: When,
    /// The method that is called.
    pub callback: String,
    /// What it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
}

impl Reminder {
    /// The job that it is for a scheduler, as Dapr's takes it: one with neither time nor period is none, and a `ttl` is for what repeats.
    pub fn job(self) -> Result<JobSpec, String> {
        let every = given(self.when.period.as_ref()).map(period).transpose()?.flatten();
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        let job = JobSpec {
            schedule: every.map(|(ms, _)| format!("@every {}", go(ms))),
            due_time: text(self.when.due_time),
            repeats: every.and_then(|(_, repeats)| repeats),
            ttl: text(self.when.ttl),
            data: self.data,
            failure_policy: self.failure_policy,
        };
        match job {
            JobSpec { schedule: None, due_time: None, .. } => Err("a reminder needs a dueTime or a period".to_owned()),
            JobSpec { schedule: None, ttl: Some(_), .. } => Err("ttl is for a reminder with a period".to_owned()),
            job => Ok(job),
        }
    }

    /// The same read back.
    pub fn of(job: JobSpec) -> Reminder {
        let when = When { due_time: job.due_time, period: job.schedule, ttl: job.ttl };
        let failure_policy = job.failure_policy;
        Reminder { when, repeats: job.repeats, data: job.data, overwrite: None, failure_policy }
    }
}

/// When a timer fires, worked out; times in ms since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticks {
    /// The first time.
    pub first: u64,
    /// From then on every so many ms, and how often in all.
    pub period: Option<(u64, Option<u32>)>,
    /// When it is over.
    pub expires: Option<u64>,
}

impl Timer {
    /// Works out when it fires; without a time at once, as in Dapr.
    pub fn ticks(&self, now: u64) -> Result<Ticks, String> {
        let first = given(self.when.due_time.as_ref()).map_or(Ok(now), |due| instant("dueTime", due, now))?;
        let expires = given(self.when.ttl.as_ref()).map(|ttl| instant("ttl", ttl, first)).transpose()?;
        if expires.is_some_and(|expires| expires < now || expires < first) {
            return Err("ttl is over before the timer has fired".to_owned());
        }
        let period = given(self.when.period.as_ref()).map(period).transpose()?.flatten();
        Ok(Ticks { first, period, expires })
    }
}

/// A reminder or timer of an actor, by its name.
#[derive(Clone, Debug)]
pub struct Named {
    /// The actor.
    pub actor: Actor,
    /// The name, which is valid.
    pub name: String,
}

impl Named {
    /// Refuses an invalid name.
    pub fn new(actor: &Actor, name: &str) -> Result<Named, String> {
        check(name)?;
        Ok(Named { actor: actor.clone(), name: name.to_owned() })
    }

    /// Refuses an invalid name, type or id, in Dapr's order.
    pub fn parse(kind: &str, id: &str, name: &str) -> Result<Named, String> {
        check(name)?;
        Named::new(&Actor::new(kind, id)?, name)
    }

    /// Its key in the database.
    pub fn key(&self) -> String {
        self.actor.key(&self.name)
    }
}

/// Sets a reminder: `actors.setReminder`. It replaces one of its name unless that is forbidden.
#[derive(Clone, Debug)]
pub struct SetReminder {
    /// Whose it is, and its name.
    pub of: Named,
    /// The reminder.
    pub reminder: Reminder,
}

/// Starts a timer: `actors.setTimer`. It replaces one of its name.
#[derive(Clone, Debug)]
pub struct SetTimer {
    /// Whose it is, and its name.
    pub of: Named,
    /// The timer.
    pub timer: Timer,
}

/// Refuses names that could be mistaken for paths, as Dapr does.
fn check(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > LONGEST {
        return Err(format!("the name of a reminder or timer has 1 to {LONGEST} bytes, not {}", name.len()));
    }
    if name.contains(['/', '\\', '?', '#']) || name.chars().any(char::is_control) || name == "." || name == ".." {
        return Err(format!(
            "the name of a reminder or timer is no path and has no slash, ? or # in it, as {name:?} has"
        ));
    }
    Ok(())
}

/// Where reminders are stored.
#[async_trait]
pub trait Reminders: Send + Sync {
    /// Stores a reminder.
    async fn set(&self, cx: &CallContext, set: SetReminder) -> Result<(), OpError>;
    /// The reminder, if it exists.
    async fn get(&self, cx: &CallContext, of: &Named) -> Result<Option<Reminder>, OpError>;
    /// Removes the reminder, if it exists.
    async fn delete(&self, cx: &CallContext, of: &Named) -> Result<(), OpError>;
}

/// What counts the time of timers.
#[async_trait]
pub trait Timers: Send + Sync {
    /// Starts a timer.
    async fn set(&self, cx: &CallContext, set: SetTimer) -> Result<(), OpError>;
    /// Stops the timer, if it exists.
    async fn delete(&self, cx: &CallContext, of: &Named) -> Result<(), OpError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(json: &str) -> Result<JobSpec, String> {
        serde_json::from_str::<Reminder>(json).map_err(|e| e.to_string())?.job()
    }

    #[test]
    fn reminders_are_jobs_where_they_can_be() {
        let spec = job(r#"{"dueTime":"1s","period":"R2/PT1M","ttl":"1h","data":{"a":1}}"#);
        let schedule = spec.map(|spec| (spec.schedule, spec.repeats));
        assert_eq!(schedule, Ok((Some("@every 1m0s".to_owned()), Some(2))));
        assert!(job(r#"{"dueTime":"","period":"","ttl":""}"#).is_err());
        assert!(job(r#"{"dueTime":"1s","ttl":"1h"}"#).is_err());
    }

    #[test]
    fn timers_without_a_time_fire_at_once() {
        assert_eq!(Timer::default().ticks(7), Ok(Ticks { first: 7, period: None, expires: None }));
        let late = When { due_time: Some("2s".to_owned()), ttl: Some("1970-01-01T00:00:01Z".to_owned()), period: None };
        assert!(Timer { when: late, ..Timer::default() }.ticks(0).is_err());
    }
}
