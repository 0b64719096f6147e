//! The Daplet guest: QuickJS with the Web APIs and the SDK, driven by the host through the exports of `daplet_abi`.
//!
//! Owns: one engine, the event loop, dispatch from events to a developer's handler. Must not know: what an operation does.
//!
//! # Layout, from the top
//! - `exports`: the functions that the host calls
//! - [`phases`]: init, load, handle, resume
//! - [`engine`]: runtime limits, evaluating modules, draining the job queue
//! - [`modules`]: what a developer may import, and the runtime's own modules
//! - [`natives`]: the functions that the runtime's own JavaScript calls
//! - [`error`]: whatever was thrown, as data
//! - [`web`]: what the Web APIs need of Rust
//! - [`imports`]: the host's functions, the heap, the control words; the only `unsafe`. A scripted double stands in for the host in
//!   native tests.
//! - `js/`: the runtime's own TypeScript: dispatch, operations, what a module declares. `js/main.ts` is the entry.
//! - `web/`: the Web APIs, one folder each
#![deny(unsafe_code)]

pub mod engine;
pub mod error;
#[cfg(target_arch = "wasm32")]
mod exports;
pub mod imports;
pub mod modules;
pub mod natives;
pub mod phases;
pub mod web;
