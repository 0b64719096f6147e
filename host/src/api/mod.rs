//! Management over HTTP.
//!
//! # Layout
//! - [`functions`]: upload, look, remove
//! - [`actors`]: whose the actors of a type are
//! - [`configuration`]: what functions read, written by the operator
//! - [`health`]: `/livez`, `/readyz`
//! - [`dapr`]: Dapr's own HTTP API over the embedded default
//! - [`body`]: request bodies, by size, time, pace and memory
//! - [`flight`]: routes whose requests and answers take memory, whatever their handlers do
//! - [`pace`]: how fast a transfer is
//! - [`grpc`]: the same over gRPC
//! - [`error`]: the one table from failures to HTTP statuses
//! - [`site`]: which names an address answers to, and which pages and tokens it lets in
//! - [`trust`]: what comes from the sidecar for certain
//! - [`wire`]: header pairs, request ids, trace context
mod actors;
pub mod body;
pub mod configuration;
pub mod dapr;
pub mod error;
pub mod flight;
pub mod functions;
pub mod grpc;
pub mod health;
pub mod pace;
pub mod site;
pub mod trust;
pub mod wire;

pub use error::ApiError;
