//! What a worker answers: how loading a function went, what one entry into the guest did.
use crate::budget::Share;
use crate::sandbox::Trap;
use crate::sandbox::entry::output::LogLine;
use crate::sandbox::entry::parked::Parked;
use crate::sandbox::program::snapshot::Snapshot;
use std::sync::Arc;
use std::time::Duration;

/// The result of loading a function.
#[derive(Debug)]
pub struct Load {
    /// How it ended.
    pub outcome: LoadOutcome,
    /// Console lines of the module's top level, in order.
    pub logs: Vec<LogLine>,
    /// CPU time that it took.
    pub cpu: Duration,
}

/// How loading a function ended.
#[derive(Debug)]
pub enum LoadOutcome {
    /// Ready to handle events.
    Loaded {
        /// What to handle them with.
        snapshot: Arc<Snapshot>,
        /// The frame of a [`daplet_abi::load::LoadReport`].
        report: Vec<u8>,
    },
    /// The module failed; the frame of a [`daplet_abi::reply::Reply::Error`].
    JsError(Vec<u8>),
    /// The guest was stopped or broke a rule.
    Trap(Trap),
}

/// The result of one entry into the guest.
#[derive(Debug)]
pub struct Step {
    /// How the guest came back.
    pub outcome: Outcome,
    /// Frames it wrote, in order.
    pub writes: Vec<Vec<u8>>,
    /// Operations it submitted, as frames, in order.
    pub submits: Vec<Vec<u8>>,
    /// Console lines, in order.
    pub logs: Vec<LogLine>,
    /// CPU time that the entry took.
    pub cpu: Duration,
    /// Time to set its memory up before, and to restore or park it after.
    pub restore: Duration,
    /// Time in the queue of its lane; `None` where it was made at once.
    pub waited: Option<Duration>,
    /// What those frames take of the memory budget, where they are not small.
    pub share: Option<Share>,
}

/// How the guest came back from one entry.
#[derive(Debug)]
pub enum Outcome {
    /// Finished; every frame is in [`Step::writes`].
    Done,
    /// Waits for a completion; carries the parked invocation.
    Pending(Parked),
    /// The function failed; the error frame is in [`Step::writes`].
    JsError,
    /// The guest was stopped or broke a rule.
    Trap(Trap),
}
