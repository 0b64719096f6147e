//! One entry into an instance: the host calls that the guest makes, what it emits, its CPU limit.
//!
//! Owns: slots, the output of an entry, the watchdog. Must not know: queues, which worker serves which invocation.
//!
//! # Layout
//! - [`slot`]: an instance bound to a snapshot, entered once
//! - [`calls`]: the host functions during that entry; [`output`]: what they collect
//! - [`watchdog`]: the thread that ends entries; [`guard`]: what it shares with a worker
//! - [`parked`]: an invocation between two entries
pub mod calls;
pub mod guard;
pub mod output;
pub mod parked;
pub mod slot;
pub mod watchdog;
