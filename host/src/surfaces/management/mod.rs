//! Management over HTTP: what the operator of a host calls.
//!
//! # Layout
//! - [`functions`]: list, describe, read and remove functions
//! - [`upload`]: upload a function, in one of the forms of [`form`]
//! - [`actors`]: which function owns the actors of a type
//! - [`context`], [`describe`], [`entity`]: what these share
//! - [`configuration`]: items that functions read, written by the operator
//! - [`health`]: `/livez`, `/readyz`
//! - [`metrics`]: the page `/metrics`
mod actors;
pub mod configuration;
pub mod context;
mod describe;
mod entity;
pub mod form;
pub mod functions;
pub mod health;
pub mod metrics;
mod upload;
