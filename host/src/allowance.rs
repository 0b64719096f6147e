//! What the host may spend on the operations of one caller: bytes of results that wait for it, and CPU time beside the
//! guest's.
//!
//! A result counts from when it is read until its caller has it. Must not know: operations, HTTP, where results come from.
use crate::budget::{BudgetError, Purse, Share};
use crate::code::{Code, OpError};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Why a caller cannot get a result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// It is larger than the caller may take; the text names the operation, the limit and its setting.
    #[error("{0}")]
    TooLarge(String),
    /// The process has no memory for it now.
    #[error(transparent)]
    NoMemory(#[from] BudgetError),
}

impl From<Refused> for OpError {
    fn from(refused: Refused) -> OpError {
        let code = match &refused {
            Refused::TooLarge(_) => Code::ResultTooLarge,
            Refused::NoMemory(_) => Code::MemoryBudget,
        };
        OpError { code, message: refused.to_string(), details: Value::Null }
    }
}

/// Who results are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Taker {
    /// The host's own calls, without a bound.
    #[default]
    Host,
    /// A function with so many MiB. The guest holds a result twice while it turns it into JavaScript, so one result may
    /// have half; all results that wait at the same time may have the whole.
    Function(u64),
    /// A client of Dapr's API, whose answer may have so many bytes.
    Client(u64),
}

impl Taker {
    /// Bytes of one result, and of all results that wait.
    fn limits(self) -> (u64, u64) {
        match self {
            Taker::Host => (u64::MAX, u64::MAX),
            Taker::Function(mb) => ((mb << 20) / 2, mb << 20),
            Taker::Client(bytes) => (bytes, u64::MAX),
        }
    }
}

#[derive(Debug, Default)]
struct Account {
    taker: Taker,
    /// Bytes of results that wait.
    held: AtomicU64,
    /// CPU time not yet collected, ns.
    cpu: AtomicU64,
    /// The most that it may be, ns.
    most_cpu: u64,
    /// What results hold of the process's memory.
    memory: Purse,
}

/// What one operation has taken; returned when the last clone is dropped.
#[derive(Debug)]
struct Taken {
    account: Arc<Account>,
    operation: Box<str>,
    bytes: AtomicU64,
    share: Mutex<Share>,
}

impl Taken {
    fn nothing(account: Arc<Account>, operation: &str) -> Taken {
        let share = Mutex::new(account.memory.none());
        Taken { account, operation: operation.into(), bytes: AtomicU64::new(0), share }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.account.held.fetch_sub(self.bytes.load(Relaxed), Relaxed);
    }
}

/// The allowance of one operation. Clones share it.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<Taken>);

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance::new(Taker::Host, Purse::default())
    }
}

impl Allowance {
    /// The allowance of all operations of one caller; [`Allowance::operation`] derives each one's.
    pub fn new(taker: Taker, memory: Purse) -> Allowance {
        Allowance::bounded(taker, memory, Duration::MAX)
    }

