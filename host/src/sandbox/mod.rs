//! The sandbox: WasmEdge instances on threads of their own, entered once for each event and each completion.
//!
//! Owns: the engine, its instances, their memory, the threads that enter them, the CPU limit. The only module that
//! names WasmEdge. Must not know: HTTP, Dapr, what an operation means, what a reply says.
//!
//! A step is one entry into the guest: `handle` or `resume`. Between steps an invocation holds no thread: its private
//! pages stay in an instance for a moment, or are copied out of it. The caller (`invoke`) starts the submitted
//! operations and comes back with completions.
//!
//! # Layout
//! Four rooms, each of which imports only from those above it, and what they share:
//! - [`memory`]: an instance's memory is made a snapshot again after each entry
//! - [`program`]: the compiled guest in the engine, its base image, and snapshots of functions over that
//! - [`entry`]: one entry into an instance: host calls, output, CPU limit
//! - [`workers`]: threads, lanes, the queue, and [`Sandbox`], which puts jobs into it
//! - [`system`]: threads, descriptors and the heap, as the kernel and the C library have them
mod entry;
mod error;
mod memory;
mod metrics;
mod program;
mod system;
mod workers;

pub use entry::output::LogLine;
pub use entry::parked::Parked;
pub use error::{SandboxError, Trap};
pub use metrics::{Metrics, QueueLine};
pub use program::Program;
pub use program::aot::Progress;
pub use program::cost::LONG_US;
pub use program::snapshot::Snapshot;
pub use system::descriptors::close_descriptors_from;
pub use system::heap;
pub use system::thread::lower_priority;
#[doc(hidden)]
pub use workers::bench;
pub use workers::config::SandboxConfig;
pub use workers::front::Sandbox;
pub use workers::job::Task;
pub use workers::step::{Load, LoadOutcome, Outcome, Step};
