//! What the sandbox asks of the kernel and the C library beside guest memory.
//!
//! Owns: stacks, priorities and clocks of threads, the allocator's settings, inherited descriptors. Must not know:
//! guests.
pub mod descriptors;
pub mod heap;
pub mod thread;
