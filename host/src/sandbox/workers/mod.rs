//! Threads that enter the guest: lanes for short and long entries, their queue, the slots of each worker.
//!
//! Owns: the sandbox's front, which puts jobs into the queue. Must not know: what an operation means, what a reply says.
pub mod bench;
pub mod lane;
pub mod pool;
pub mod queue;
pub mod resident;
pub mod slots;
pub mod worker;
