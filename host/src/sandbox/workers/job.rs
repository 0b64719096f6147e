//! Jobs: what workers are asked to do, and under which terms.
//!
//! Must not know: how a job is done, where it waits.
use super::lane::Lane;
use super::step::{Load, Step};
use crate::budget::Purse;
use crate::sandbox::SandboxError;
use crate::sandbox::entry::guard::Stop;
use crate::sandbox::entry::parked::Parked;
use crate::sandbox::program::snapshot::Snapshot;
use daplet_abi::EventKind;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

type Answer<T> = oneshot::Sender<Result<T, SandboxError>>;

/// Starts the future that drives an invocation; its argument says whether a worker was free in time.
pub type Task = Box<dyn FnOnce(Result<(), SandboxError>) -> BoxFuture<'static, ()> + Send>;

/// Work for a worker.
pub enum Job {
    /// Drive an invocation.
    Begin { since: Instant, task: Task },
    /// Load a function over the base snapshot of its program.
    Load { base: Arc<Snapshot>, frame: Vec<u8>, terms: Terms, answer: Answer<Ran<Load, Vec<u8>>> },
    /// Begin an invocation. `since`: when it took a place in the queue; absent where it needs none.
    Handle { event: Event, terms: Terms, since: Option<Instant>, answer: Answer<Step> },
    /// Go on with an invocation.
    Resume { waiting: Waiting, terms: Terms, answer: Answer<Step> },
}

/// The event that an invocation begins with.
pub struct Event {
    pub snapshot: Arc<Snapshot>,
    pub kind: EventKind,
    pub frame: Vec<u8>,
}

/// An invocation that goes on, with its completions in order.
pub struct Waiting {
    pub parked: Parked,
    pub frames: Vec<Vec<u8>>,
}

/// What an entry may use.
#[derive(Clone)]
pub struct Terms {
    /// CPU time.
    pub budget: Duration,
    /// Whose memory it takes.
    pub memory: Purse,
    /// Ends it early; absent where the caller cannot leave while it runs.
    pub stop: Option<Stop>,
    /// It used up a slice before: it needs a long worker.
    pub overran: bool,
}

impl Terms {
    /// The same for an entry that was undone.
    pub fn overran(self) -> Terms {
        Terms { overran: true, ..self }
    }

    /// Whether the caller has gone.
    pub fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(SeqCst))
    }
}

/// How an entry with a slice ended.
pub enum Ran<D, T> {
    /// To its end.
    Done(D),
    /// It used up its slice and was undone; what it began with is given back, for a long worker.
    Overrun(T),
}

impl Job {
    /// The lane that it belongs to now.
    pub fn lane(&self) -> Lane {
        match self {
            Job::Begin { .. } => Lane::Short,
            Job::Load { .. } => Lane::Short,
            Job::Handle { event, .. } => Lane::of(event.snapshot.cost()),
            Job::Resume { waiting, .. } => Lane::of(waiting.parked.snapshot.cost()),
        }
    }

    /// Whether it waits for a long worker although its function has turned out to be cheap since.
    pub fn misplaced(&self) -> bool {
        match self {
            Job::Begin { .. } | Job::Load { .. } => false,
            Job::Handle { terms, event, .. } => !terms.overran && event.snapshot.cost().cheap(),
            Job::Resume { terms, waiting, .. } => !terms.overran && waiting.parked.snapshot.cost().cheap(),
        }
    }

    /// Whether a caller waits for it.
    pub fn wanted(&self) -> bool {
        match self {
            Job::Begin { .. } => true,
            Job::Load { terms, .. } | Job::Handle { terms, .. } | Job::Resume { terms, .. } => !terms.stopped(),
        }
    }

    /// When it took its place in the queue, as far as that is known.
    pub fn since(&self) -> Option<Instant> {
        match self {
            Job::Begin { since, .. } => Some(*since),
            Job::Handle { since, .. } => *since,
            Job::Load { .. } | Job::Resume { .. } => None,
        }
    }

    /// Whether it takes a place in the queue.
    pub fn counted(&self) -> bool {
        match self {
            Job::Begin { .. } | Job::Load { .. } => true,
            Job::Handle { since, .. } => since.is_some(),
            Job::Resume { .. } => false,
        }
    }
}
