//! Versions of functions as entity tags, and what a client asks of them (RFC 9110 §8.8.3, §13.1).
use crate::functions::{Function, Precondition, Versions};
use crate::http::status;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// The version as an entity tag.
pub fn etag(function: &Function) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", function.record.version)).unwrap_or(HeaderValue::from_static("\"\""))
}

/// A list of entity tags (RFC 9110 §8.8.3).
fn versions(list: &HeaderValue) -> Versions {
    let list = list.to_str().unwrap_or_default();
    if list.trim() == "*" {
        return Versions::Any;
    }
    let tag = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    Versions::OneOf(list.split(',').map(tag).collect())
}

/// What `If-Match` and `If-None-Match` ask for.
pub fn precondition(headers: &HeaderMap) -> Precondition {
    Precondition {
        matches: headers.get(header::IF_MATCH).map(versions),
        matches_none: headers.get(header::IF_NONE_MATCH).map(versions),
    }
}

/// An answer with the function's version as its ETag; 304 where the client has that version already.
pub fn tagged<T: IntoResponse>(headers: &HeaderMap, function: &Function, whole: impl FnOnce() -> T) -> Response {
    let tag = [(header::ETAG, etag(function))];
    let known = headers.get(header::IF_NONE_MATCH).map(versions);
    match known.is_some_and(|known| known.have(Some(&function.record.version))) {
        true => (status::NOT_MODIFIED, tag).into_response(),
        false => (tag, whole()).into_response(),
    }
}
