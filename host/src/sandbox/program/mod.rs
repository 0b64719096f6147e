//! Programs: a guest compiled ahead of time, loaded into WasmEdge and initialised, and the snapshots of functions over
//! it.
//!
//! Owns: the cache of compiled guests, every call into the engine, the handlers of the guest's faults. Must not know:
//! events, operations, which thread enters an instance.
//!
//! # Layout
//! - [`aot`]: the cache of compiled guests; [`artefact`]: one of them in memory
//! - [`ffi`]: WasmEdge behind typed wrappers; the only folder that names it
//! - [`faults`]: which handler gets a fault; [`pin`]: why WasmEdge keeps its own installed
//! - [`init`]: from the loaded guest to the base image
//! - [`snapshot`]: a loaded function; [`cost`]: what its entries cost; [`stored`]: snapshots as bytes
pub mod aot;
mod artefact;
pub mod cost;
mod faults;
pub mod ffi;
mod init;
pub mod pin;
pub mod snapshot;
mod stored;

use super::SandboxError;
use super::memory::contents::Contents;
use aot::Progress;
use ffi::Module;
use sha2::{Digest, Sha256};
use snapshot::Snapshot;
use std::path::Path;
use std::sync::Arc;

/// A guest, ready to load functions: its code, and the memory that it has after `init`. A process may have several; an
/// instance, and a snapshot, belongs to one.
pub struct Program {
    module: Arc<Module>,
    base: Arc<Contents>,
    control: u32,
    digest: [u8; 32],
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("base", &self.base.image().weight()).finish()
    }
}

impl Program {
    /// Makes sure that the compiled form of `wasm` is in `cache_dir`.
    pub fn compile(cache_dir: &Path, wasm: &[u8], progress: impl Fn(Progress)) -> Result<(), SandboxError> {
        aot::obtain(cache_dir, wasm, &progress).map(drop)
    }

    /// Finds the compiled form of `wasm` in `cache_dir` or makes it, proves that it runs compiled, and initialises it.
    /// Blocks.
    pub fn start(cache_dir: &Path, wasm: &[u8], progress: impl Fn(Progress)) -> Result<Arc<Program>, SandboxError> {
        let artefact = aot::obtain(cache_dir, wasm, &progress)?;
        let module = Arc::new(Module::load(artefact).map_err(SandboxError::engine)?);
        let text = module.text().map_err(|e| SandboxError::Engine(format!("the compiled guest: {e}")))?;
        pin::pin(&module)?;
        let init::Initialized { image, control } = init::run(&module, text)?;
        let mut hash = Sha256::new();
        for page in image.filled() {
            hash.update(page.to_le_bytes());
            hash.update(image.page(page).unwrap_or_default());
        }
        let base = Arc::new(Contents::of_image(Arc::new(image)));
        Ok(Arc::new(Program { module, base, control, digest: hash.finalize().into() }))
    }

    /// Memory of the base image, which all its functions share, bytes.
    pub fn base_bytes(&self) -> usize {
        self.base.image().weight()
    }

    /// Digest of the base image: the same in every process that runs the same guest.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The state with no function loaded.
    pub(super) fn base_snapshot(self: &Arc<Program>) -> Arc<Snapshot> {
        Arc::new(Snapshot::new(self, Arc::clone(&self.base)))
    }

    pub(super) fn base(&self) -> &Arc<Contents> {
        &self.base
    }

    pub(super) fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// Where the control words are.
    pub(super) fn control(&self) -> u32 {
        self.control
    }
}
