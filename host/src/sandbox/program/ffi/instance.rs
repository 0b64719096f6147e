//! An instance of the guest: its memory and its exports.
#![allow(unsafe_code)]

use super::super::faults;
use super::engine::Engine;
use super::imports::HostCalls;
use super::{EngineError, broken, check, name};
use crate::sandbox::memory::guest::GuestMemory;
use daplet_abi::exports;
use std::ptr::{self, NonNull};
use std::rc::Rc;
use wasmedge_sys::ffi::*;

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
    /// A new instance: its own memory, not yet initialised.
    pub fn new(engine: &Rc<Engine>) -> Result<Instance, EngineError> {
        // SAFETY: the instance keeps the engine alive; functions and memory belong to the instance.
        unsafe {
            let mut context = ptr::null_mut();
            check(WasmEdge_ExecutorInstantiate(engine.executor, &mut context, engine.store, engine.module.ast()))?;
            let mut instance = Instance {
                context,
                functions: [ptr::null_mut(); 5],
                memory: GuestMemory::new(NonNull::dangling(), 0),
                engine: Rc::clone(engine),
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

    /// Its linear memory.
    pub fn memory(&self) -> GuestMemory {
        self.memory
    }

    /// Calls an export that returns one `i32`; `calls` serves the guest's imports meanwhile.
    pub fn call(
        &self,
        export: Export,
        arguments: &[i32],
        calls: &mut (dyn HostCalls + 'static),
    ) -> Result<i32, EngineError> {
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
            let invoke =
                || WasmEdge_ExecutorInvoke(executor, function, values.as_ptr(), count as u32, result.as_mut_ptr(), 1);
            check(self.engine.seat.hold(calls, || faults::in_guest(invoke)))?;
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
