//! Turns: the turns of one actor run one after the other, in the order of their calls. Also needed behind a sidecar:
//! service invocation bypasses its actor locks.
use crate::blocks::actors::Actor;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls of one actor that may wait for their turns.
const LONGEST_QUEUE: usize = 1_000;

/// Actors that are called now. Cheap to clone.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<Actor, Line>>>);

/// The permit for one turn, and how many want it.
type Line = (Arc<Semaphore>, usize);

/// A position in an actor's queue, and at its head the turn itself; released when dropped.
#[derive(Debug)]
pub struct Place {
    turns: Turns,
    actor: Actor,
    /// The turn, once it has come.
    permit: Option<OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turns")
    }
}

impl Turns {
    /// Waits for a turn; refuses when too many wait, in words.
    pub async fn take(&self, actor: &Actor) -> Result<Place, String> {
        let (line, mut place) = self.enter(actor)?;
        place.permit = Some(line.acquire_owned().await.map_err(|e| e.to_string())?);
        Ok(place)
    }

    fn enter(&self, actor: &Actor) -> Result<(Arc<Semaphore>, Place), String> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (line, wanted) = table.entry(actor.clone()).or_insert_with(|| (Arc::new(Semaphore::new(1)), 0));
        if *wanted > LONGEST_QUEUE {
            return Err(format!("{LONGEST_QUEUE} calls of {actor} wait for their turns already"));
        }
        *wanted += 1;
        Ok((Arc::clone(line), Place { turns: self.clone(), actor: actor.clone(), permit: None }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, wanted)) = table.get_mut(&self.actor) {
            *wanted -= 1;
            if *wanted == 0 {
                table.remove(&self.actor);
            }
        }
        drop(self.permit.take());
    }
}
