//! The limits of a function: defaults, ranges and the words in which exceeding one is reported.
//!
//! Plain data. Who enforces what: `sandbox` CPU and memory, `invoke` wall time, operations, response, logs and concurrency.
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of one function; each has a default in the configuration and can be lowered or raised per function, up to a ceiling.
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
            concurrency: 1_000,
        }
    }
}

/// A limit outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value}, but must be {min} to {max}")]
pub struct LimitError {
    /// The limit.
    pub name: &'static str,
    /// The value given.
    pub value: u64,
    /// Smallest value allowed.
    pub min: u64,
    /// Largest value allowed.
    pub max: u64,
}

impl Limits {
    /// Whether each limit is in its range.
    pub fn check(&self) -> Result<(), LimitError> {
        let ranges = [
            ("cpuMs", self.cpu_ms, 1, 600_000),
            ("wallMs", self.wall_ms, 1, 3_600_000),
            ("memoryMb", self.memory_mb, 4, MAX_MEMORY_MB),
            ("operations", self.operations, 0, 1_000_000),
            ("responseBytes", self.response_bytes, 0, 100 << 20),
            ("logBytes", self.log_bytes, 0, 16 << 20),
            ("concurrency", self.concurrency, 1, 1_000_000),
        ];
        match ranges.into_iter().find(|(_, value, min, max)| value < min || value > max) {
            Some((name, value, min, max)) => Err(LimitError { name, value, min, max }),
            None => Ok(()),
        }
    }

    /// What an upload may ask for, unless the operator says otherwise.
    pub fn ceilings() -> Limits {
        Limits {
            cpu_ms: 1_000,
            wall_ms: 300_000,
            memory_mb: MAX_MEMORY_MB,
            operations: 10_000,
            response_bytes: 32 << 20,
            log_bytes: 1 << 20,
            concurrency: 1_000,
        }
    }

    fn fields(&mut self) -> [(&'static str, &mut u64); 7] {
        [
            ("cpuMs", &mut self.cpu_ms),
            ("wallMs", &mut self.wall_ms),
            ("memoryMb", &mut self.memory_mb),
            ("operations", &mut self.operations),
            ("responseBytes", &mut self.response_bytes),
            ("logBytes", &mut self.log_bytes),
            ("concurrency", &mut self.concurrency),
        ]
    }

    /// The limits that are above their ceilings: name, value and ceiling.
    pub fn above(&self, ceilings: &Limits) -> Vec<(&'static str, u64, u64)> {
        let (mut limits, mut ceilings) = (self.clone(), ceilings.clone());
        let pairs = limits.fields().into_iter().zip(ceilings.fields());
        let pairs = pairs.map(|((name, value), (_, max))| (name, *value, *max));
        pairs.filter(|(_, value, max)| value > max).collect()
    }

    /// Lowers what is above its ceiling; what that was, in words.
    pub fn lower_to(&mut self, ceilings: &Limits) -> Vec<String> {
        let mut lowered = Vec::new();
        for ((name, value), (_, max)) in self.fields().into_iter().zip(ceilings.clone().fields()) {
            if *value > *max {
                lowered.push(format!("{name} from {value} to {max}"));
                *value = *max;
            }
        }
        lowered
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_a_ceiling_is_named_and_lowered() {
        let ceilings = Limits::ceilings();
        assert_eq!(Limits::default().above(&ceilings), []);
        let mut limits = Limits { cpu_ms: 600_000, concurrency: 1_001, ..Limits::default() };
        assert_eq!(limits.above(&ceilings), [("cpuMs", 600_000, 1_000), ("concurrency", 1_001, 1_000)]);
        assert_eq!(limits.lower_to(&ceilings), ["cpuMs from 600000 to 1000", "concurrency from 1001 to 1000"]);
        assert_eq!(limits, Limits { cpu_ms: 1_000, concurrency: 1_000, ..Limits::default() });
    }
}
