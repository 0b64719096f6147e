//! One entry into an instance: the host calls that the guest makes, what it emits, its CPU limit.
//!
//! Owns: slots, the collected output, the watchdog. Must not know: queues, which worker serves whom.
pub mod hostcalls;
pub mod slot;
pub mod watchdog;
