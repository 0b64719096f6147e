//! The host functions of the ABI, as they are for one entry into the guest.
//!
//! Must not know: what a frame says.
use super::guard::Guard;
use super::output::{LogLine, Output};
use crate::budget::SMALL;
use crate::sandbox::memory::guest::GuestMemory;
use crate::sandbox::program::ffi::{HostCalls, Verdict};
use daplet_abi::LogLevel;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes that one entry may write and submit in all.
const MAX_OUTPUT: usize = 128 << 20;
/// Operations that one entry may submit: guards the host's memory; the function's own limit is lower.
const MAX_SUBMITS: usize = 1 << 16;
/// Console bytes kept of one entry: guards the host's memory; the function's own limit is lower.
const MAX_LOGS: usize = 1 << 20;

/// One entry into the guest.
pub struct Entry {
    memory: GuestMemory,
    guard: Arc<Guard>,
    inbox: Vec<u8>,
    /// The guest may read its inbox once.
    read: bool,
    output: Output,
}

impl Entry {
    /// An entry that announces `inbox` and adds to `output`.
    pub fn new(memory: GuestMemory, guard: Arc<Guard>, inbox: Vec<u8>, output: Output) -> Entry {
        Entry { memory, guard, inbox, read: false, output }
    }

    /// What it emitted, with the inbox.
    pub fn into_output(self) -> Output {
        Output { inbox: self.inbox, ..self.output }
    }

    /// Runs `body` while the watchdog leaves the memory as it is.
    fn serve(&mut self, body: impl FnOnce(&mut Entry) -> Verdict) -> Verdict {
        if !self.guard.enter_host() {
            return Verdict::Stop;
        }
        // A panic must not leave the guard in the host.
        let verdict = catch_unwind(AssertUnwindSafe(|| body(self))).unwrap_or(Verdict::Stop);
        self.guard.leave_host();
        verdict
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

impl HostCalls for Entry {
    fn read(&mut self, pointer: u32, length: u32) -> Verdict {
        self.serve(|entry| {
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

    fn write(&mut self, pointer: u32, length: u32) -> Verdict {
        self.serve(|entry| match entry.take("write", pointer, length) {
            Ok(frame) => {
                entry.output.writes.push(frame);
                Verdict::Continue
            }
            Err(verdict) => verdict,
        })
    }

    fn submit(&mut self, pointer: u32, length: u32) -> Verdict {
        self.serve(|entry| {
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

    fn log(&mut self, level: u32, pointer: u32, length: u32) -> Verdict {
        self.serve(|entry| {
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

    fn random(&mut self, pointer: u32, length: u32) -> Verdict {
        self.serve(|entry| match entry.memory.randomize(pointer, length) {
            Some(()) => Verdict::Continue,
            None => entry.outside("random", pointer, length),
        })
    }

    fn now(&mut self) -> f64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_nanos() as f64 / 1e6)
    }
}
