//! A request's body, read whole or refused with a problem that names it.
use super::ApiError;
use super::body::{Unread, gather};
use super::timed::Slow;
use crate::budget::Purse;
use axum::body::{Body, Bytes};

/// Reads a body to its end; `what` and `setting` name it in the refusal if it is larger than `limit`. As with
/// [`gather`], the bytes hold a share of `memory`.
pub async fn read(
    body: Body,
    limit: usize,
    what: &str,
    setting: &'static str,
    memory: &Purse,
) -> Result<Bytes, ApiError> {
    gather(body, limit, memory).await.map_err(|unread| refuse(unread, what, limit, setting))
}

/// The answer to a body that was not read.
pub fn refuse(unread: Unread, what: &str, limit: usize, setting: &str) -> ApiError {
    match unread {
        Unread::TooLarge => ApiError::too_large(what, limit, setting),
        Unread::NoMemory(e) => ApiError::no_memory(&e),
        Unread::Slow(Slow::Late(within)) => ApiError::too_slow(what, within, "body_ms"),
        Unread::Slow(Slow::Pace(rate)) => ApiError::too_slow_pace(what, rate),
        Unread::Broken(reason) => ApiError::bad_request(format!("{what} could not be read: {reason}")),
    }
}
