//! Surfaces: where the outside meets functions. An outside event becomes an event of a function, its reply becomes the outside answer.
//!
//! # Layout
//! - [`requests`]: HTTP requests, and service invocation
//! - [`topics`], [`jobs`], [`bindings`], [`configuration`], [`actors`]: events of the building blocks
//! - [`management`]: uploads, configuration items, health
//! - [`failures`]: the table from failures to HTTP problems
//! - [`scheduler`] runs jobs and reminders when they are due; [`places`] bounds what runs at once
pub mod actors;
pub mod bindings;
pub mod configuration;
pub mod failures;
pub mod jobs;
pub mod management;
pub mod places;
pub mod requests;
pub mod scheduler;
pub mod topics;

use crate::origin::Origin;
use daplet_abi::event::PlainEvent;

/// The head of an event whose handler is given one value.
fn plain(origin: &Origin, attempt: u32) -> PlainEvent {
    let traceparent = Some(origin.traceparent.to_string());
    PlainEvent { request_id: origin.request_id.to_string(), traceparent, attempt }
}
