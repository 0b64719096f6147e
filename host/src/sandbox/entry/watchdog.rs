//! The CPU limit: one thread that checks every running entry about once a millisecond.
//!
//! At the budget, or when the caller has gone, it sets the interrupt flag that QuickJS polls; a grace period later it
//! revokes the instance's memory, so that native loops fault. Must not know: what runs.
use super::guard::{Guard, Sleeper};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(1);
/// Ticks without anything running after which the thread sleeps until it is woken.
const IDLE_TICKS: u32 = 100;

/// The watchdog.
pub struct Watchdog {
    sleeper: Arc<Sleeper>,
    stopped: AtomicBool,
    guards: Mutex<Vec<Weak<Guard>>>,
}

impl Watchdog {
    /// Starts the thread.
    pub fn start() -> std::io::Result<Arc<Watchdog>> {
        let watchdog =
            Arc::new(Watchdog { sleeper: Arc::default(), stopped: AtomicBool::new(false), guards: Mutex::default() });
        let body = Arc::clone(&watchdog);
        let handle = thread::Builder::new().name("daplet-watchdog".to_owned()).spawn(move || body.run())?;
        watchdog.sleeper.thread.get_or_init(|| handle.thread().clone());
        Ok(watchdog)
    }

    /// A guard for the calling thread.
    pub fn guard(self: &Arc<Watchdog>) -> std::io::Result<Arc<Guard>> {
        let guard = Arc::new(Guard::new(Arc::clone(&self.sleeper))?);
        self.guards.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&guard));
        Ok(guard)
    }

    /// Ends the thread once no guard is left: until then a running or queued job keeps its limit.
    pub fn stop(&self) {
        self.stopped.store(true, SeqCst);
        self.sleeper.wake();
    }

    fn run(&self) {
        let mut idle = 0;
        loop {
            let guards: Vec<_> = {
                let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
                guards.retain(|guard| guard.strong_count() > 0);
                guards.iter().filter_map(Weak::upgrade).collect()
            };
            if guards.is_empty() && self.stopped.load(SeqCst) {
                return;
            }
            let busy = guards.iter().filter(|guard| guard.check()).count();
            idle = if busy > 0 { 0 } else { idle + 1 };
            if idle < IDLE_TICKS {
                thread::sleep(TICK);
                continue;
            }
            self.sleeper.asleep.store(true, SeqCst);
            // An entry that began before the store was visible did not wake us: look once more.
            if !guards.iter().any(|guard| !guard.idle()) && !self.stopped.load(SeqCst) {
                drop(guards);
                thread::park();
            }
            self.sleeper.asleep.store(false, SeqCst);
            idle = 0;
        }
    }
}
