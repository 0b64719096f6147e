//! Hosts in the test's own process: no start of a program, no second copy of the engine's code, and many at once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

pub mod server;
