//! The sandbox: WasmEdge instances on threads of their own, stepped from one return to the host to the next.
//!
//! Owns: the engine, slots, images, restore, the watchdog. The only module that names WasmEdge. Must not know: HTTP, Dapr,
//! what an operation means, what a reply says.
//!
//! A step is one entry into the guest: `handle` or `resume`. Between steps an invocation holds no thread and no slot: its
//! private pages are parked. Whoever drives it (`invoke`) starts the submitted operations and comes back with completions.
use daplet_abi::{EventKind, LogLevel};
use std::time::Duration;

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
    /// The guest was stopped or broke a rule. Its slot has been retired.
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
    /// The sandbox is shutting down, or a worker died.
    #[error("the sandbox has stopped")]
    Stopped,
}

/// An invocation between two entries: the pages that differ from its function's snapshot.
#[derive(Debug)]
pub struct Parked {}

/// What to enter the guest with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A new event of this kind.
    Handle(EventKind),
    /// A completion.
    Resume,
}
