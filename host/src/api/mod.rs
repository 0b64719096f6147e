//! Dapr's own APIs over the embedded default.
//!
//! # Layout
//! - [`dapr`]: by HTTP
//! - [`grpc`]: by gRPC
pub mod dapr;
pub mod grpc;

pub use crate::http::{ApiError, body, flight, wire};
/// What Dapr's API says of an answer's length.
pub mod site {
    pub use crate::http::wire::UnknownLength;
}
