//! Timers of the embedded default, in memory: each fires turns of its actor until it is over, stopped or replaced.
//!
//! A turn that fails is in the log and changes nothing, as in Dapr. A timer whose type no function exports any more is over.
use super::embedded::{Embedded, TurnError};
use crate::blocks::actors::reminders::{Named, SetTimer, Ticks, Timer, Timers};
use crate::blocks::call::{CallContext, error};
use crate::blocks::jobs::schedule::Schedule;
use crate::code::{Code, OpError};
use crate::store::now_ms;
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Most timers of all actors of a type.
const MOST: usize = 10_000;
/// Largest data of a timer, bytes of JSON.
const LARGEST: usize = 16 * 1024;

/// Pause when the server is too busy for a turn; that does not count as a turn.
const BUSY_MS: u64 = 500;
/// Longest sleep: a clock that jumps is noticed within it.
const LOOK: Duration = Duration::from_secs(60);

/// Sleeps until a time, ms since the epoch.
async fn sleep_until(due: u64) {
    loop {
        let left = Duration::from_millis(due.saturating_sub(now_ms()));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

/// Counts the time of timers. Cheap to clone.
#[derive(Clone)]
pub struct InMemory {
    /// Runs the turns.
    pub actors: Embedded,
    /// The timers by actor type.
    running: Arc<Mutex<HashMap<String, Running>>>,
    /// Whether the server runs without timers.
    safe_mode: bool,
    /// Ends every timer.
    pub stop: CancellationToken,
}

/// The timers of one type: id and name to the token that ends the timer.
type Running = HashMap<(String, String), CancellationToken>;

impl InMemory {
    /// No timers yet.
    pub fn new(actors: Embedded, safe_mode: bool, stop: CancellationToken) -> InMemory {
        InMemory { actors, running: Arc::default(), safe_mode, stop }
    }

    /// Enters a timer, replacing one of its name; refused if there are too many.
    fn enter(&self, Named { actor, name }: &Named, own: CancellationToken) -> Result<(), String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of_type = running.entry(actor.kind.clone()).or_default();
        let key = (actor.id.clone(), name.clone());
        if of_type.len() >= MOST && !of_type.contains_key(&key) {
            return Err(format!("the actors of type {} have {MOST} timers already, which is the most", actor.kind));
        }
        if let Some(before) = of_type.insert(key, own) {
            before.cancel();
        }
        Ok(())
    }

    /// Removes a timer. With `own`, only if it has not been replaced meanwhile.
    fn leave(&self, Named { actor, name }: &Named, own: Option<&CancellationToken>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of_type) = running.get_mut(&actor.kind) else { return };
        let key = (actor.id.clone(), name.clone());
        // A token is cancelled when its timer is replaced.
        if own.is_none_or(|own| !own.is_cancelled())
            && let Some(stopped) = of_type.remove(&key)
        {
            stopped.cancel();
        }
        if of_type.is_empty() {
            running.remove(&actor.kind);
        }
    }

    async fn run(self, of: Named, (timer, ticks): (Timer, Ticks), own: CancellationToken) {
        let _ended = own.run_until_cancelled(self.fire(&of, &timer, &ticks)).await;
        self.leave(&of, Some(&own));
    }

    async fn fire(&self, Named { actor, name }: &Named, timer: &Timer, ticks: &Ticks) {
        // A sidecar sends the same.
        let body = Bytes::from(serde_json::to_vec(timer).unwrap_or_default());
        let (mut due, mut fired) = (ticks.first, 0);
        loop {
            sleep_until(due).await;
            // The turn ends even if the timer is stopped meanwhile, for example by this turn.
            let (actors, method) = (self.actors.clone(), format!("timer/{name}"));
            let turn = tokio::spawn(actors.due(actor.clone(), method, body.clone()));
            match turn.await {
                Ok(Err(TurnError::NoAddress)) => return,
                Ok(Err(TurnError::Failed(why, _))) => {
                    tracing::warn!(actor = actor.to_string(), timer = name, "a timer's turn failed: {why}");
                }
                Ok(Err(TurnError::Full(_) | TurnError::Shed(_))) => {
                    sleep_until(now_ms() + BUSY_MS).await;
                    continue;
                }
                Ok(Ok(_)) | Err(_) => {}
            }
            fired += 1;
            let Some((ms, repeats)) = ticks.period else { return };
            let Some(next) = Schedule::Every(ms).following(due, now_ms()) else { return };
            if repeats.is_some_and(|repeats| fired >= repeats) || ticks.expires.is_some_and(|end| next >= end) {
                return;
            }
            due = next;
        }
    }
}

#[async_trait]
impl Timers for InMemory {
    async fn set(&self, _: &CallContext, SetTimer { of, timer }: SetTimer) -> Result<(), OpError> {
        if self.safe_mode {
            return Err(error(Code::Unavailable, "there are no timers in safe mode (--safe-mode)"));
        }
        let invalid = |message| error(Code::InvalidArgument, message);
        let ticks = timer.ticks(now_ms()).map_err(invalid)?;
        let size = timer.data.as_ref().map_or(0, |data| data.get().len());
        if size > LARGEST {
            let message = format!("the timer's data has {size} bytes, but {LARGEST} is the most; state holds more");
            return Err(invalid(message));
        }
        let own = self.stop.child_token();
        self.enter(&of, own.clone()).map_err(|full| error(Code::Unavailable, full))?;
        tokio::spawn(self.clone().run(of, (timer, ticks), own));
        Ok(())
    }

    async fn delete(&self, _: &CallContext, of: &Named) -> Result<(), OpError> {
        self.leave(of, None);
        Ok(())
    }
}
