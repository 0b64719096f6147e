//! Reminders in the embedded database; the trigger `actor` runs them.
use super::reminders::{Named, Reminder, Reminders, SetReminder};
use super::{Actor, parts};
use crate::blocks::call::{CallContext, error, from_store};
use crate::blocks::jobs::embedded::StoredJob;
use crate::code::{Code, OpError};
use crate::store::{Job, Jobs, now_ms};
use async_trait::async_trait;

/// The backend, over [`Jobs::reminders`]. Cheap to clone.
#[derive(Clone)]
pub struct Embedded(pub Jobs);

fn read(job: &Job) -> Result<Reminder, OpError> {
    let stored: StoredJob = serde_json::from_slice(&job.bytes)
        .map_err(|e| error(Code::OperationFailed, format!("reminder {}: {e}", job.name)))?;
    Ok(Reminder::of(stored.spec))
}

/// What the keys of an actor's reminders begin with, or of all actors of a type.
fn prefix(kind: &str, id: Option<&str>) -> String {
    id.map_or_else(|| format!("{kind}||"), |id| format!("{kind}||{id}||"))
}

impl Embedded {
    /// The reminders of an actor, or of all actors of a type.
    pub fn list(&self, kind: &str, id: Option<&str>) -> Result<Vec<(Actor, String, Reminder)>, OpError> {
        let jobs = self.0.beginning(&prefix(kind, id)).map_err(|e| from_store(&e))?;
        let named = |job: &Job| parts(&job.name).map(|(actor, name)| (actor, name.to_owned()));
        jobs.iter().filter_map(|job| named(job).map(|(actor, name)| Ok((actor, name, read(job)?)))).collect()
    }

    /// Removes the reminders of an actor, or of all actors of a type.
    pub async fn delete_all(&self, kind: &str, id: Option<&str>) -> Result<(), OpError> {
        self.0.remove_beginning(prefix(kind, id)).await.map_err(|e| from_store(&e))
    }
}

#[async_trait]
impl Reminders for Embedded {
    async fn set(&self, _: &CallContext, SetReminder { of, reminder }: SetReminder) -> Result<(), OpError> {
        let invalid = |message| error(Code::InvalidArgument, message);
        let overwrite = reminder.overwrite.unwrap_or(true);
        let job = reminder.job().map_err(invalid)?;
        let plan = job.plan(now_ms()).map_err(invalid)?;
        let bytes = serde_json::to_vec(&StoredJob::new(job, &plan, false))
            .map_err(|e| error(Code::OperationFailed, e.to_string()))?;
        match self.0.put(of.key(), plan.due, bytes, overwrite).await.map_err(|e| from_store(&e))? {
            true => Ok(()),
            false => {
                let message = format!("actor reminder already exists: {}", of.name);
                Err(error(Code::ActorReminderAlreadyExists, message))
            }
        }
    }

    async fn get(&self, _: &CallContext, of: &Named) -> Result<Option<Reminder>, OpError> {
        let found = self.0.get(&of.key()).map_err(|e| from_store(&e))?;
        found.as_ref().map(read).transpose()
    }

    async fn delete(&self, _: &CallContext, of: &Named) -> Result<(), OpError> {
        self.0.remove(of.key()).await.map(drop).map_err(|e| from_store(&e))
    }
}
