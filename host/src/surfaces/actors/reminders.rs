//! Reminders of the embedded default: its scheduler runs them as turns of actors, one at a time for each actor.
use super::embedded::{Embedded, TurnError};
use crate::blocks::actors::parts;
use crate::blocks::jobs::embedded::StoredJob;
use crate::blocks::json::Json;
use crate::store::{Jobs, StoreError};
use crate::surfaces::scheduler::{Outcome, Work};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;

/// The body that a sidecar sends for a due reminder.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Due<'a> {
    due_time: &'a str,
    period: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Json>,
}

/// Reminders of actors. If no function exports the type they wait for one, as they wait for a host in Dapr.
pub struct ActorReminders(pub Embedded);

#[async_trait]
impl Work for ActorReminders {
    const ORPHANS_WAIT: bool = true;
    const KIND: &'static str = "reminder";

    fn owner(&self, name: &str) -> String {
        let kind = parts(name).map_or_else(|| name.to_owned(), |(actor, _)| actor.kind);
        self.0.registry.actor(&kind).map_or(kind, |function| function.name.to_string())
    }

    /// An actor's key.
    fn lane<'a>(&self, name: &'a str) -> &'a str {
        parts(name).and_then(|(_, reminder)| name.strip_suffix(reminder)).unwrap_or(name)
    }

    fn owned(&self, name: &str) -> bool {
        parts(name).is_some_and(|(actor, _)| self.0.registry.actor(&actor.kind).is_some())
    }

    async fn attempt(&self, name: &str, stored: &StoredJob) -> Outcome {
        let Some((actor, reminder)) = parts(name) else { return Outcome::Orphaned };
        let body = Due { due_time: "", period: "", data: stored.spec.data.as_ref() };
        let body = Bytes::from(serde_json::to_vec(&body).unwrap_or_default());
        match self.0.clone().due(actor, format!("remind/{reminder}"), body).await {
            Ok(()) => Outcome::Done,
            Err(TurnError::Full(_) | TurnError::Shed(_)) => Outcome::Busy,
            Err(TurnError::NoAddress) => Outcome::Orphaned,
            Err(TurnError::Failed(why, _)) => Outcome::Failed(why),
        }
    }

    /// Nothing to do: the scheduler wakes waiting reminders.
    async fn reconcile(&self, _: &Jobs) -> Result<(), StoreError> {
        Ok(())
    }
}
