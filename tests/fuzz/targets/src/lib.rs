//! Fuzz targets: each takes bytes that an enemy chose, gives them to the host's own code, and panics where a promise is
//! broken. A fuzzer and the plain replay of kept inputs (`tests/replay.rs`) call the same functions.
//!
//! Inputs are text where the host reads text, so that a kept one can be read and written by hand.
#![allow(clippy::unwrap_used, reason = "a broken promise says where")]

mod backend;
mod cloudevent;
mod config;
mod dapr_request;
mod frame;
mod operation;
mod resources;
mod upload;

pub use cloudevent::cloudevent;
pub use config::config;
pub use dapr_request::dapr_request;
pub use frame::frame;
pub use operation::operation;
pub use resources::resources;
pub use upload::upload;

/// A target: panics where a promise is broken, ends the process where memory or the stack does not suffice.
pub type Target = fn(&[u8]);

/// Every target by the name of its folders.
pub const ALL: &[(&str, Target)] = &[
    ("cloudevent", cloudevent),
    ("config", config),
    ("dapr_request", dapr_request),
    ("frame", frame),
    ("operation", operation),
    ("resources", resources),
    ("upload", upload),
];

/// The first line, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[]),
    }
}
