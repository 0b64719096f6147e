//! A unit of work: what was read is as it was, then all changes and messages, in one commit. Or nothing.
use super::log::{Admission, Log};
use super::state::{Change, StateError, allowed, apply, fits};

/// What belongs together.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// What was read and not written.
    pub guards: Vec<Guard>,
    /// In order; their ETag rules are checked before the first is applied.
    pub changes: Vec<Change>,
    /// Topic of the log, and the message.
    pub messages: Vec<(String, Vec<u8>)>,
}

/// A key that must still be as it was read.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The key.
    pub key: String,
    /// Its ETag; none: there was no value.
    pub etag: Option<String>,
}

impl From<Guard> for Change {
    /// A change whose ETag rule says the same; it is not to be applied.
    fn from(guard: Guard) -> Change {
        Change { key: guard.key, put: None, first_write: guard.etag.is_none(), etag: guard.etag }
    }
}

impl Log {
    /// Commits a unit of work to the store that this log is in.
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
