//! Lanes: which workers serve an entry, so that short ones do not wait behind long ones.
//!
//! Each core has a worker for short entries, and one of lower priority for long ones: the kernel gives the core to a
//! short entry at once. A short worker gives an entry [`SLICE`]: one that takes longer is undone, and a long worker
//! makes it again from its start. Must not know: jobs, slots.
use crate::sandbox::program::cost::Cost;
use std::time::Duration;

/// CPU time that a short worker gives one entry, and so the longest delay by a function whose cost is unknown.
pub const SLICE: Duration = Duration::from_millis(3);

/// The same for the evaluation of a module. An ordinary one takes 1 to 2 ms, on a busy machine more than [`SLICE`]; it
/// must not wait behind long entries then.
pub const EVALUATION: Duration = Duration::from_millis(12);

/// A kind of worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Entries that are over soon.
    Short,
    /// The others.
    Long,
}

impl Lane {
    /// The lane of a function's next entry.
    pub fn of(cost: &Cost) -> Lane {
        if cost.short() { Lane::Short } else { Lane::Long }
    }

    /// Both.
    pub const ALL: [Lane; 2] = [Lane::Short, Lane::Long];

    /// In the names of threads.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Short => "short",
            Lane::Long => "long",
        }
    }
}
