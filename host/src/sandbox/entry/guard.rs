//! The state that a worker shares with the watchdog: which phase its entry is in, and what was done to it.
//!
//! A worker pays two atomic writes per entry and no system call. Must not know: when the watchdog looks.
use crate::sandbox::memory::guest::GuestMemory;
use crate::sandbox::system::thread::CpuClock;
use daplet_abi::CONTROL_INTERRUPT;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;

/// CPU time between the interrupt flag and the revocation.
pub const GRACE: Duration = Duration::from_millis(20);

/// Set when no caller waits for an entry any more.
pub type Stop = Arc<AtomicBool>;

const IDLE: u8 = 0;
const GUEST: u8 = 1;
const HOST: u8 = 2;
const ACTING: u8 = 3;

/// What the watchdog did to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Action {
    /// Nothing.
    None = 0,
    /// Set the interrupt flag.
    Flagged = 1,
    /// Took the memory away.
    Revoked = 2,
}

/// The state that a worker and the watchdog share. Its phase ensures that an action only meets the entry it was meant
/// for.
pub struct Guard {
    phase: AtomicU8,
    entry: AtomicU64,
    /// CPU budget of the entry, ns.
    budget: AtomicU64,
    /// CPU time between the interrupt flag and the revocation, ns.
    grace: AtomicU64,
    action: AtomicU8,
    /// CPU clock when the watchdog first saw the entry, ns; 0 before.
    seen: AtomicU64,
    /// Memory and control words of the slot in use; changes only while idle.
    memory: Mutex<Option<Watched>>,
    clock: CpuClock,
    sleeper: Arc<Sleeper>,
}

/// The memory that the next entries run in, and what ends them.
#[derive(Clone)]
struct Watched {
    memory: GuestMemory,
    control: u32,
    stop: Option<Stop>,
}

/// The watchdog's thread, which sleeps while nothing runs.
#[derive(Default)]
pub struct Sleeper {
    /// Whether it sleeps until it is woken.
    pub asleep: AtomicBool,
    /// The thread, once it runs.
    pub thread: OnceLock<Thread>,
}

impl Sleeper {
    /// Wakes it.
    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

impl Guard {
    /// For entries of the calling thread.
    pub fn new(sleeper: Arc<Sleeper>) -> std::io::Result<Guard> {
        Ok(Guard {
            phase: AtomicU8::new(IDLE),
            entry: AtomicU64::new(0),
            budget: AtomicU64::new(0),
            grace: AtomicU64::new(0),
            action: AtomicU8::new(0),
            seen: AtomicU64::new(0),
            memory: Mutex::new(None),
            clock: CpuClock::of_this_thread()?,
            sleeper,
        })
    }

    /// Whether no entry runs.
    pub fn idle(&self) -> bool {
        self.phase.load(SeqCst) == IDLE
    }

    /// Sets the memory that the following entries run in, and what ends them early. Only between entries.
    pub fn watch(&self, memory: GuestMemory, control: u32, stop: Option<Stop>) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = Some(Watched { memory, control, stop });
    }

    /// An entry begins. `grace` lies between the interrupt flag and the end of its memory.
    pub fn begin(&self, budget: Duration, grace: Duration) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.action.store(Action::None as u8, SeqCst);
        self.seen.store(0, SeqCst);
        self.budget.store(nanos(budget), SeqCst);
        self.grace.store(nanos(grace), SeqCst);
        self.entry.fetch_add(1, SeqCst);
        self.phase.store(GUEST, SeqCst);
        if self.sleeper.asleep.load(SeqCst) {
            self.sleeper.wake();
        }
    }

    /// The entry has ended; what was done to it. Nothing will be done to it from here on.
    pub fn end(&self) -> Action {
        self.leave(IDLE)
    }

    /// The guest called a host function. `false`: its memory is revoked, return at once.
    pub fn enter_host(&self) -> bool {
        if self.leave(HOST) == Action::Revoked {
            self.leave_host();
            return false;
        }
        true
    }

    /// The host function returns.
    pub fn leave_host(&self) {
        self.phase.store(GUEST, SeqCst);
    }

    /// CPU clock of the thread now, and when the watchdog first saw the entry that just ended, ns.
    pub fn cpu(&self) -> (Option<u64>, Option<u64>) {
        let seen = self.seen.load(SeqCst);
        (self.clock.now(), (seen > 0).then_some(seen))
    }

    fn leave(&self, to: u8) -> Action {
        while self.phase.compare_exchange_weak(GUEST, to, SeqCst, SeqCst).is_err() {
            std::hint::spin_loop();
        }
        match self.action.load(SeqCst) {
            0 => Action::None,
            1 => Action::Flagged,
            _ => Action::Revoked,
        }
    }

    /// Checks the entry against its budget and acts on it; returns whether one runs. For the watchdog.
    pub fn check(&self) -> bool {
        let entry = self.entry.load(SeqCst);
        if self.idle() {
            return false;
        }
        let Some(now) = self.clock.now() else { return false };
        let seen = self.seen.load(SeqCst);
        if seen == 0 {
            self.act(entry, |guard| guard.seen.store(now.max(1), SeqCst));
            return true;
        }
        let (used, mut budget) = (now.saturating_sub(seen), self.budget.load(SeqCst));
        if used < budget && self.unwanted() {
            budget = used;
            self.act(entry, |guard| guard.budget.store(used, SeqCst));
        }
        if used >= budget.saturating_add(self.grace.load(SeqCst)) {
            self.act(entry, |guard| guard.apply(Action::Revoked));
        } else if used >= budget {
            self.act(entry, |guard| guard.apply(Action::Flagged));
        }
        true
    }

    /// Whether the caller of the entry has gone. The flag of a later entry does no harm: `act` checks the entry.
    fn unwanted(&self) -> bool {
        let watched = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        watched.as_ref().and_then(|watched| watched.stop.as_ref()).is_some_and(|stop| stop.load(SeqCst))
    }

    /// Runs `body` if `entry` is still running and in guest code, where it then stays until `body` is done.
    fn act(&self, entry: u64, body: impl FnOnce(&Guard)) {
        if self.phase.compare_exchange(GUEST, ACTING, SeqCst, SeqCst).is_ok() {
            if self.entry.load(SeqCst) == entry {
                body(self);
            }
            self.phase.store(GUEST, SeqCst);
        }
    }

    fn apply(&self, action: Action) {
        let watched = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Watched { memory, control, .. }) = watched.as_ref() else { return };
        if self.action.load(SeqCst) >= action as u8 && action == Action::Revoked {
            return;
        }
        self.action.store(action as u8, SeqCst);
        match action {
            // Again at each tick: the guest clears the flag when an entry begins.
            Action::Flagged => memory.set_word(control + CONTROL_INTERRUPT),
            Action::Revoked => memory.revoke(),
            Action::None => {}
        }
    }
}
