//! What every HTTP side shares: management, requests of functions, Dapr's API, what a sidecar calls, the listener.
//!
//! Must not know: functions, blocks, invocations, routes.
//!
//! # Layout
//! - [`body`]: request bodies that are read whole, by size and memory
//! - [`flight`]: routes whose requests and answers take memory, whatever their handlers do
//! - [`incoming`]: bodies of requests to functions, which may stream
//! - [`pace`]: how fast a transfer is
//! - [`problem`]: failures as `application/problem+json`
//! - [`streamed`]: answers whose bodies stream
//! - [`timed`]: how long a body may take
//! - [`token`]: secrets that a client shows
//! - [`trust`]: what certainly comes from the sidecar
//! - [`whole`]: bodies read whole, or refused with a problem
//! - [`wire`]: header pairs, request ids, trace context
pub mod body;
pub mod flight;
pub mod incoming;
pub mod pace;
pub mod problem;
pub mod status;
pub mod streamed;
pub mod timed;
pub mod token;
pub mod trust;
pub mod whole;
pub mod wire;

pub use problem::ApiError;
