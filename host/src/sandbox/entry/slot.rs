//! A slot: an instance of the guest with its memory bound to a snapshot, and one entry into it.
//!
//! Must not know: queues, threads, which invocation the entry is of.
use super::calls::Entry;
use super::guard::{Action, GRACE, Guard, Stop};
use super::output::Output;
use crate::sandbox::memory::pages::{Pages, Tracker};
use crate::sandbox::program::Program;
use crate::sandbox::program::ffi::{Engine, EngineError, Export, Instance};
use crate::sandbox::program::pin::InRead;
use crate::sandbox::program::snapshot::Snapshot;
use crate::sandbox::{SandboxError, Trap};
use daplet_abi::{CONTROL_OUT_OF_MEMORY, Status};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Least CPU budget of an entry: the watchdog looks once a millisecond.
const MIN_BUDGET: Duration = Duration::from_millis(1);
/// CPU time between the end of a slice and that of the entry's memory: a native loop must not hold the lane for long.
const SLICE_GRACE: Duration = Duration::from_millis(2);
/// Entries shorter than this on the clock are charged as if they had run all the time.
const SHORT: Duration = Duration::from_millis(2);

/// An instance of the guest.
pub struct Slot {
    instance: Instance,
    /// Its memory.
    pub pages: Pages,
    /// The snapshot that the memory is bound to.
    snapshot: Arc<Snapshot>,
    control: u32,
}

/// How an entry ended.
pub enum Ending {
    /// The guest returned a status.
    Returned(Status),
    /// It was stopped while it ran JavaScript; the slot can be restored.
    Stopped(Trap),
    /// It was unwound: the slot must be thrown away.
    Trapped(Trap),
}

/// One entry's result.
pub struct Entered {
    /// How it ended.
    pub ending: Ending,
    /// What it emitted.
    pub output: Output,
    /// CPU time charged.
    pub cpu: Duration,
    /// Time in the guest by the clock.
    pub elapsed: Duration,
    /// Whether the watchdog wrote into the memory.
    pub touched: bool,
    /// Whether it used up its slice: then it must be undone.
    pub overrun: bool,
}

/// CPU time of an entry.
#[derive(Clone, Copy, Debug)]
pub struct CpuTime {
    /// How much it may use.
    pub budget: Duration,
    /// The part of it after which the entry is to be undone, where that is less.
    pub slice: Option<Duration>,
    /// The thread's, when it last left a slot at rest, ns.
    pub rested: u64,
}

/// CPU time to charge for an entry that was long by the clock. It may have waited for a core most of that time, and on
/// a busy machine the watchdog may have waited too; so the charge is bounded by what the thread used since it was last
/// at rest. Reading the thread's clock is a system call, and worth it only for such entries.
fn charged(elapsed: Duration, guard: &Guard, rested: u64) -> Duration {
    let (Some(now), seen) = guard.cpu() else { return elapsed };
    let used = Duration::from_nanos(now.saturating_sub(rested));
    let seen = seen.map(|seen| Duration::from_nanos(now.saturating_sub(seen)) + SHORT / 2);
    elapsed.min(used).min(seen.unwrap_or(Duration::MAX))
}

impl Slot {
    /// An instance bound to `snapshot`, whose program `engine` runs.
    pub fn new(engine: &Rc<Engine>, snapshot: &Arc<Snapshot>, tracker: &mut Tracker) -> Result<Slot, SandboxError> {
        let instance = Instance::new(engine).map_err(SandboxError::engine)?;
        let control = snapshot.program().control();
        let pages = Pages::new(instance.memory(), control, Arc::clone(snapshot.contents()), tracker)?;
        Ok(Slot { instance, pages, snapshot: Arc::clone(snapshot), control })
    }

    /// The snapshot that it is restored to.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Whether it is restored to the contents of `snapshot`.
    pub fn holds(&self, snapshot: &Snapshot) -> bool {
        Arc::ptr_eq(self.pages.bound(), snapshot.contents())
    }

    /// Whether it is an instance of `program`.
    pub fn runs(&self, program: &Arc<Program>) -> bool {
        Arc::ptr_eq(self.snapshot.program(), program)
    }

    /// Binds another snapshot of its program. Only at rest.
    pub fn bind(&mut self, snapshot: &Arc<Snapshot>, tracker: &mut Tracker) -> Result<(), SandboxError> {
        self.snapshot = Arc::clone(snapshot);
        self.pages.bind(snapshot.contents(), tracker)
    }

    /// Enters the guest once.
    pub fn enter(
        &self,
        guard: &Arc<Guard>,
        export: Export,
        kind: Option<i32>,
        inbox: Vec<u8>,
        output: Output,
        (time, stop): (CpuTime, Option<Stop>),
    ) -> Entered {
        let memory = self.instance.memory();
        let length = inbox.len() as i32;
        guard.watch(memory, self.control, stop);
        let mut entry = Entry::new(memory, Arc::clone(guard), inbox, output);
        let started = Instant::now();
        let slice = time.slice.filter(|slice| *slice < time.budget);
        match slice {
            Some(slice) => guard.begin(slice, SLICE_GRACE),
            None => guard.begin(time.budget.max(MIN_BUDGET), GRACE),
        }
        let returned = match kind {
            Some(kind) => self.instance.call(export, &[kind, length], &mut entry),
            None => self.instance.call(export, &[length], &mut entry),
        };
        let action = guard.end();
        let elapsed = started.elapsed();
        let output = entry.into_output();
        let cpu = if elapsed > SHORT { charged(elapsed, guard, time.rested) } else { elapsed };
        let ending = self.ending(returned, action, &output);
        let touched = action != Action::None;
        Entered { ending, output, cpu, elapsed, touched, overrun: touched && slice.is_some() }
    }

    fn ending(&self, returned: Result<i32, EngineError>, action: Action, output: &Output) -> Ending {
        let out_of_memory =
            || self.instance.memory().word(self.control + CONTROL_OUT_OF_MEMORY).is_some_and(|word| word != 0);
        match (returned, action) {
            (_, Action::Revoked) => Ending::Trapped(Trap::Cpu),
            _ if let Some(refused) = output.refused => Ending::Trapped(Trap::NoMemory(refused)),
            _ if let Some(violation) = &output.violation => Ending::Trapped(Trap::Protocol(violation.clone())),
            (Ok(status), action) => match (Status::from_i32(status), action) {
                (Some(Status::JsError | Status::Pending), Action::Flagged) => Ending::Stopped(Trap::Cpu),
                (Some(status), _) => Ending::Returned(status),
                (None, _) => Ending::Trapped(Trap::Protocol(format!("the guest returned status {status}"))),
            },
            (Err(_), Action::Flagged) => Ending::Trapped(Trap::Cpu),
            (Err(_), _) if out_of_memory() => Ending::Trapped(Trap::Memory),
            (Err(error), _) => Ending::Trapped(Trap::Other(error.to_string())),
        }
    }

    /// Enters the guest and stops it in its first host call, for measurements. The slot cannot be used again.
    #[doc(hidden)]
    pub fn trap(&self, kind: i32) -> bool {
        self.instance.call(Export::Handle, &[kind, 0], &mut InRead(|| {})).is_err()
    }
}
