//! A slot driven by hand, for measurements of its parts. Not part of the server's way.
use super::worker::Shared;
use crate::sandbox::entry::hostcalls::Output;
use crate::sandbox::entry::slot::{CpuTime, Ending, Slot};
use crate::sandbox::entry::watchdog::{Guard, Stop};
use crate::sandbox::memory::image::Snapshot;
use crate::sandbox::memory::pages::Tracker;
use crate::sandbox::program::ffi::{Engine, Export};
use crate::sandbox::program::signals;
use crate::sandbox::{Sandbox, SandboxError};
use daplet_abi::{EventKind, Status};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

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
    control: u32,
}

impl Bench {
    /// A slot bound to `snapshot`.
    pub fn new(handle: Handle, snapshot: &Arc<Snapshot>) -> Result<Bench, SandboxError> {
        let failed = |e: &dyn std::fmt::Display| SandboxError::Engine(e.to_string());
        let shared = handle.0;
        signals::alternate_stack().map_err(|e| failed(&e))?;
        let engine = Engine::new(Arc::clone(&shared.module)).map_err(|e| failed(&e))?;
        let guard = shared.watchdog.guard().map_err(|e| failed(&e))?;
        let mut tracker = Tracker::new(&shared.ground)?;
        let slot = Slot::new(&engine, shared.control, snapshot, &mut tracker)?;
        Ok(Bench { engine, guard, tracker, slot, control: shared.control })
    }

    fn time(&self, budget: Duration) -> (CpuTime, Option<Stop>) {
        (CpuTime { budget, slice: None, rested: self.tracker.cpu() }, None)
    }

    /// One entry, which must end well.
    pub fn invoke(&self, frame: Vec<u8>) {
        let kind = Some(EventKind::Http as i32);
        let budget = Duration::from_secs(1);
        let entered = self.slot.enter(&self.guard, Export::Handle, kind, frame, Output::default(), self.time(budget));
        assert!(matches!(entered.ending, Ending::Returned(Status::Done)), "the handler failed");
    }

    /// Makes the heap fresh.
    pub fn restore(&mut self) {
        let restored = self.slot.pages.settle(&mut self.tracker, false);
        assert!(restored.and_then(|()| self.slot.pages.restore(&mut self.tracker)).is_ok(), "the restore failed");
    }

    /// Private pages after an entry, and how many of them differ from the snapshot.
    pub fn dirty(&mut self, frame: Vec<u8>) -> (usize, usize) {
        self.invoke(frame);
        assert!(self.slot.pages.settle(&mut self.tracker, false).is_ok(), "the scan failed");
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
        assert!(self.slot.pages.bind(snapshot, &mut self.tracker).is_ok(), "the bind failed");
    }

    /// One entry that is stopped in its first host call. Only [`Bench::renew`] may follow.
    pub fn trap(&self) {
        crate::sandbox::entry::hostcalls::on_read(Box::new(|| {}));
        let kind = Some(EventKind::Http as i32);
        let budget = Duration::from_secs(1);
        let entered =
            self.slot.enter(&self.guard, Export::Handle, kind, Vec::new(), Output::default(), self.time(budget));
        assert!(matches!(entered.ending, Ending::Trapped(_)), "the entry did not trap");
    }

    /// A new slot in place of the old one.
    pub fn renew(&mut self, snapshot: &Arc<Snapshot>) {
        match Slot::new(&self.engine, self.control, snapshot, &mut self.tracker) {
            Ok(slot) => self.slot = slot,
            Err(error) => panic!("{error}"),
        }
    }
}
