//! How an entry into the guest can fail, and what the sandbox itself cannot do.
use crate::budget::BudgetError;
use std::fmt::Display;
use std::time::Duration;

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

impl SandboxError {
    /// A fault of the engine, in its words.
    pub fn engine(error: impl Display) -> SandboxError {
        SandboxError::Engine(error.to_string())
    }

    /// A fault of the kernel with the guest's memory.
    pub fn memory(error: impl Display) -> SandboxError {
        SandboxError::Engine(format!("guest memory: {error}"))
    }
}
