//! The first call of a guest: `init`, whose memory afterwards is the base image.
//!
//! The clock stands and random numbers are zeros meanwhile, so that every process makes the same image: snapshots on
//! disk are kept over it. Must not know: functions.
use super::ffi::{Engine, Export, HostCalls, Instance, Module, Verdict};
use super::pin;
use crate::sandbox::SandboxError;
use crate::sandbox::memory::guest::GuestMemory;
use crate::sandbox::memory::image::Image;
use crate::sandbox::memory::scan::Scanner;
use crate::sandbox::system::thread;
use daplet_abi::{CONTROL_OUT_OF_MEMORY, Status};
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How long `init` may take: no watchdog looks after it.
const PATIENCE: Duration = Duration::from_secs(60);

/// An initialised guest.
pub struct Initialized {
    /// Its memory.
    pub image: Image,
    /// Where its control words are.
    pub control: u32,
}

/// Proves that `module`, whose code is at `text`, runs compiled, and initialises it. On a thread of its own.
pub fn run(module: &Arc<Module>, text: Range<usize>) -> Result<Initialized, SandboxError> {
    let (done, wait) = sync_channel(1);
    let module = Arc::clone(module);
    thread::spawn("daplet-init", move || {
        let prepared = thread::alternate_stack().map_err(SandboxError::engine);
        let proved = prepared.and_then(|()| pin::prove_compiled(&module, text));
        let _waits = done.send(proved.and_then(|()| initialize(module)));
    })?;
    wait.recv_timeout(PATIENCE).map_err(|error| match error {
        RecvTimeoutError::Timeout => SandboxError::Engine(format!("init did not end within {} s", PATIENCE.as_secs())),
        RecvTimeoutError::Disconnected => SandboxError::engine("the initialising thread died"),
    })?
}

fn initialize(module: Arc<Module>) -> Result<Initialized, SandboxError> {
    let engine = Engine::new(module).map_err(SandboxError::engine)?;
    let instance = Instance::new(&engine).map_err(SandboxError::engine)?;
    let memory = instance.memory();
    let mut calls = Reproducible { memory, log: Vec::new() };
    let status = instance.call(Export::Init, &[], &mut calls);
    let log = calls.log.join("; ");
    let status = status.map_err(|error| SandboxError::Engine(format!("init: {error} {log}")))?;
    if Status::from_i32(status) != Some(Status::Done) {
        return Err(SandboxError::Engine(format!("init returned {status}: {log}")));
    }
    let control = instance.call(Export::Control, &[], &mut calls).map_err(SandboxError::engine)? as u32;
    if !control.is_multiple_of(4) || memory.word(control.saturating_add(CONTROL_OUT_OF_MEMORY)).is_none() {
        let message = format!("control words at {control} lie outside the memory or are not aligned");
        return Err(SandboxError::Engine(message));
    }
    let mut private = Vec::new();
    // The scan has not been tested yet, so each page's entry is read.
    Scanner::new().and_then(|scanner| scanner.read(&memory, &mut private)).map_err(SandboxError::memory)?;
    Ok(Initialized { image: Image::capture(&memory, private.into_iter())?, control })
}

/// Host calls whose results are the same in every process. `init` has no inbox and writes nothing.
struct Reproducible {
    memory: GuestMemory,
    log: Vec<String>,
}

impl HostCalls for Reproducible {
    fn read(&mut self, _: u32, _: u32) -> Verdict {
        Verdict::Stop
    }

    fn write(&mut self, _: u32, _: u32) -> Verdict {
        Verdict::Stop
    }

    fn submit(&mut self, _: u32, _: u32) -> Verdict {
        Verdict::Stop
    }

    fn log(&mut self, _: u32, pointer: u32, length: u32) -> Verdict {
        let line = self.memory.read(pointer, length);
        self.log.extend(line.map(|line| String::from_utf8_lossy(&line).into_owned()));
        Verdict::Continue
    }

    fn random(&mut self, pointer: u32, length: u32) -> Verdict {
        match self.memory.write(pointer, &vec![0; length as usize]) {
            Some(()) => Verdict::Continue,
            None => Verdict::Stop,
        }
    }

    fn now(&mut self) -> f64 {
        0.0
    }
}
