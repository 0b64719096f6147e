//! The host functions of the ABI, and what one entry into the guest collects.
//!
//! The entry lives in a thread-local while the guest runs. Must not know: what a frame says.
use super::watchdog::Guard;
use crate::budget::{BudgetError, Purse, SMALL, Share};
use crate::sandbox::LogLine;
use crate::sandbox::memory::guest::GuestMemory;
use daplet_abi::LogLevel;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes that one entry may write and submit in all.
const MAX_OUTPUT: usize = 128 << 20;
/// Operations that one entry may submit: guards the host's memory; the function's own limit is lower.
const MAX_SUBMITS: usize = 1 << 16;
/// Console bytes kept of one entry: guards the host's memory; the function's own limit is lower.
const MAX_LOGS: usize = 1 << 20;

/// Whether the guest may go on after a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Return to the guest.
    Continue,
    /// Unwind the guest.
    Stop,
}

/// One entry into the guest, as the host functions see it.
pub struct Entry {
    memory: GuestMemory,
    guard: Arc<Guard>,
    inbox: Vec<u8>,
    /// The guest may read its inbox once.
    read: bool,
    /// What it did.
    pub output: Output,
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
    /// What it was entered with: an entry that is undone is made again with that.
    pub inbox: Vec<u8>,
    /// The first rule it broke.
    pub violation: Option<String>,
    /// What its frames take of the memory budget; absent where nobody counts.
    pub share: Option<Share>,
    /// Why there was no share for a frame.
    pub refused: Option<BudgetError>,
    bytes: usize,
    log_bytes: usize,
}

impl Output {
    /// Output that takes its memory from `memory`.
    pub fn counted(memory: &Purse) -> Output {
        Output { share: Some(memory.none()), ..Output::default() }
    }
}

impl Entry {
    /// An entry that announces `inbox` and adds to `output`.
    pub fn new(memory: GuestMemory, guard: Arc<Guard>, inbox: Vec<u8>, output: Output) -> Entry {
        Entry { memory, guard, inbox, read: false, output }
    }

    fn violation(&mut self, message: String) -> Verdict {
        self.output.violation.get_or_insert(message);
        Verdict::Stop
    }

    fn take(&mut self, what: &str, pointer: u32, length: u32) -> Result<Vec<u8>, Verdict> {
        self.output.bytes += length as usize;
        if self.output.bytes > MAX_OUTPUT {
            return Err(self.violation(format!("more than {MAX_OUTPUT} bytes written in one entry")));
        }
        if self.output.bytes > SMALL
            && let Some(share) = &mut self.output.share
            && let Err(refused) = share.resize(self.output.bytes)
        {
            self.output.refused = Some(refused);
            return Err(Verdict::Stop);
        }
        self.memory.read(pointer, length).ok_or_else(|| self.outside(what, pointer, length))
    }

