//! The sandbox: WasmEdge instances on threads of their own, stepped from one return to the host to the next.
//!
//! Owns: the engine, slots, images, restore, the watchdog. The only module that names WasmEdge. Must not know: HTTP, Dapr,
//! what an operation means, what a reply says.
//!
//! A step is one entry into the guest: `handle` or `resume`. Between steps an invocation holds no thread and no slot: its
//! private pages are parked. Whoever drives it (`invoke`) starts the submitted operations and comes back with completions.
mod entry;
mod memory;
mod metrics;
mod program;
mod system;
mod workers;

pub use memory::image::Snapshot;
pub use memory::pages::Parked;
pub use metrics::{Metrics, QueueLine};
pub use program::signals::lower_priority;
pub use program::stored::Base;
pub use system::descriptors::close_descriptors_from;
pub use system::heap;
#[doc(hidden)]
pub use workers::bench;
pub use workers::lane::LONG_US;
pub use workers::pool::{Sandbox, SandboxConfig};
pub use workers::worker::Task;

use crate::budget::{BudgetError, Share};
use daplet_abi::LogLevel;
use std::sync::Arc;
use std::time::Duration;

/// How the start gets along; see [`Sandbox::start`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The compiled guest was found in the cache.
    Cached,
    /// Another process compiles the guest; this one waits for it.
    Waiting,
    /// Compiling; reported about once a second.
    Compiling {
        /// Time spent so far.
        elapsed: Duration,
        /// Time that it will take, roughly.
        estimate: Duration,
    },
    /// Compiled and stored.
    Compiled {
        /// Time that it took.
        took: Duration,
    },
}

/// What loading a function did.
#[derive(Debug)]
pub struct Load {
    /// How it went.
    pub outcome: LoadOutcome,
    /// Console lines of the module's top level, in order.
    pub logs: Vec<LogLine>,
    /// CPU time that it took.
    pub cpu: Duration,
}

/// How loading a function went.
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

/// What one entry into the guest did.
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
    /// Time in the queue of its lane; none where it was made at once.
    pub waited: Option<Duration>,
    /// What those frames take of the memory budget, where they are not small.
    pub share: Option<Share>,
}

/// One console line.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Severity.
    pub level: LogLevel,
    /// UTF-8 text, replaced where it was not.
    pub text: String,
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

/// Why the guest did not return.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trap {
    /// The CPU budget ran out, in JavaScript or in a native loop.
    #[error("CPU budget exceeded")]
    Cpu,
    /// An allocation of the engine failed.
    #[error("out of memory")]
    Memory,
    /// A rule of the ABI was broken.
    #[error("protocol violation: {0}")]
    Protocol(String),
    /// The memory budget has no share for what it wrote, or for its pages while it waits.
    #[error("{0}")]
    NoMemory(BudgetError),
    /// Anything else; the engine's words.
    #[error("trap: {0}")]
    Other(String),
}

/// A fault of the sandbox itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The engine could not be compiled, loaded or started.
    #[error("engine: {0}")]
    Engine(String),
    /// Every queue place is taken.
    #[error("the sandbox queue is full ({limit} jobs)")]
    Overloaded {
        /// Places in the queue.
        limit: usize,
    },
    /// There is no memory for a slot; the engine's or the kernel's words.
    #[error("no memory for another sandbox instance: {0}")]
    NoSlot(String),
    /// The memory budget had no share for an invocation that waited.
    #[error("{0}")]
    NoMemory(BudgetError),
    /// The job waited too long for a worker.
    #[error("no worker was free within {} ms", wait.as_millis())]
    Late {
        /// How long a job may wait.
        wait: Duration,
    },
    /// The sandbox is shutting down, or a worker died.
    #[error("the sandbox has stopped")]
    Stopped,
}
