//! The limits of a function: the table of their names, defaults, ceilings and ranges.
//!
//! Plain data: a new limit is a row. Who enforces what: `sandbox` CPU and memory, `invoke` wall time, operations, response, logs and concurrency.
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A limit without its value, for checks and documents.
#[derive(Debug)]
pub struct LimitRow {
    /// Its name in uploads and in `[limits]`.
    pub name: &'static str,
    /// What it bounds.
    pub help: &'static str,
    /// What exceeding it leads to: a code, or words.
    pub exceeded: &'static str,
    /// Smallest value allowed.
    pub min: u64,
    /// Largest value allowed.
    pub max: u64,
}

/// Generates [`Limits`] from rows: name, default, ceiling of uploads, range, and what exceeding it leads to.
macro_rules! limits {
    ($(#[doc = $help:literal] $field:ident $name:literal = $default:expr, ceiling $ceiling:expr, in $min:literal..=$max:expr, exceeded $exceeded:literal;)*) => {
        /// Limits of one function; each has a default in the configuration and can be lowered or raised per function, up to a ceiling.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $(#[doc = $help] #[serde(rename = $name)] pub $field: u64,)*
        }

        /// Every limit.
        pub const ROWS: &[LimitRow] =
            &[$(LimitRow { name: $name, help: $help, exceeded: $exceeded, min: $min, max: $max },)*];

        impl Default for Limits {
            fn default() -> Limits {
                Limits { $($field: $default,)* }
            }
        }

        impl Limits {
            /// What an upload may ask for, unless the operator says otherwise.
            pub fn ceilings() -> Limits {
                Limits { $($field: $ceiling,)* }
            }

            /// The values, in the order of [`ROWS`].
            pub fn values(&self) -> [u64; ROWS.len()] {
                [$(self.$field,)*]
            }

            fn values_mut(&mut self) -> [&mut u64; ROWS.len()] {
                [$(&mut self.$field,)*]
            }
        }
    };
}

limits! {
    /// CPU time of one invocation, ms
    cpu_ms "cpuMs" = 50, ceiling 1_000, in 1..=600_000, exceeded "`exceededCpu`";
    /// Time of one invocation on the clock, waiting included, ms; of a response that streams, until its head
    wall_ms "wallMs" = 30_000, ceiling 300_000, in 1..=3_600_000, exceeded "`exceededWallTime`";
    /// Heap of one invocation, MiB
    memory_mb "memoryMb" = 64, ceiling MAX_MEMORY_MB, in 4..=MAX_MEMORY_MB, exceeded "`exceededMemory`";
    /// Operations (state, publish, invoke, timers) that one invocation may start
    operations "operations" = 1_000, ceiling 10_000, in 0..=1_000_000, exceeded "`exceededOperations`";
    /// Time of a response that streams on the clock, from its head to its end, ms
    stream_ms "streamMs" = 900_000, ceiling 3_600_000, in 1..=86_400_000, exceeded "`exceededWallTime`";
    /// CPU time that each MiB adds to `cpuMs` which the function reads or writes as a stream, ms
    stream_cpu_ms_per_mb "streamCpuMsPerMb" = 5, ceiling 50, in 0..=10_000, exceeded "`exceededCpu`";
    /// Size of one response body that is whole, bytes
    response_bytes "responseBytes" = 8 << 20, ceiling 32 << 20, in 0..=100 << 20, exceeded "`exceededResponse`";
    /// Console output of one invocation, bytes
    log_bytes "logBytes" = 64 << 10, ceiling 1 << 20, in 0..=16 << 20, exceeded "the rest is dropped, with a note";
    /// Invocations of the function at once, waiting ones included
    concurrency "concurrency" = 1_000, ceiling 1_000, in 1..=1_000_000, exceeded "`loadShed`";
}

/// The guest's linear memory is 128 MiB; engine, stack and snapshot need the rest.
pub const MAX_MEMORY_MB: u64 = 112;

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
    /// Checks that each limit is in its range.
    pub fn check(&self) -> Result<(), LimitError> {
        let outside = |&(row, value): &(&LimitRow, u64)| value < row.min || value > row.max;
        match ROWS.iter().zip(self.values()).find(outside) {
            Some((&LimitRow { name, min, max, .. }, value)) => Err(LimitError { name, value, min, max }),
            None => Ok(()),
        }
    }

    /// The limits that are above their ceilings: name, value and ceiling.
    pub fn above(&self, ceilings: &Limits) -> Vec<(&'static str, u64, u64)> {
        let values = ROWS.iter().zip(self.values()).zip(ceilings.values());
        let values = values.map(|((row, value), ceiling)| (row.name, value, ceiling));
        values.filter(|(_, value, ceiling)| value > ceiling).collect()
    }

    /// Lowers the limits that are above their ceilings; returns what it changed, in words.
    pub fn lower_to(&mut self, ceilings: &Limits) -> Vec<String> {
        let lowered = self.above(ceilings);
        for (value, ceiling) in self.values_mut().into_iter().zip(ceilings.values()) {
            *value = ceiling.min(*value);
        }
        lowered.into_iter().map(|(name, value, ceiling)| format!("{name} from {value} to {ceiling}")).collect()
    }

    /// CPU budget of one invocation.
    pub fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms)
    }

    /// Deadline of one invocation, from its start.
    pub fn wall(&self) -> Duration {
        Duration::from_millis(self.wall_ms)
    }

    /// Time of a response that streams, from its head.
    pub fn stream(&self) -> Duration {
        Duration::from_millis(self.stream_ms)
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
