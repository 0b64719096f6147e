//! Threads that enter the guest: lanes for short and long entries, their queue, the slots of each worker.
//!
//! Owns: [`front::Sandbox`], which puts jobs into the queue, and the threads that do them. Must not know: what an
//! operation means, what a reply says.
//!
//! # Layout
//! - [`front`]: the sandbox as others see it; [`config`] and [`start`]: how it begins; [`step`]: what it answers
//! - [`lane`] and [`queue`]: which worker does a job, and when; [`job`]: the jobs
//! - [`worker`]: a thread's engine and slots at work; [`resident`]: one that also drives invocations; [`slots`]: its
//!   instances; [`engines`]: what they run in
//! - [`shared`]: what the workers have in common
//! - [`bench`]: a slot driven by hand
pub mod bench;
pub mod config;
mod engines;
pub mod front;
pub mod job;
mod lane;
mod queue;
mod resident;
mod shared;
mod slots;
mod start;
pub mod step;
mod worker;