    /// The same for a caller who has only so much CPU time.
    pub fn bounded(taker: Taker, memory: Purse, cpu: Duration) -> Allowance {
        let most_cpu = u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX);
        Allowance(Arc::new(Taken::nothing(Arc::new(Account { taker, memory, most_cpu, ..Account::default() }), "")))
    }

    /// The same caller's allowance for one operation; `name` is for messages.
    pub fn operation(&self, name: &str) -> Allowance {
        Allowance(Arc::new(Taken::nothing(Arc::clone(&self.0.account), name)))
    }

    /// Takes room for `bytes` more bytes of the operation's result, before they are copied.
    pub fn take(&self, bytes: usize) -> Result<(), Refused> {
        let bytes = bytes as u64;
        let (one, all) = self.0.account.taker.limits();
        let result = self.0.bytes.fetch_add(bytes, Relaxed).saturating_add(bytes);
        let held = self.0.account.held.fetch_add(bytes, Relaxed).saturating_add(bytes);
        if result > one {
            return Err(self.too_large(&format!("the result has at least {result} bytes")));
        }
        if held > all {
            return Err(self.too_large(&format!("the results that wait for the function have {held} bytes together")));
        }
        let mut share = self.0.share.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(share.grow(usize::try_from(bytes).unwrap_or(usize::MAX))?)
    }

    /// Takes more until the operation has taken `bytes`.
    pub fn cover(&self, bytes: usize) -> Result<(), Refused> {
        match bytes.saturating_sub(usize::try_from(self.0.bytes.load(Relaxed)).unwrap_or(usize::MAX)) {
            0 => Ok(()),
            lacking => self.take(lacking),
        }
    }

    fn too_large(&self, what: &str) -> Refused {
        let (one, all) = self.0.account.taker.limits();
        let operation = &self.0.operation;
        Refused::TooLarge(match self.0.account.taker {
            Taker::Function(mb) => format!(
                "{operation}: {what}, but one result may have {one} and all that wait {all} (limit memoryMb of {mb}): ask for \
                     less at once, or raise `limits.memoryMb` in the upload, or `memoryMb` under [limits] in the configuration file"
            ),
            _ => format!(
                "{what}, but an answer may have {one} (`--max-answer-bytes`, or `max_answer_bytes` in the configuration \
                     file): ask for less at once"
            ),
        })
    }

    /// Counts CPU time that the host spent for the caller.
    pub fn charge(&self, cpu: Duration) {
        self.0.account.cpu.fetch_add(u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Whether what is counted and not yet collected is all that the caller had: work that runs long asks now and then.
    pub fn overdrawn(&self) -> bool {
        self.0.account.cpu.load(Relaxed) >= self.0.account.most_cpu
    }

    /// Returns what was counted since the last call.
    pub fn charged(&self) -> Duration {
        match self.0.account.cpu.load(Relaxed) {
            0 => Duration::ZERO,
            _ => Duration::from_nanos(self.0.account.cpu.swap(0, Relaxed)),
        }
    }
}

/// CPU time of the calling thread so far. A system call.
pub fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_result_has_half_and_all_have_the_whole() {
        let caller = Allowance::new(Taker::Function(4), Purse::default());
        let first = caller.operation("state.get");
        first.take(2 << 20).unwrap();
        let refused = OpError::from(first.take(1).unwrap_err());
        assert_eq!(refused.code, Code::ResultTooLarge);
        for part in ["state.get", "2097153", "2097152", "memoryMb of 4"] {
            assert!(refused.message.contains(part), "{}", refused.message);
        }
        let second = caller.operation("state.get");
        let third = caller.operation("state.query");
        second.take((2 << 20) - 2).unwrap();
        assert!(third.take(2).unwrap_err().to_string().contains("4194305 bytes together"));
        drop((first, third));
        caller.operation("state.get").cover(2 << 20).unwrap();
    }

    #[test]
    fn what_is_covered_is_not_taken_twice() {
        let client = Allowance::new(Taker::Client(10), Purse::default());
        client.take(6).unwrap();
        client.cover(10).unwrap();
        client.cover(10).unwrap();
        assert!(client.take(1).unwrap_err().to_string().contains("max_answer_bytes"));
        Allowance::default().take(usize::MAX / 4).unwrap();
    }

    #[test]
    fn charges_add_up_and_are_collected_once() {
        let caller = Allowance::new(Taker::Function(4), Purse::default());
        caller.operation("a").charge(Duration::from_micros(2));
        caller.operation("b").charge(Duration::from_micros(3));
        assert_eq!(caller.charged(), Duration::from_micros(5));
        assert_eq!(caller.charged(), Duration::ZERO);
    }

    #[test]
    fn all_operations_of_a_caller_draw_on_one_time() {
        let caller = Allowance::bounded(Taker::Function(4), Purse::default(), Duration::from_millis(2));
        let (first, second) = (caller.operation("a"), caller.operation("b"));
        first.charge(Duration::from_millis(1));
        assert!(!second.overdrawn());
        second.charge(Duration::from_millis(1));
        assert!(first.overdrawn());
    }
}
