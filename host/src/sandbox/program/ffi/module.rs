//! A compiled guest, loaded and validated: code that the engines of all threads share.
#![allow(unsafe_code)]

use super::{EngineError, broken, check};
use crate::sandbox::program::artefact::Artefact;
use std::ffi::CString;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::ptr::{self, NonNull};
use wasmedge_sys::ffi::*;

/// A loaded and validated artefact.
pub struct Module {
    ast: NonNull<WasmEdge_ASTModuleContext>,
    config: NonNull<WasmEdge_ConfigureContext>,
    /// Open for as long as its code is loaded: the dynamic linker tells libraries apart by their path, and the path of
    /// a closed descriptor would soon name another file.
    artefact: Artefact,
}

// SAFETY: after loading and validation both are only read; WasmEdge documents the configuration as thread-safe.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Sync for Module {}

impl Module {
    /// Loads the artefact to be run ahead-of-time compiled.
    pub fn load(artefact: Artefact) -> Result<Module, EngineError> {
        let path =
            CString::new(artefact.path().as_os_str().as_bytes()).map_err(|_| broken("a NUL in the artefact's path"))?;
        // SAFETY: the configuration is deleted by `Module`'s drop, the loader and validator here.
        unsafe {
            // Every trap would be a paragraph on standard output.
            WasmEdge_LogOff();
            let config = NonNull::new(WasmEdge_ConfigureCreate()).ok_or_else(|| broken("no configuration"))?;
            WasmEdge_ConfigureSetRunMode(config.as_ptr(), WasmEdge_RunMode_AOT);
            let loader = WasmEdge_LoaderCreate(config.as_ptr());
            let mut ast = ptr::null_mut();
            let parsed = check(WasmEdge_LoaderParseFromFile(loader, &mut ast, path.as_ptr()));
            WasmEdge_LoaderDelete(loader);
            parsed?;
            let module = Module { ast: NonNull::new(ast).ok_or_else(|| broken("no module"))?, config, artefact };
            let validator = WasmEdge_ValidatorCreate(config.as_ptr());
            let valid = check(WasmEdge_ValidatorValidate(validator, ast));
            WasmEdge_ValidatorDelete(validator);
            valid.map(|()| module)
        }
    }

    /// The addresses of its code.
    pub fn text(&self) -> std::io::Result<Range<usize>> {
        self.artefact.text()
    }

    pub(super) fn ast(&self) -> *const WasmEdge_ASTModuleContext {
        self.ast.as_ptr()
    }

    pub(super) fn config(&self) -> *const WasmEdge_ConfigureContext {
        self.config.as_ptr()
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: owned; engines hold the module by `Arc`, so none is left.
        unsafe {
            WasmEdge_ASTModuleDelete(self.ast.as_ptr());
            WasmEdge_ConfigureDelete(self.config.as_ptr());
        }
    }
}
