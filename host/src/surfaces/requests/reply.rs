//! A function's reply as an answer of HTTP.
use crate::http::ApiError;
use crate::http::wire::UnknownLength;
use crate::http::wire::{HOP_BY_HOP, REQUEST_ID, reason_of, value_of};
use crate::invoke::{HttpReply, InvokeError};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daplet_abi::reply::codes;

/// Headers that speak for a whole origin: a function must not set them where others share it.
pub const OF_THE_ORIGIN: [HeaderName; 5] = [
    HeaderName::from_static("service-worker-allowed"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("alt-svc"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("report-to"),
];

/// Largest headers of an answer, bytes: more than clients and proxies take.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// A function's reply as an answer; `head`: without the body.
pub fn response(reply: HttpReply, head: bool, id: Option<HeaderValue>) -> Response {
    // The runtime lets nothing else through: only a guest that breaks the rules writes it.
    let status = StatusCode::from_u16(reply.status).ok().filter(|status| (200..600).contains(&status.as_u16()));
    let refuse = |error: InvokeError| {
        let mut response = ApiError::of_invocation(&error, true).into_response();
        response.headers_mut().extend(id.clone().map(|id| (REQUEST_ID, id)));
        response
    };
    let Some(status) = status else {
        return refuse(InvokeError::internal(format!("the guest answered with the status {}", reply.status)));
    };
    let size: usize = reply.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    if size > MAX_HEAD_BYTES {
        let detail = format!("the answer's headers take {size} bytes, of at most {MAX_HEAD_BYTES}");
        return refuse(InvokeError { code: codes::EXCEEDED_RESPONSE.to_owned(), ..InvokeError::internal(detail) });
    }
    let length = reply.body.len();
    let bodyless = matches!(status.as_u16(), 204 | 304);
    let body = if head || bodyless { Body::empty() } else { Body::from(reply.body) };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(reason) = reason_of(&reply.status_text) {
        response.extensions_mut().insert(reason);
    }
    let mut claimed = None;
    let headers = response.headers_mut();
    headers.reserve(reply.headers.len() + 2);
    for (name, value) in reply.headers {
        let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value_of(&value)) else { continue };
        if name == header::CONTENT_LENGTH {
            claimed = value.to_str().ok().and_then(|length| length.parse::<u64>().ok());
        } else if !HOP_BY_HOP.contains(&name) {
            headers.append(name, value);
        }
    }
    if let Some(id) = id {
        headers.entry(REQUEST_ID).or_insert(id);
    }
    if head && !bodyless {
        // What GET would have: the handler knows it, or its body shows it. A handler of HEAD that says neither does not know.
        match claimed.or((length > 0).then_some(length as u64)) {
            Some(length) => drop(headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length))),
            None => drop(response.extensions_mut().insert(UnknownLength)),
        }
    }
    response
}
