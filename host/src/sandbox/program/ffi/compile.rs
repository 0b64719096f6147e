//! The guest's ahead-of-time compiler. `wasmedge-sdk` is used here only: its compiler has no unsound parts.
#![allow(unsafe_code)]

use super::{EngineError, broken};
use std::path::Path;
use wasmedge_sdk::config::{CompilerConfigOptions, ConfigBuilder};
use wasmedge_sdk::{Compiler, CompilerOptimizationLevel, CompilerOutputFormat};
use wasmedge_sys::ffi::WasmEdge_LogSetErrorLevel;

/// The optimisation level of [`compile`], as part of the cache key. A build with `DAPLET_GUEST_LEVEL=1` is for work on
/// the guest: each change of it is compiled in a fraction of the time.
pub const OPTIMIZATION: &str = match option_env!("DAPLET_GUEST_LEVEL") {
    Some(_) => "O1",
    None => "O3",
};
const LEVEL: CompilerOptimizationLevel = match option_env!("DAPLET_GUEST_LEVEL") {
    Some(_) => CompilerOptimizationLevel::O1,
    None => CompilerOptimizationLevel::O3,
};

/// Compiles `wasm` to a native shared library at `output`.
pub fn compile(wasm: &[u8], output: &Path) -> Result<(), EngineError> {
    // SAFETY: sets a level of the library's own log.
    unsafe { WasmEdge_LogSetErrorLevel() };
    let options = CompilerConfigOptions::new().out_format(CompilerOutputFormat::Native).optimization_level(LEVEL);
    let (Some(folder), Some(stem)) = (output.parent(), output.file_stem()) else {
        return Err(broken("the artefact's path has no file name"));
    };
    let compiled = ConfigBuilder::default()
        .with_compiler_config(options)
        .build()
        .and_then(|config| Compiler::new(Some(&config)))
        .and_then(|compiler| compiler.compile_from_bytes(wasm, stem.to_string_lossy(), folder));
    // The compiler picks the extension.
    let path = compiled.map_err(|e| broken(e.to_string()))?;
    std::fs::rename(path, output).map_err(|e| broken(e.to_string()))
}
