//! The budget of one invocation over all runs of its handler, and the reruns after lost races.
//!
//! A handler whose unit of work lost a race runs again from the function's snapshot, so that memory holds nothing of
//! the lost run. Runs that race for the same key take turns, so that each loses to the others at most once more.
use super::InvokeError;
use crate::code::{Code, OpError};
use crate::functions::Function;
use crate::resources::Resources;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit};

/// Runs of a handler that follow the first one, at most.
const MAX_RERUNS: u32 = 20;
/// Number of turns, which keys share.
const STRIPES: usize = 256;
/// The longest wait for a turn: its holder may be waiting for this very invocation.
const PATIENCE: Duration = Duration::from_secs(1);

/// The budget of one invocation.
pub struct Account {
    /// CPU time.
    pub cpu: Duration,
    /// CPU time that was added for what streamed.
    pub credited: Duration,
    /// Operations started.
    pub operations: u64,
    /// Console bytes.
    pub log: usize,
    /// When its event arrived.
    pub began: tokio::time::Instant,
    /// When it must have ended.
    pub deadline: tokio::time::Instant,
    /// Runs that lost a race.
    pub reruns: u32,
    /// What it holds open.
    pub resources: Arc<Resources>,
    /// A place among the function's invocations.
    _permit: OwnedSemaphorePermit,
    /// The turn for the key that the last run raced for.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Account {
    /// The limits of `function`, for an event that arrived at `began`.
    pub fn new(
        function: &Function,
        permit: OwnedSemaphorePermit,
        began: tokio::time::Instant,
        resources: Arc<Resources>,
    ) -> Account {
        let limits = &function.record.limits;
        Account {
            cpu: limits.cpu(),
            credited: Duration::ZERO,
            operations: 0,
            log: usize::try_from(limits.log_bytes).unwrap_or(usize::MAX),
            began,
            deadline: began + limits.wall(),
            reruns: 0,
            resources,
            _permit: permit,
            turn: None,
        }
    }

    /// Whether the handler may run once more. It cannot where it has read of a request's body that streams.
    pub fn may_rerun(&self) -> bool {
        self.reruns < MAX_RERUNS && self.resources.rewinds()
    }

    /// Adds the CPU time for so many bytes that went through the guest as streams.
    pub fn credit(&mut self, bytes: u64, ms_per_mb: u64) {
        let more = Duration::from_nanos(bytes.saturating_mul(ms_per_mb).saturating_mul(1_000_000) >> 20);
        self.cpu += more;
        self.credited += more;
    }
}

/// How a run ended before its reply.
pub enum Lost {
    /// With a failure.
    Failed(InvokeError),
    /// It lost a race: the handler runs again with the rest of the budget.
    Again(Box<Account>, Race),
}

/// The key that runs race for, as the number of its turn.
#[derive(Clone, Copy, Debug)]
pub struct Race(usize);

impl Race {
    /// Whether an operation's failure is a lost race.
    pub fn lost(error: &OpError) -> Option<Race> {
        if error.code != Code::UnitConflict {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        error.details.to_string().hash(&mut hasher);
        usize::try_from(hasher.finish() % STRIPES as u64).ok().map(Race)
    }
}

/// The turns of runs that lost a race.
pub struct Turns(Vec<Arc<Mutex<()>>>);

impl Default for Turns {
    fn default() -> Turns {
        Turns((0..STRIPES).map(|_| Arc::default()).collect())
    }
}

impl Turns {
    /// Waits for the turn; it lasts as long as the account.
    pub async fn wait(&self, account: &mut Account, Race(stripe): Race) {
        account.reruns += 1;
        account.resources.rewind();
        // Never two at once: two could wait for each other.
        account.turn = None;
        account.turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.0[stripe]).lock_owned()).await.ok();
    }
}
