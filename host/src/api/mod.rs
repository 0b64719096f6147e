//! Management over HTTP.
//!
//! # Layout
//! - [`functions`]: upload, look, remove
//! - [`health`]: `/livez`, `/readyz`
//! - [`dapr`]: Dapr's own HTTP API over the embedded default
//! - [`error`]: the one table from failures to HTTP statuses
pub mod dapr;
pub mod error;
pub mod functions;
pub mod health;

pub use error::ApiError;
