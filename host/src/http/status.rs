//! Statuses of answers. What failed has the status of its code; the few others have a name here.
use crate::code::Code;
use axum::http::StatusCode;

/// It is done.
pub const OK: StatusCode = StatusCode::OK;
/// Something new exists.
pub const CREATED: StatusCode = StatusCode::CREATED;
/// It is done, and there is nothing to show.
pub const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;
/// The client has it already.
pub const NOT_MODIFIED: StatusCode = StatusCode::NOT_MODIFIED;
/// Asks a sidecar, which reads no body, to deliver again.
pub const AGAIN: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
/// Tells a caller that reads no body that there is no room now.
pub const BUSY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// The status of a code.
pub fn of(code: &Code) -> StatusCode {
    from_number(code.http())
}

/// The status of a number; 500 for one that HTTP does not have.
pub fn from_number(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The status of a function's answer, which is never informational; `None` for a number that is no such status.
pub fn of_function(number: u16) -> Option<StatusCode> {
    StatusCode::from_u16(number).ok().filter(|status| (200..600).contains(&status.as_u16()))
}
