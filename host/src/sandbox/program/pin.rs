//! The pin: one call of the guest that never ends.
//!
//! WasmEdge installs its signal handlers when the first call of the process starts and removes them when the last one
//! ends, by a counter that races: with two threads, one of them trapping, the process dies. A call that never ends
//! keeps the counter above zero. Handlers belong to the process, so one pin serves all programs. Must not know: what
//! else the guest runs.
#![allow(unsafe_code)]

use super::faults::{self, Handlers};
use super::ffi::{Engine, Export, HostCalls, Instance, Module, Verdict};
use crate::sandbox::SandboxError;
use crate::sandbox::system::thread;
use std::ops::Range;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long the pin may take to reach its place.
const PATIENCE: Duration = Duration::from_secs(60);

/// Process-wide because signal handlers are; made by the first program.
static PIN: OnceLock<Result<(), String>> = OnceLock::new();

/// Makes the pin and installs the handler of faults; later calls only report how the first went.
pub fn pin(module: &Arc<Module>) -> Result<(), SandboxError> {
    let make = || {
        let previous = Handlers::current();
        park(Arc::clone(module)).map_err(|e| e.to_string())?;
        faults::install(previous)
    };
    PIN.get_or_init(make).clone().map_err(SandboxError::Engine)
}

fn park(module: Arc<Module>) -> Result<(), SandboxError> {
    let (parked, wait) = sync_channel::<Result<(), SandboxError>>(2);
    thread::spawn("daplet-pin", move || {
        let reached = parked.clone();
        let mut read = InRead(move || {
            let _waits = reached.send(Ok(()));
            loop {
                std::thread::park();
            }
        });
        let never = call_load(&module, &mut read);
        let _waits = parked.send(never);
    })?;
    wait.recv_timeout(PATIENCE).map_err(|_| SandboxError::engine("the pin did not park"))?
}

/// Proves that the guest's code runs compiled: below the host function `read`, a return address lies in `text`. The
/// calling thread needs the stacks of one that enters the guest.
pub fn prove_compiled(module: &Arc<Module>, text: Range<usize>) -> Result<(), SandboxError> {
    let bottom = 0u8;
    let bottom = &raw const bottom as usize;
    let (compiled, found) = sync_channel(1);
    let mut read = InRead(move || {
        let _waits = compiled.send(on_stack(bottom, &text));
    });
    let stopped = call_load(module, &mut read);
    match found.try_recv() {
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(SandboxError::engine("the guest runs interpreted, not compiled: its code is not on the stack"))
        }
        Err(_) => stopped,
    }
}

/// Calls `load` in a new instance. It ends in its first host call, or it fails.
fn call_load(module: &Arc<Module>, calls: &mut (dyn HostCalls + 'static)) -> Result<(), SandboxError> {
    let engine = Engine::new(Arc::clone(module)).map_err(SandboxError::engine)?;
    let instance = Instance::new(&engine).map_err(SandboxError::engine)?;
    instance.call(Export::Load, &[0], calls).map_err(SandboxError::engine)?;
    Err(SandboxError::engine("the guest's `load` did not read its inbox"))
}

/// Whether a word between here and `bottom` of the calling thread's stack lies in `text`.
#[inline(never)]
fn on_stack(bottom: usize, text: &Range<usize>) -> bool {
    let top = 0usize;
    let top = &raw const top as usize;
    (top..bottom).step_by(size_of::<usize>()).any(|address| {
        // SAFETY: an aligned word of the calling thread's own stack, between two of its living frames.
        text.contains(&unsafe { std::ptr::read_volatile(address as *const usize) })
    })
}

/// Host calls of which the first `read` runs the closure. Each of them stops the guest.
pub struct InRead<F: FnMut()>(pub F);

impl<F: FnMut()> HostCalls for InRead<F> {
    fn read(&mut self, _: u32, _: u32) -> Verdict {
        self.0();
        Verdict::Stop
    }

    fn write(&mut self, _: u32, _: u32) -> Verdict {
        Verdict::Stop
    }

    fn submit(&mut self, _: u32, _: u32) -> Verdict {
        Verdict::Stop
    }

    fn log(&mut self, _: u32, _: u32, _: u32) -> Verdict {
        Verdict::Stop
    }

    fn random(&mut self, _: u32, _: u32) -> Verdict {
        Verdict::Stop
    }

    fn now(&mut self) -> f64 {
        0.0
    }
}
