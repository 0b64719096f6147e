//! Management over HTTP.
//!
//! # Layout
//! - [`functions`]: upload, look, remove
//! - [`health`]: `/livez`, `/readyz`
//! - [`error`]: the one table from failures to HTTP statuses
pub mod error;
pub mod functions;
pub mod health;

pub use error::ApiError;
