//! The functions that the host calls; see `daplet_abi::exports`. Below them are only the phases.
//!
//! Has no `unsafe` code; the attribute that gives a function its exported name counts as such.
#![allow(unsafe_code)]
use crate::{imports, phases};
use daplet_abi::Status;
use std::sync::atomic::AtomicU32;

/// The end of a phase after which a snapshot is taken.
fn sealed(status: Status) -> i32 {
    imports::seal();
    status as i32
}

#[unsafe(no_mangle)]
extern "C" fn init() -> i32 {
    sealed(phases::init())
}

#[unsafe(no_mangle)]
extern "C" fn load(len: usize) -> i32 {
    sealed(phases::load(len))
}

#[unsafe(no_mangle)]
extern "C" fn handle(kind: i32, len: usize) -> i32 {
    phases::handle(kind, len) as i32
}

#[unsafe(no_mangle)]
extern "C" fn resume(len: usize) -> i32 {
    phases::resume(len) as i32
}

#[unsafe(no_mangle)]
extern "C" fn control() -> *const AtomicU32 {
    imports::address()
}
