//! The functions that the guest imports, and the seat from which they reach the running entry.
//!
//! WasmEdge gives each host function the pointer that it was made with. That pointer is to the engine's [`Seat`], in
//! which a call of an export puts its [`HostCalls`] while it runs. So nothing is looked up by thread, and each engine
//! has a seat of its own.
#![allow(unsafe_code)]

use super::super::faults;
use super::name;
use daplet_abi::imports;
use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;
use wasmedge_sys::ffi::*;

/// Whether the guest may go on after a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Return to the guest.
    Continue,
    /// Unwind the guest.
    Stop,
}

/// What the guest's imports do, for one call of an export. A panic in one of them ends the call.
pub trait HostCalls {
    /// `read(ptr, len)`
    fn read(&mut self, pointer: u32, length: u32) -> Verdict;
    /// `write(ptr, len)`
    fn write(&mut self, pointer: u32, length: u32) -> Verdict;
    /// `submit(ptr, len)`
    fn submit(&mut self, pointer: u32, length: u32) -> Verdict;
    /// `log(level, ptr, len)`
    fn log(&mut self, level: u32, pointer: u32, length: u32) -> Verdict;
    /// `random(ptr, len)`
    fn random(&mut self, pointer: u32, length: u32) -> Verdict;
    /// `now()`: milliseconds since the Unix epoch. Must neither panic nor touch guest memory.
    fn now(&mut self) -> f64;
}

/// Where the running call's [`HostCalls`] are. Used by the engine's thread only.
#[derive(Default)]
pub(super) struct Seat(Cell<Option<NonNull<dyn HostCalls>>>);

impl Seat {
    /// Puts `calls` here while `body` runs, which may call an export.
    pub fn hold<T>(&self, calls: &mut (dyn HostCalls + 'static), body: impl FnOnce() -> T) -> T {
        let before = self.0.replace(Some(NonNull::from(calls)));
        let result = body();
        self.0.set(before);
        result
    }
}

type HostFunction = unsafe extern "C" fn(
    *mut c_void,
    *const WasmEdge_CallingFrameContext,
    *const WasmEdge_Value,
    *mut WasmEdge_Value,
) -> WasmEdge_Result;

/// Adds the guest's imports to `module`. They use `seat`, which must live as long as the module.
pub(super) fn add(module: *mut WasmEdge_ModuleInstanceContext, seat: &Rc<Seat>) {
    // SAFETY: the types and functions are plain values of the engine; each function is handed over to the module, and
    // its type is deleted here.
    unsafe {
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
            let data = Rc::as_ptr(seat).cast_mut().cast::<c_void>();
            let context = WasmEdge_FunctionInstanceCreate(kind, Some(body), data, 0);
            WasmEdge_FunctionTypeDelete(kind);
            WasmEdge_ModuleInstanceAddFunction(module, name(function), context);
        }
    }
}

/// Runs `body` on the running call's host calls; `None` where no call runs.
///
/// # Safety
/// `data` must point to the seat of the engine that calls.
unsafe fn seated<T>(data: *mut c_void, body: impl FnOnce(&mut dyn HostCalls) -> T) -> Option<T> {
    // SAFETY: as the caller promised; an engine outlives the calls that it makes.
    let seat = unsafe { &*data.cast::<Seat>() };
    // SAFETY: `Seat::hold` borrows them exclusively while the export runs, and a host function never enters the guest,
    // so this is the only use.
    seat.0.get().map(|mut calls| body(unsafe { calls.as_mut() }))
}

/// Runs a host function: no panic leaves it, and its faults are not taken for the guest's.
///
/// # Safety
/// As of [`seated`].
unsafe fn host(data: *mut c_void, body: impl FnOnce(&mut dyn HostCalls) -> Verdict) -> WasmEdge_Result {
    // SAFETY: as the caller promised.
    let run = || unsafe { seated(data, body) };
    match faults::in_host(|| catch_unwind(AssertUnwindSafe(run))) {
        Ok(Some(Verdict::Continue)) => WasmEdge_Result { Code: WasmEdge_ErrCode_Success },
        // Not `Terminated`: that counts as a success of the invocation.
        // SAFETY: plain function of values.
        _ => unsafe { WasmEdge_ResultGen(WasmEdge_ErrCategory_UserLevelError, 1) },
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
            data: *mut c_void,
            _: *const WasmEdge_CallingFrameContext,
            params: *const WasmEdge_Value,
            _: *mut WasmEdge_Value,
        ) -> WasmEdge_Result {
            // SAFETY: the declared type has that many parameters.
            $(let $parameter = unsafe { argument(params, $index) };)*
            // SAFETY: `add` made the function with a pointer to its engine's seat.
            unsafe { host(data, |calls| calls.$name($($parameter),*)) }
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
    data: *mut c_void,
    _: *const WasmEdge_CallingFrameContext,
    _: *const WasmEdge_Value,
    returns: *mut WasmEdge_Value,
) -> WasmEdge_Result {
    // SAFETY: `add` made the function with a pointer to its engine's seat; the declared type returns one value.
    unsafe { *returns = WasmEdge_ValueGenF64(seated(data, |calls| calls.now()).unwrap_or_default()) };
    WasmEdge_Result { Code: WasmEdge_ErrCode_Success }
}