    fn outside(&mut self, what: &str, pointer: u32, length: u32) -> Verdict {
        let size = self.memory.len();
        self.violation(format!("{what}: {length} bytes at {pointer} lie outside the memory of {size} bytes"))
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Entry>> = const { RefCell::new(None) };
    static ON_READ: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
    static REPRODUCIBLE: Cell<bool> = const { Cell::new(false) };
}

/// Makes `entry` the calling thread's while `body` runs; what it collected.
pub fn run<T>(entry: Entry, body: impl FnOnce() -> T) -> (T, Output) {
    CURRENT.set(Some(entry));
    let result = body();
    let output = CURRENT.take().map(|entry| Output { inbox: entry.inbox, ..entry.output }).unwrap_or_default();
    (result, output)
}

/// As [`run`], with a clock that stands and random numbers that are zeros: what the guest makes of its inputs is then the
/// same in every process.
pub fn run_reproducibly<T>(entry: Entry, body: impl FnOnce() -> T) -> (T, Output) {
    REPRODUCIBLE.set(true);
    let result = run(entry, body);
    REPRODUCIBLE.set(false);
    result
}

/// Makes the calling thread's next `read` run `body` instead, and stop the guest after it.
pub fn on_read(body: Box<dyn FnOnce()>) {
    ON_READ.set(Some(body));
}

/// Runs a host function so that no panic crosses into the engine.
pub fn guarded(body: impl FnOnce() -> Verdict) -> Verdict {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(Verdict::Stop)
}

/// Runs `body` on the current entry while the watchdog keeps its hands off the memory.
fn with(body: impl FnOnce(&mut Entry) -> Verdict) -> Verdict {
    CURRENT.with_borrow_mut(|entry| {
        let Some(entry) = entry else { return Verdict::Stop };
        if !entry.guard.enter_host() {
            return Verdict::Stop;
        }
        let guard = Arc::clone(&entry.guard);
        let verdict = guarded(|| body(entry));
        guard.leave_host();
        verdict
    })
}

/// `read(ptr, len)`
pub fn read(pointer: u32, length: u32) -> Verdict {
    if let Some(body) = ON_READ.take() {
        body();
        return Verdict::Stop;
    }
    with(|entry| {
        if std::mem::replace(&mut entry.read, true) {
            return entry.violation("read: the inbox has been read already".to_owned());
        }
        if entry.inbox.len() != length as usize {
            let holds = entry.inbox.len();
            return entry.violation(format!("read: {length} bytes asked for, the inbox holds {holds}"));
        }
        match entry.memory.write(pointer, &entry.inbox) {
            Some(()) => Verdict::Continue,
            None => entry.outside("read", pointer, length),
        }
    })
}

/// `write(ptr, len)`
pub fn write(pointer: u32, length: u32) -> Verdict {
    with(|entry| match entry.take("write", pointer, length) {
        Ok(frame) => {
            entry.output.writes.push(frame);
            Verdict::Continue
        }
        Err(verdict) => verdict,
    })
}

/// `submit(ptr, len)`
pub fn submit(pointer: u32, length: u32) -> Verdict {
    with(|entry| {
        if entry.output.submits.len() >= MAX_SUBMITS {
            return entry.violation(format!("more than {MAX_SUBMITS} operations submitted in one entry"));
        }
        match entry.take("submit", pointer, length) {
            Ok(frame) => {
                entry.output.submits.push(frame);
                Verdict::Continue
            }
            Err(verdict) => verdict,
        }
    })
}

/// `log(level, ptr, len)`
pub fn log(level: u32, pointer: u32, length: u32) -> Verdict {
    with(|entry| {
        let full = entry.output.log_bytes > MAX_LOGS;
        // Each line costs something beyond its text.
        entry.output.log_bytes = entry.output.log_bytes.saturating_add(64 + length as usize);
        if entry.output.log_bytes > MAX_LOGS {
            if !full {
                let text = format!("console output above {MAX_LOGS} bytes in one turn is dropped");
                entry.output.logs.push(LogLine { level: LogLevel::Warn, text });
            }
            return Verdict::Continue;
        }
        match entry.memory.read(pointer, length) {
            Some(bytes) => {
                let text = String::from_utf8(bytes)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                entry.output.logs.push(LogLine { level: LogLevel::from_i32(level as i32), text });
                Verdict::Continue
            }
            None => entry.outside("log", pointer, length),
        }
    })
}

/// `random(ptr, len)`
pub fn random(pointer: u32, length: u32) -> Verdict {
    let filled = |entry: &mut Entry| match REPRODUCIBLE.get() {
        false => entry.memory.randomize(pointer, length),
        true => entry.memory.write(pointer, &vec![0; length as usize]),
    };
    with(|entry| match filled(entry) {
        Some(()) => Verdict::Continue,
        None => entry.outside("random", pointer, length),
    })
}

/// `now()`: milliseconds since the Unix epoch.
pub fn now() -> f64 {
    if REPRODUCIBLE.get() {
        return 0.0;
    }
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_nanos() as f64 / 1e6)
}
