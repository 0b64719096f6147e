//! HTTP on the wire: header pairs, request ids, trace context. Every HTTP side shares it.
use super::trust::{caller, is_believed};
use crate::origin::{self, Origin};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use hyper::ext::ReasonPhrase;
use std::sync::Arc;

/// Names the invocation in logs, answers and follow-up calls.
pub const REQUEST_ID: HeaderName = HeaderName::from_static(origin::REQUEST_ID);
/// W3C trace context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static(origin::TRACEPARENT);
/// What tracing systems add to the trace context.
pub const TRACESTATE: HeaderName = HeaderName::from_static(origin::TRACESTATE);
/// How many functions called each other on the way here; ends endless chains.
pub const DEPTH: HeaderName = HeaderName::from_static(origin::DEPTH);

/// Where a request comes from, by its headers; who says more than a trace must be believed.
pub fn origin(headers: &HeaderMap, extensions: &Extensions) -> Origin {
    let field = fields(headers);
    let origin = if is_believed(extensions) { Origin::from_believed(field) } else { Origin::from_fields(field) };
    Origin { caller: caller(headers, extensions).map(Arc::from), ..origin }
}

/// Headers by their names, for [`Origin::from_fields`]. With two of `traceparent` none is certain, so there is none.
pub fn fields<'a>(headers: &'a HeaderMap) -> impl Fn(&'static str) -> Option<&'a str> {
    move |name| {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?;
        let certain = name != origin::TRACEPARENT || values.next().is_none();
        certain.then(|| value.to_str().ok()).flatten()
    }
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

/// Marks an answer to HEAD that must not state a length.
#[derive(Clone, Copy, Debug)]
pub struct UnknownLength;

/// The path at which a function is mounted; proxies use the same header.
pub const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// Header pairs in order, without those of one connection. Values are bytes, and JavaScript represents them with one
/// character a byte.
pub fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    pairs_without(headers, |_| false)
}

/// The same without the headers that `skip` names. Lines of cookies become one (RFC 6265 §5.4, RFC 9113 §8.2.3).
pub fn pairs_without(headers: &HeaderMap, skip: impl Fn(&HeaderName) -> bool) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(headers.len() + 1);
    let mut cookie = None;
    for (name, value) in headers {
        if HOP_BY_HOP.contains(name) || *name == DEPTH || skip(name) {
            continue;
        }
        let value = latin1(value.as_bytes());
        if *name == header::COOKIE {
            if let Some(at) = cookie {
                let (_, all): &mut (String, String) = &mut pairs[at];
                *all = format!("{all}; {value}");
                continue;
            }
            cookie = Some(pairs.len());
        }
        pairs.push((name.as_str().to_owned(), value));
    }
    pairs
}

/// Bytes as text, one character a byte.
pub fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// The bytes of such a text; a character beyond a byte becomes a question mark.
pub fn bytes_of(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// The value of a header from such a text; nothing where HTTP cannot carry it.
pub fn value_of(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_bytes(&bytes_of(text)).ok()
}

/// The reason phrase from such a text; `None` if it is empty, or HTTP cannot carry it.
pub fn reason_of(text: &str) -> Option<ReasonPhrase> {
    if text.is_empty() { None } else { ReasonPhrase::try_from(bytes_of(text)).ok() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn two_traces_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, HeaderValue::from_static("a"));
        assert_eq!(fields(&headers)(origin::TRACEPARENT), Some("a"));
        for name in [TRACEPARENT, REQUEST_ID, REQUEST_ID] {
            headers.append(name, HeaderValue::from_static("b"));
        }
        assert_eq!(
            [origin::TRACEPARENT, origin::REQUEST_ID, origin::DEPTH].map(fields(&headers)),
            [None, Some("b"), None]
        );
    }

    #[test]
    fn cookies_are_one_line_and_bytes_are_characters() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("cookie", "a=1"), ("x-a", "1"), ("cookie", "b=\u{e9}"), ("x-a", "2"), ("te", "trailers")]
        {
            headers.append(name, value_of(value).unwrap());
        }
        let expected = [("cookie", "a=1; b=\u{e9}"), ("x-a", "1"), ("x-a", "2")];
        assert_eq!(pairs(&headers), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(bytes_of("caf\u{e9}\u{20ac}"), b"caf\xe9?");
        assert!(value_of("a\nb").is_none() && reason_of("").is_none());
    }
}
