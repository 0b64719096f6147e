//! A function's reply as an answer of HTTP.
use crate::body::Body as Sent;
use crate::code::Code;
use crate::http::ApiError;
use crate::http::status;
use crate::http::streamed::{self, Streamed};
use crate::http::wire::UnknownLength;
use crate::http::wire::{HOP_BY_HOP, REQUEST_ID, reason_of, value_of};
use crate::invoke::{HttpReply, InvokeError};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::ext::ReasonPhrase;

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

/// A function's reply with what HTTP asks of it: before it is a response, or goes to a caller in this process.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The reason phrase, if it is not the usual one.
    pub reason: Option<ReasonPhrase>,
    /// Headers that HTTP can carry and that are the function's to set.
    pub headers: HeaderMap,
    /// The body; empty where the method or the status has none.
    pub body: Sent,
    /// It answers HEAD, and must not claim a length.
    pub unknown_length: bool,
}

/// A function's reply as an answer; `head`: without the body.
pub fn answer(reply: HttpReply, head: bool, id: Option<HeaderValue>) -> Result<Answer, ApiError> {
    let refuse = |error: InvokeError| ApiError::of_invocation(&error, true);
    // The runtime lets nothing else through: only a guest that breaks the rules writes it.
    let status = status::of_function(reply.status);
    let Some(status) = status else {
        return Err(refuse(InvokeError::internal(format!("the guest answered with the status {}", reply.status))));
    };
    let size: usize = reply.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    if size > MAX_HEAD_BYTES {
        let detail = format!("the answer's headers take {size} bytes, of at most {MAX_HEAD_BYTES}");
        return Err(refuse(InvokeError { code: Code::ExceededResponse, ..InvokeError::internal(detail) }));
    }
    let length = reply.body.length();
    let bodyless = matches!(status.as_u16(), 204 | 304);
    let body = if head || bodyless { Sent::default() } else { reply.body };
    let mut claimed = None;
    let mut headers = HeaderMap::with_capacity(reply.headers.len() + 2);
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
    let mut unknown_length = false;
    if head && !bodyless {
        // The length that GET would have: the handler sets it, or its body shows it. A handler of HEAD that does neither
        // does not know it.
        match claimed.or(length.filter(|length| *length > 0)) {
            Some(length) => drop(headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length))),
            None => unknown_length = true,
        }
    }
    let body = match body {
        Sent::Stream(stream) => Sent::Stream(stream.with_length(claimed.or(length))),
        whole => whole,
    };
    Ok(Answer { status, reason: reason_of(&reply.status_text), headers, body, unknown_length })
}

/// The same as a response.
pub fn response(reply: HttpReply, head: bool, id: Option<HeaderValue>) -> Response {
    let Answer { status, reason, headers, body, unknown_length } = match answer(reply, head, id.clone()) {
        Ok(answer) => answer,
        Err(error) => {
            let mut response = error.into_response();
            response.headers_mut().extend(id.map(|id| (REQUEST_ID, id)));
            return response;
        }
    };
    let streams = matches!(body, Sent::Stream(_));
    let mut response = Response::new(streamed::body(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if let Some(reason) = reason {
        response.extensions_mut().insert(reason);
    }
    if unknown_length {
        response.extensions_mut().insert(UnknownLength);
    }
    if streams {
        response.extensions_mut().insert(Streamed);
    }
    response
}
