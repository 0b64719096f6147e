//! What the guest stands on: the host's functions as safe Rust, the heap, the control words, bytes of the engine.
//!
//! The only module with `unsafe` code. Must not know: what the bytes mean.
#![allow(unsafe_code)]

mod bytes;
mod control;
#[cfg(not(target_arch = "wasm32"))]
mod double;
#[cfg(target_arch = "wasm32")]
mod heap;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod libc;

pub use bytes::{bytes_of, with_bytes};
#[cfg(target_arch = "wasm32")]
pub use control::address;
pub use control::{clear_control, interrupted, out_of_memory};
#[cfg(not(target_arch = "wasm32"))]
pub use double::*;
#[cfg(target_arch = "wasm32")]
pub use heap::{seal, set_heap_limit};
#[cfg(target_arch = "wasm32")]
pub use host::{log, now, random, read, submit, write};
