//! A slot driven by hand, for measurements of its parts. The server does not use it.
use super::front::Sandbox;
use super::shared::Shared;
use crate::sandbox::SandboxError;
use crate::sandbox::entry::guard::{Guard, Stop};
use crate::sandbox::entry::output::Output;
use crate::sandbox::entry::slot::{CpuTime, Ending, Slot};
use crate::sandbox::memory::pages::Tracker;
use crate::sandbox::program::ffi::{Engine, Export};
use crate::sandbox::program::snapshot::Snapshot;
use crate::sandbox::system::thread;
use daplet_abi::{EventKind, Status};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const BUDGET: Duration = Duration::from_secs(1);
const KIND: i32 = EventKind::Http as i32;

/// What [`Bench::new`] needs from a sandbox.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl Sandbox {
    /// For [`Bench::new`].
    pub fn bench(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }
}

/// One slot on the calling thread, which needs a large stack.
pub struct Bench {
    engine: Rc<Engine>,
    guard: Arc<Guard>,
    tracker: Tracker,
    slot: Slot,
}

impl Bench {
    /// A slot bound to `snapshot`.
    pub fn new(handle: Handle, snapshot: &Arc<Snapshot>) -> Result<Bench, SandboxError> {
        let shared = handle.0;
        thread::alternate_stack().map_err(SandboxError::engine)?;
        let engine = Engine::new(Arc::clone(snapshot.program().module())).map_err(SandboxError::engine)?;
        let guard = shared.watchdog.guard().map_err(SandboxError::engine)?;
        let mut tracker = Tracker::new(&shared.kernel)?;
        let slot = Slot::new(&engine, snapshot, &mut tracker)?;
        Ok(Bench { engine, guard, tracker, slot })
    }

    fn time(&self) -> (CpuTime, Option<Stop>) {
        (CpuTime { budget: BUDGET, slice: None, rested: self.tracker.cpu() }, None)
    }

    /// One entry, which must end well.
    pub fn invoke(&self, frame: Vec<u8>) {
        let entered = self.slot.enter(&self.guard, Export::Handle, Some(KIND), frame, Output::default(), self.time());
        assert!(matches!(entered.ending, Ending::Returned(Status::Done)), "the handler failed");
    }

    /// Makes the heap fresh.
    pub fn restore(&mut self) {
        let found = self.slot.pages.find_private(&mut self.tracker, false);
        assert!(found.and_then(|()| self.slot.pages.restore(&mut self.tracker)).is_ok(), "the restore failed");
    }

    /// Private pages after an entry, and how many of them differ from the snapshot.
    pub fn dirty(&mut self, frame: Vec<u8>) -> (usize, usize) {
        self.invoke(frame);
        assert!(self.slot.pages.find_private(&mut self.tracker, false).is_ok(), "the scan failed");
        let counts = (self.slot.pages.private(), self.slot.pages.difference().len());
        self.restore();
        counts
    }

    /// Page scans so far.
    pub fn scans(&self) -> u64 {
        self.tracker.scans
    }

    /// Binds another function.
    pub fn bind(&mut self, snapshot: &Arc<Snapshot>) {
        assert!(self.slot.bind(snapshot, &mut self.tracker).is_ok(), "the bind failed");
    }

    /// One entry that is stopped in its first host call. Only [`Bench::renew`] may follow.
    pub fn trap(&self) {
        assert!(self.slot.trap(KIND), "the entry did not trap");
    }

    /// A new slot in place of the old one.
    pub fn renew(&mut self, snapshot: &Arc<Snapshot>) {
        match Slot::new(&self.engine, snapshot, &mut self.tracker) {
            Ok(slot) => self.slot = slot,
            Err(error) => panic!("{error}"),
        }
    }
}
