//! Management over HTTP: what the operator of a host calls.
//!
//! # Layout
//! - [`functions`]: upload, look, remove
//! - [`actors`]: which function owns the actors of a type
//! - [`configuration`]: items that functions read, written by the operator
//! - [`health`]: `/livez`, `/readyz`
//! - [`metrics`]: the page `/metrics`
mod actors;
pub mod configuration;
pub mod functions;
pub mod health;
pub mod metrics;
