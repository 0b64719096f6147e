//! WasmEdge behind typed wrappers: compiled module, engine of a thread, instance, host functions.
//!
//! Owns: every call into the engine. Calls `wasmedge_sys::ffi` directly: the safe layer above it registers hooks that
//! cost half a microsecond per host call, and parts of it are unsound. Must not know: functions, snapshots, what a host
//! call does.
#![allow(unsafe_code)]

mod compile;
mod engine;
mod imports;
mod instance;
mod module;

pub use compile::{OPTIMIZATION, compile};
pub use engine::Engine;
pub use imports::{HostCalls, Verdict};
pub use instance::{Export, Instance};
pub use module::Module;

use std::ffi::CStr;
use wasmedge_sys::ffi::*;

/// A failure that the engine reports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct EngineError {
    /// WasmEdge's error code.
    pub code: u32,
    /// WasmEdge's words for it.
    pub message: String,
}

/// The library's version, such as `0.17.1`.
pub fn version() -> String {
    // SAFETY: a static C string.
    unsafe { CStr::from_ptr(WasmEdge_VersionGet()) }.to_string_lossy().into_owned()
}

fn check(result: WasmEdge_Result) -> Result<(), EngineError> {
    // SAFETY: plain functions of a value; the message is a static C string.
    unsafe {
        if WasmEdge_ResultOK(result) {
            return Ok(());
        }
        let message = CStr::from_ptr(WasmEdge_ResultGetMessage(result)).to_string_lossy().into_owned();
        Err(EngineError { code: WasmEdge_ResultGetCode(result), message })
    }
}

fn broken(message: impl Into<String>) -> EngineError {
    EngineError { code: 0, message: message.into() }
}

fn name(text: &str) -> WasmEdge_String {
    // SAFETY: the wrapped bytes outlive the call that the string is made for.
    unsafe { WasmEdge_StringWrap(text.as_ptr().cast(), text.len() as u32) }
}
