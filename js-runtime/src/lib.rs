//! The Daplet guest: QuickJS with the Web APIs and the SDK, driven by the host through the exports of `daplet_abi`.
//!
//! Owns: one engine, the event loop, dispatch from events to a developer's handler. Must not know: what an operation does.
//!
//! # Layout
//! - [`host`]: imports, exports, allocator; the only `unsafe`. A scripted double stands in for the host in native tests.
//! - [`guest`]: the phases init, load, handle, resume
//! - [`engine`]: runtime limits, evaluating modules, draining the job queue
//! - [`modules`]: what a developer may import
//! - [`natives`]: the functions that the runtime's own JavaScript calls
//! - [`error`]: whatever was thrown, as data
//! - [`web`]: the Web APIs, one folder each
//! - `dispatch.js`: finding the handler, calling it, turning what it returns into a reply
//! - `declarations.js`: what a module says beside its handlers, such as its subscriptions
#![deny(unsafe_code)]

pub mod engine;
pub mod error;
pub mod guest;
pub mod host;
pub mod modules;
pub mod natives;
pub mod web;
