//! HTTP as it stands on the wire: header pairs, request ids, trace context. What triggers and Dapr's API share.
use axum::http::{HeaderMap, HeaderName, header};
use std::sync::Arc;

/// Names the invocation in logs, answers and follow-up calls.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// W3C trace context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What tracing systems add to the trace context.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// How many functions called each other on the way here; ends endless chains.
pub const DEPTH: HeaderName = HeaderName::from_static(crate::capabilities::invoke::DEPTH);

/// A new root of a trace, not sampled.
pub fn new_traceparent() -> Arc<str> {
    let (trace, span) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    format!("00-{}-{:016x}-00", trace.simple(), span.as_u64_pair().0 | 1).into()
}

/// Headers that speak of one connection (RFC 9110 §7.6.1); they end here.
pub const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Header pairs in order. Values are bytes, and JavaScript has them as such: one character a byte.
pub fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(name) && *name != DEPTH);
    kept.map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes()))).collect()
}

fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}
