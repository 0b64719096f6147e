//! What one entry into the guest emits.
use crate::budget::{BudgetError, Purse, Share};
use daplet_abi::LogLevel;

/// One console line.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Severity.
    pub level: LogLevel,
    /// UTF-8 text, replaced where it was not.
    pub text: String,
}

/// What the guest emitted.
#[derive(Default)]
pub struct Output {
    /// Frames written.
    pub writes: Vec<Vec<u8>>,
    /// Operations submitted.
    pub submits: Vec<Vec<u8>>,
    /// Console lines.
    pub logs: Vec<LogLine>,
    /// The frame that it was entered with: an entry that is undone is made again with it.
    pub inbox: Vec<u8>,
    /// The first rule it broke.
    pub violation: Option<String>,
    /// What its frames take of the memory budget; absent where it is not counted.
    pub share: Option<Share>,
    /// Why there was no share for a frame.
    pub refused: Option<BudgetError>,
    /// Bytes written and submitted.
    pub(super) bytes: usize,
    /// Bytes of console lines.
    pub(super) log_bytes: usize,
}

impl Output {
    /// Output that takes its memory from `memory`.
    pub fn counted(memory: &Purse) -> Output {
        Output { share: Some(memory.none()), ..Output::default() }
    }
}
