//! The limits of a function: defaults, ranges and the words in which exceeding one is reported.
//!
//! Plain data. Who enforces what: `sandbox` CPU and memory, `invoke` wall time, operations, response, logs and concurrency.
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of one function; each has a default in the configuration and can be lowered or raised per function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Limits {
    /// CPU time of one invocation, ms.
    pub cpu_ms: u64,
    /// Time on the clock of one invocation, waiting included, ms.
    pub wall_ms: u64,
    /// Heap of one invocation, MiB; at most [`MAX_MEMORY_MB`].
    pub memory_mb: u64,
    /// Operations (state, publish, invoke, timers) that one invocation may start.
    pub operations: u64,
    /// Size of one response body, bytes.
    pub response_bytes: u64,
    /// Console output kept of one invocation, bytes; what is more is dropped with a note.
    pub log_bytes: u64,
    /// Invocations of the function at once, waiting ones included.
    pub concurrency: u64,
}

/// The guest's linear memory is 128 MiB; engine, stack and snapshot need the rest.
pub const MAX_MEMORY_MB: u64 = 112;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            cpu_ms: 50,
            wall_ms: 30_000,
            memory_mb: 64,
            operations: 1_000,
            response_bytes: 8 << 20,
            log_bytes: 64 << 10,
            concurrency: 20_000,
        }
    }
}

impl Limits {
    /// CPU budget of one invocation.
    pub fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms)
    }

    /// Deadline of one invocation, from its start.
    pub fn wall(&self) -> Duration {
        Duration::from_millis(self.wall_ms)
    }

    /// Heap of one invocation, bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_mb << 20
    }
}
