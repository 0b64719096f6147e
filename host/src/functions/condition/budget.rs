//! What the conditions of one event may cost together.
//!
//! A step is one node of the tree, one element of a list or 64 bytes of a text that is read: some ten nanoseconds. Bytes
//! are those of values that the evaluation makes; they are not returned when a value is dropped.

/// The remaining steps and bytes.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    steps: u64,
    bytes: u64,
    whole: (u64, u64),
}

/// Why a condition is neither true nor false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be decided, for this reason.
    Undecided(String),
    /// It exceeds its budget.
    Exhausted {
        /// `steps` or `bytes`.
        what: &'static str,
        /// The budget.
        limit: u64,
    },
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Undecided(reason) => f.write_str(reason),
            Fault::Exhausted { what, limit } => {
                write!(f, "the rules take more than the limit of {limit} {what} for an event")
            }
        }
    }
}

impl Budget {
    pub const fn new(steps: u64, bytes: u64) -> Budget {
        Budget { steps, bytes, whole: (steps, bytes) }
    }

    pub(super) fn steps(&mut self, count: u64) -> Result<(), Fault> {
        let Some(left) = self.steps.checked_sub(count) else {
            self.steps = 0;
            return Err(Fault::Exhausted { what: "steps", limit: self.whole.0 });
        };
        self.steps = left;
        Ok(())
    }

    /// Charges for reading a text of that length.
    pub(super) fn look(&mut self, length: usize) -> Result<(), Fault> {
        self.steps(1 + length as u64 / 64)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<(), Fault> {
        let Some(left) = self.bytes.checked_sub(count as u64) else {
            self.bytes = 0;
            return Err(Fault::Exhausted { what: "bytes", limit: self.whole.1 });
        };
        self.bytes = left;
        // Making bytes takes time too.
        self.look(count)
    }
}
