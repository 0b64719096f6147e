//! What the sandbox asks of the kernel and the C library for the whole process.
//!
//! Must not know: guests.
pub mod descriptors;
pub mod heap;
