//! One thread's engine of one module: executor, store, imports.
#![allow(unsafe_code)]

use super::imports::{self, Seat};
use super::module::Module;
use super::{EngineError, check, name};
use daplet_abi::IMPORT_MODULE;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use wasmedge_sys::ffi::*;

/// Executor, store and host functions of one thread.
pub struct Engine {
    pub(super) executor: *mut WasmEdge_ExecutorContext,
    pub(super) store: *mut WasmEdge_StoreContext,
    imports: *mut WasmEdge_ModuleInstanceContext,
    pub(super) module: Arc<Module>,
    /// What the host functions use.
    pub(super) seat: Rc<Seat>,
}

impl Engine {
    /// An engine for the calling thread.
    pub fn new(module: Arc<Module>) -> Result<Rc<Engine>, EngineError> {
        // SAFETY: every context is owned by the engine and deleted by its drop, before the seat of the functions in
        // `imports`.
        unsafe {
            let executor = WasmEdge_ExecutorCreate(module.config(), ptr::null_mut());
            let store = WasmEdge_StoreCreate();
            let imports = WasmEdge_ModuleInstanceCreate(name(IMPORT_MODULE));
            let engine = Engine { executor, store, imports, module, seat: Rc::default() };
            imports::add(imports, &engine.seat);
            check(WasmEdge_ExecutorRegisterImport(executor, store, imports))?;
            Ok(Rc::new(engine))
        }
    }

    /// The module that its instances run.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: owned; instances hold the engine by `Rc`, so none is left.
        unsafe {
            WasmEdge_StoreDelete(self.store);
            WasmEdge_ModuleInstanceDelete(self.imports);
            WasmEdge_ExecutorDelete(self.executor);
        }
    }
}
