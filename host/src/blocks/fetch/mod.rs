//! Fetch: requests of functions to the world outside, by the Fetch standard where a server can keep it.
//!
//! Owns: what a request is, and when it can be sent. Must not know: connections, DNS, TLS.
//!
//! # Layout
//! - [`policy`]: where a function may fetch from; [`address`]: which addresses are public
//! - [`resolve`], [`connect`]: from a host's name to a connection; the address that is checked is the one connected to
//! - [`tls`]: whom a fetch believes
//! - [`client`]: one exchange after the other, over the connections of one function; [`redirect`] what follows a redirect
//! - [`body`]: a response's body, part by part, decoded
//! - [`credentials`]: secrets that it carries and the function never holds
//! - [`failure`]: why a fetch failed
//! - [`guest`]: the verb of functions
pub mod address;
pub mod body;
pub mod client;
pub mod connect;
pub mod credentials;
pub mod failure;
pub mod guest;
pub mod policy;
pub mod redirect;
pub mod resolve;
pub mod tls;

#[cfg(test)]
mod servers;

use crate::headers::is_reserved;
use bytes::Bytes;
use failure::Failure;
use hyper::Method;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, RANGE, USER_AGENT};
use reqwest::Url;
use serde::Deserialize;

/// Largest headers of a request together, bytes: more than servers take.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// The content codings that are decoded.
const CODINGS: HeaderValue = HeaderValue::from_static("gzip, br, zstd, deflate");
const AGENT: HeaderValue = HeaderValue::from_static("daplet");

/// What becomes of a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is followed.
    #[default]
    Follow,
    /// It is the response.
    Manual,
    /// It is a failure.
    Error,
}

/// `fetch.send` as a function submits it.
#[derive(Debug, Deserialize)]
pub struct Arguments {
    #[serde(default = "get")]
    method: String,
    url: String,
    /// Values are one character a byte.
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    redirect: Mode,
    /// The origin under which the function was called.
    #[serde(default)]
    own: Option<String>,
    /// A number of the function's for `fetch.abort`.
    #[serde(default)]
    pub fetch: Option<u32>,
}

fn get() -> String {
    "GET".to_owned()
}

/// A request that HTTP can carry.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub redirect: Mode,
    /// The origin of the app itself.
    pub own: Option<String>,
}

impl Arguments {
    /// Checks what was submitted. Headers that only the host sets are left out.
    pub fn request(self, body: Bytes) -> Result<Request, Failure> {
        let url = Url::parse(&self.url).map_err(|e| Failure::Invalid(format!("the URL {:?}: {e}", self.url)))?;
        let (method, headers) = (method(&self.method, &body)?, headers(&self.headers)?);
        check_url(&url)?;
        Ok(Request { method, url, headers, body, redirect: self.redirect, own: self.own })
    }
}

/// Refuses what is not fetched: other schemes, and credentials, which would go into logs.
pub fn check_url(url: &Url) -> Result<(), Failure> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Failure::Invalid(format!("the scheme {:?} is not fetched, only http and https", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::Invalid("a request's URL cannot include credentials".to_owned()));
    }
    Ok(())
}

/// What the standard forbids (Fetch §2.2.1, §5.3) is refused here too: a function can submit operations without its `Request`.
fn method(name: &str, body: &[u8]) -> Result<Method, Failure> {
    let is = |names: &[&str]| names.iter().any(|own| name.eq_ignore_ascii_case(own));
    if is(&["CONNECT", "TRACE", "TRACK"]) {
        return Err(Failure::Invalid(format!("the method {name} cannot be used")));
    }
    if is(&["GET", "HEAD"]) && !body.is_empty() {
        return Err(Failure::Invalid(format!("{name} cannot have a body")));
    }
    Method::from_bytes(name.as_bytes()).map_err(|_| Failure::Invalid(format!("{name:?} is not an HTTP method")))
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, Failure> {
    let size: usize = pairs.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    if size > MAX_HEAD_BYTES {
        return Err(Failure::Invalid(format!("the headers take {size} bytes, of at most {MAX_HEAD_BYTES}")));
    }
    let mut headers = HeaderMap::with_capacity(pairs.len() + 5);
    for (name, value) in pairs.iter().filter(|(name, _)| !is_reserved(name)) {
        let invalid = || Failure::Invalid(format!("the header {name:?} or its value is not one that HTTP has"));
        let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let value = bytes.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()).ok_or_else(invalid)?;
        headers.append(HeaderName::try_from(name).map_err(|_| invalid())?, value);
    }
    if headers.contains_key(RANGE) {
        // A part of a coded body cannot be decoded.
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    }
    for (name, value) in [(ACCEPT, HeaderValue::from_static("*/*")), (ACCEPT_ENCODING, CODINGS), (USER_AGENT, AGENT)] {
        headers.entry(name).or_insert(value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn request(arguments: serde_json::Value, body: &'static str) -> Result<Request, String> {
        let arguments: Arguments = serde_json::from_value(arguments).unwrap();
        arguments.request(Bytes::from(body)).map_err(|e| e.to_string())
    }

    #[test]
    fn what_the_standard_forbids_is_refused_and_the_host_s_headers_are_its_own() {
        let url = "http://example.com/";
        for (arguments, body, word) in [
            (json!({"url": "/x"}), "", "the URL"),
            (json!({"url": "file:///etc/passwd"}), "", "scheme"),
            (json!({"url": "ftp://example.com"}), "", "scheme"),
            (json!({"url": "http://me:pw@example.com"}), "", "credentials"),
            (json!({"url": url, "method": "trace"}), "", "cannot be used"),
            (json!({"url": url, "method": "CONNECT"}), "", "cannot be used"),
            (json!({"url": url, "method": "A B"}), "", "not an HTTP method"),
            (json!({"url": url, "method": "GET"}), "x", "cannot have a body"),
            (json!({"url": url, "headers": [["a", "b\nc: d"]]}), "", "the header"),
            (json!({"url": url, "headers": [["a", "\u{20ac}"]]}), "", "the header"),
            (json!({"url": url, "headers": [["a b", "c"]]}), "", "the header"),
            (json!({"url": url, "headers": [["a", "b".repeat(65_600)]]}), "", "65536"),
        ] {
            let refused = request(arguments.clone(), body);
            assert!(refused.as_ref().is_err_and(|e| e.contains(word)), "{arguments}: {refused:?}");
        }
        let headers = json!([
            ["Host", "evil"],
            ["Content_Length", "3"],
            ["Proxy-Authorization", "x"],
            ["X-A", "caf\u{e9}"],
            ["accept", "a"]
        ]);
        let made = request(json!({"url": url, "method": "POST", "headers": headers}), "x").unwrap();
        let names: Vec<&str> = made.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-a", "accept", "accept-encoding", "user-agent"]);
        assert_eq!(made.headers["x-a"].as_bytes(), b"caf\xe9");
    }
}
