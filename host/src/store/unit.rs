//! A unit of work: if everything that was read is unchanged, all changes and messages in one commit; otherwise nothing.
use super::log::{Admission, Log};
use super::state::{Change, StateError, allowed, apply, fits};

/// What is committed together.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// Keys that were read and not written.
    pub guards: Vec<Guard>,
    /// Changes in order; their ETag rules are checked before the first is applied.
    pub changes: Vec<Change>,
    /// Messages, each with its topic.
    pub messages: Vec<(String, Vec<u8>)>,
}

/// A key that must not have changed since it was read.
#[derive(Clone, Debug)]
pub struct Guard {
    pub key: String,
    /// Its ETag; `None`: it had no value.
    pub etag: Option<String>,
}

impl From<Guard> for Change {
    /// A change with the same ETag rule, which is checked and not applied.
    fn from(guard: Guard) -> Change {
        Change { key: guard.key, put: None, first_write: guard.etag.is_none(), etag: guard.etag }
    }
}

impl Log {
    /// Commits a unit of work to the log's store.
    pub async fn commit(&self, unit: Unit) -> Result<(), StateError> {
        let (publishes, quota) = (!unit.messages.is_empty(), self.quota.clone());
        let of_state = self.store.quota.clone();
        let done = self.store.writer.write(move |write| {
            let guards: Vec<Change> = unit.guards.into_iter().map(Change::from).collect();
            if let Err(refused) = allowed(write, guards.iter().chain(&unit.changes))? {
                return Ok(Err(refused));
            }
            if let Err(exceeded) = fits(write, &of_state, &unit.changes)? {
                return Ok(Err(StateError::Quota(exceeded)));
            }
            let messages: Vec<(&str, &[u8])> =
                unit.messages.iter().map(|(topic, m)| (topic.as_str(), m.as_slice())).collect();
            let admission = Admission::new(write, &quota, &messages)?;
            for change in unit.changes {
                apply(write, change)?;
            }
            admission.append(write, &messages)?;
            Ok(Ok(admission.missed))
        });
        let missed = done.await??;
        if publishes {
            self.report(&missed);
            self.tick();
        }
        Ok(())
    }
}
