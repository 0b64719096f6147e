//! Whether the calling thread may have made further pages of an instance private.
//!
//! Owns: the thread's fault counter when it last left an instance, and how private pages are found. Must not know:
//! which instance is restored to what.
use super::super::guest::GuestMemory;
use super::super::mappings::Mappings;
use super::super::probe::Support;
use super::super::scan::Scanner;
use crate::sandbox::SandboxError;
use crate::sandbox::system::thread::{self, Usage};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What restoring relies on, for all threads.
#[derive(Debug)]
pub struct Kernel {
    /// Whether the fault counter is relied on.
    faults: AtomicBool,
    /// Whether the page scan works.
    scan: bool,
    /// The mappings that instances may take.
    pub mappings: Arc<Mappings>,
}

impl Kernel {
    /// As the self-test found it.
    pub fn new(support: Support, mappings: Arc<Mappings>) -> Kernel {
        Kernel { faults: AtomicBool::new(support.faults), scan: support.scan, mappings }
    }

    /// Stops relying on the fault counter, after a restore that was wrong.
    pub fn distrust_faults(&self) {
        self.faults.store(false, Relaxed);
    }
}

/// What the instances of one thread share.
pub struct Tracker {
    scanner: Scanner,
    kernel: Arc<Kernel>,
    rest: Usage,
    /// Scans made so far.
    pub scans: u64,
}

impl Tracker {
    /// For the calling thread.
    pub fn new(kernel: &Arc<Kernel>) -> Result<Tracker, SandboxError> {
        let mut scanner = Scanner::new().map_err(SandboxError::memory)?;
        if !kernel.scan {
            scanner.read_entries();
        }
        Ok(Tracker { scanner, kernel: Arc::clone(kernel), rest: Usage::default(), scans: 0 })
    }

    /// Notes that the instances are at rest: faults before this are no reason to scan.
    pub fn at_rest(&mut self) {
        self.rest = self.usage();
    }

    fn usage(&self) -> Usage {
        thread::usage().unwrap_or_else(|| {
            self.kernel.distrust_faults();
            Usage::default()
        })
    }

    /// Whether the thread may have made further pages private since it was at rest.
    pub(super) fn faulted(&mut self) -> bool {
        let now = self.usage();
        let before = std::mem::replace(&mut self.rest, now);
        now.faults != before.faults || !self.kernel.faults.load(Relaxed)
    }

    /// Puts the private pages of `memory` into `pages`, in order.
    pub(super) fn scan(&mut self, memory: &GuestMemory, pages: &mut Vec<u32>) -> Result<(), SandboxError> {
        self.scanner.private(memory, pages).map_err(SandboxError::memory)?;
        self.scans += 1;
        Ok(())
    }

    /// The same in a way that shares nothing with [`Tracker::scan`].
    pub(super) fn read_entries(&self, memory: &GuestMemory, pages: &mut Vec<u32>) -> Result<(), SandboxError> {
        self.scanner.read(memory, pages).map_err(SandboxError::memory)
    }

    /// The mappings that instances may take.
    pub(super) fn mappings(&self) -> &Arc<Mappings> {
        &self.kernel.mappings
    }

    /// CPU time of the thread when the instances were last at rest, ns.
    pub fn cpu(&self) -> u64 {
        self.rest.cpu
    }
}
