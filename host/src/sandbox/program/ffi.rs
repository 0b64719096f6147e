//! WasmEdge behind a typed wrapper: module, engine (executor, store, imports), instance.
//!
//! Calls `wasmedge_sys::ffi` directly: the safe layer above it registers hooks that cost half a microsecond per host call, and
//! parts of it are unsound. Must not know: functions, snapshots, threads.
#![allow(unsafe_code)]

use super::aot::Artefact;
use crate::sandbox::entry::hostcalls::{self, Verdict};
use crate::sandbox::memory::guest::GuestMemory;
use daplet_abi::{IMPORT_MODULE, exports, imports};
use std::ffi::{CStr, CString, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::Arc;
use wasmedge_sdk::config::{CompilerConfigOptions, ConfigBuilder};
use wasmedge_sdk::{Compiler, CompilerOptimizationLevel, CompilerOutputFormat};
use wasmedge_sys::ffi::*;

/// What the engine said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct EngineError {
    /// WasmEdge's error code.
    pub code: u32,
    /// WasmEdge's words for it.
    pub message: String,
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

/// The library's version, such as `0.17.1`.
pub fn version() -> String {
    // SAFETY: a static C string.
    unsafe { CStr::from_ptr(WasmEdge_VersionGet()) }.to_string_lossy().into_owned()
}

/// The optimisation level of [`compile`], as part of the cache key. A build with `DAPLET_GUEST_LEVEL=1` is for work on the
/// guest: each change of it is compiled in a fraction of the time.
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

/// A loaded and validated artefact: code that every engine shares.
pub struct Module {
    ast: NonNull<WasmEdge_ASTModuleContext>,
    config: NonNull<WasmEdge_ConfigureContext>,
    /// Open for as long as its code is loaded: the dynamic linker tells libraries apart by their path, and the path of a
    /// closed descriptor would soon name another file.
    artefact: Artefact,
}

// SAFETY: after loading and validation both are only read; WasmEdge documents the configuration as thread-safe.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Sync for Module {}

impl Module {
    /// Loads the artefact to be run ahead-of-time compiled.
    pub fn load(artefact: Artefact) -> Result<Module, EngineError> {
        use std::os::unix::ffi::OsStrExt;
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
}

impl Module {
    /// The addresses of its code.
    pub fn text(&self) -> std::io::Result<std::ops::Range<usize>> {
        self.artefact.text()
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

/// Executor, store and host functions of one thread.
pub struct Engine {
    executor: *mut WasmEdge_ExecutorContext,
    store: *mut WasmEdge_StoreContext,
    imports: *mut WasmEdge_ModuleInstanceContext,
    module: Arc<Module>,
}

type HostFunction = unsafe extern "C" fn(
    *mut c_void,
    *const WasmEdge_CallingFrameContext,
    *const WasmEdge_Value,
    *mut WasmEdge_Value,
) -> WasmEdge_Result;

impl Engine {
    /// An engine for the calling thread.
    pub fn new(module: Arc<Module>) -> Result<Rc<Engine>, EngineError> {
        // SAFETY: every context is owned by the engine and deleted by its drop; functions are handed over to `imports`.
        unsafe {
            let executor = WasmEdge_ExecutorCreate(module.config.as_ptr(), ptr::null_mut());
            let store = WasmEdge_StoreCreate();
            let host = WasmEdge_ModuleInstanceCreate(name(IMPORT_MODULE));
            let engine = Engine { executor, store, imports: host, module };
            let (int, float) = (WasmEdge_ValTypeGenI32(), WasmEdge_ValTypeGenF64());
            let functions: [(&str, HostFunction, &[WasmEdge_ValType], &[WasmEdge_ValType]); 6] = [
                (imports::READ, read, &[int, int], &[]),
                (imports::WRITE, write, &[int, int], &[]),
                (imports::SUBMIT, submit, &[int, int], &[]),
                (imports::LOG, log, &[int, int, int], &[]),
                (imports::NOW, now, &[], &[float]),
                (imports::RANDOM, random, &[int, int], &[]),
            ];
            for (function, body, params, results) in functions {
                let kind = WasmEdge_FunctionTypeCreate(
                    params.as_ptr(),
                    params.len() as u32,
                    results.as_ptr(),
                    results.len() as u32,
                );
                let context = WasmEdge_FunctionInstanceCreate(kind, Some(body), ptr::null_mut(), 0);
                WasmEdge_FunctionTypeDelete(kind);
                WasmEdge_ModuleInstanceAddFunction(host, name(function), context);
            }
            check(WasmEdge_ExecutorRegisterImport(executor, store, host))?;
            Ok(Rc::new(engine))
        }
    }

    /// A new instance of the guest: its own memory, not yet initialised.
    pub fn instantiate(self: &Rc<Engine>) -> Result<Instance, EngineError> {
        // SAFETY: the instance keeps the engine alive; functions and memory belong to the instance.
        unsafe {
            let mut context = ptr::null_mut();
            check(WasmEdge_ExecutorInstantiate(self.executor, &mut context, self.store, self.module.ast.as_ptr()))?;
            let mut instance = Instance {
                context,
                functions: [ptr::null_mut(); 5],
                memory: GuestMemory::new(NonNull::dangling(), 0),
                engine: Rc::clone(self),
            };
            for export in Export::ALL {
                let function = WasmEdge_ModuleInstanceFindFunction(context, name(export.name()));
                if function.is_null() {
                    return Err(broken(format!("the guest exports no function `{}`", export.name())));
                }
                instance.functions[export as usize] = function;
            }
            let memory = WasmEdge_ModuleInstanceFindMemory(context, name(exports::MEMORY));
            if memory.is_null() {
                return Err(broken("the guest exports no memory"));
            }
            let bytes = WasmEdge_MemoryInstanceGetPageSize(memory) << 16;
            let base = NonNull::new(WasmEdge_MemoryInstanceGetPointer(memory, 0, bytes))
                .ok_or_else(|| broken("the guest's memory is empty"))?;
            instance.memory = GuestMemory::new(base, bytes as usize);
            Ok(instance)
        }
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

/// The guest's entry points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Export {
    /// `init()`
    Init,
    /// `load(len)`
    Load,
    /// `handle(kind, len)`
    Handle,
    /// `resume(len)`
    Resume,
    /// `control()`
    Control,
}

impl Export {
    const ALL: [Export; 5] = [Export::Init, Export::Load, Export::Handle, Export::Resume, Export::Control];

    fn name(self) -> &'static str {
        match self {
            Export::Init => exports::INIT,
            Export::Load => exports::LOAD,
            Export::Handle => exports::HANDLE,
            Export::Resume => exports::RESUME,
            Export::Control => exports::CONTROL,
        }
    }
}

/// One instance of the guest. Bound to the thread of its engine.
pub struct Instance {
    context: *mut WasmEdge_ModuleInstanceContext,
    functions: [*mut WasmEdge_FunctionInstanceContext; 5],
    memory: GuestMemory,
    engine: Rc<Engine>,
}

impl Instance {
    /// Its linear memory.
    pub fn memory(&self) -> GuestMemory {
        self.memory
    }

    /// Calls an export that returns one `i32`.
    pub fn call(&self, export: Export, arguments: &[i32]) -> Result<i32, EngineError> {
        // SAFETY: the function belongs to this living instance; the buffers are as long as announced.
        unsafe {
            let zero = WasmEdge_ValueGenI32(0);
            let mut values = [zero; 2];
            let count = arguments.len().min(values.len());
            for (value, argument) in values.iter_mut().zip(arguments) {
                *value = WasmEdge_ValueGenI32(*argument);
            }
            let mut result = [zero];
            let function = self.functions[export as usize];
            let executor = self.engine.executor;
            let returned = super::signals::in_guest(|| {
                WasmEdge_ExecutorInvoke(executor, function, values.as_ptr(), count as u32, result.as_mut_ptr(), 1)
            });
            check(returned)?;
            Ok(WasmEdge_ValueGetI32(result[0]))
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: owned. Whatever is mapped inside the memory's reservation goes with it.
        unsafe { WasmEdge_ModuleInstanceDelete(self.context) }
    }
}

/// Runs a host function: no panic leaves it, and no fault of the guest can happen in it.
fn host(body: impl FnOnce() -> Verdict) -> WasmEdge_Result {
    match super::signals::in_host(|| hostcalls::guarded(body)) {
        Verdict::Continue => WasmEdge_Result { Code: WasmEdge_ErrCode_Success },
        // Not `Terminated`: that counts as a success of the invocation.
        // SAFETY: plain function of values.
        Verdict::Stop => unsafe { WasmEdge_ResultGen(WasmEdge_ErrCategory_UserLevelError, 1) },
    }
}

/// The `index`-th argument as an unsigned number.
///
/// # Safety
/// `params` must hold more than `index` values; WasmEdge checks calls against the declared type.
unsafe fn argument(params: *const WasmEdge_Value, index: usize) -> u32 {
    // SAFETY: as the caller promised.
    unsafe { WasmEdge_ValueGetI32(*params.add(index)) as u32 }
}

macro_rules! host_functions {
    ($($name:ident($($parameter:ident = $index:literal),*);)*) => {$(
        unsafe extern "C" fn $name(
            _: *mut c_void,
            _: *const WasmEdge_CallingFrameContext,
            params: *const WasmEdge_Value,
            _: *mut WasmEdge_Value,
        ) -> WasmEdge_Result {
            // SAFETY: the declared type has that many parameters.
            $(let $parameter = unsafe { argument(params, $index) };)*
            host(|| hostcalls::$name($($parameter),*))
        }
    )*};
}

host_functions! {
    read(pointer = 0, length = 1);
    write(pointer = 0, length = 1);
    submit(pointer = 0, length = 1);
    log(level = 0, pointer = 1, length = 2);
    random(pointer = 0, length = 1);
}

unsafe extern "C" fn now(
    _: *mut c_void,
    _: *const WasmEdge_CallingFrameContext,
    _: *const WasmEdge_Value,
    returns: *mut WasmEdge_Value,
) -> WasmEdge_Result {
    // SAFETY: the declared type returns one value.
    unsafe { *returns = WasmEdge_ValueGenF64(hostcalls::now()) };
    WasmEdge_Result { Code: WasmEdge_ErrCode_Success }
}
