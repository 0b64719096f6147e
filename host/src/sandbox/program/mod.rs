//! The guest as a program: compiled ahead of time, loaded into WasmEdge, with the image that its instances start from.
//!
//! Owns: the cache of compiled guests, the engine's interface, the signal handlers that its traps need. Must not know: invocations,
//! queues, what a host call does.
pub mod aot;
pub mod ffi;
pub mod signals;
pub mod stored;
