//! What follows a redirect (Fetch Standard §4.5, HTTP-redirect fetch).
//!
//! Owns: the next request. Must not know: how a request is sent, where it may go.
use super::Request;
use super::failure::Failure;
use crate::blocks::hosts::host_of;
use hyper::Method;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION,
};

/// Redirects that one fetch follows.
pub const MOST: usize = 20;

/// Whether a response with this status and these headers is a redirect. One without a location is a response as any other.
pub fn is_redirect(status: u16, headers: &HeaderMap) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308) && headers.contains_key(LOCATION)
}

/// The request that a redirect leads to.
pub fn follow(mut request: Request, status: u16, headers: &HeaderMap) -> Result<Request, Failure> {
    // Not the URLs: a service may have put into a location what it was sent.
    let host = host_of(&request.url).unwrap_or_default().to_owned();
    let refused = |what: &str| Failure::Redirect(format!("{host} redirects to {what}"));
    // Bytes beyond ASCII are read as UTF-8, as browsers do.
    let location = headers.get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let mut next = location
        .and_then(|location| request.url.join(location).ok())
        .ok_or_else(|| refused("a location that is not a URL"))?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(refused(&format!("the scheme {:?}, which is not followed", next.scheme())));
    }
    if !next.username().is_empty() || next.password().is_some() {
        return Err(refused("a URL with credentials, which is not followed"));
    }
    if next.fragment().is_none() {
        next.set_fragment(request.url.fragment());
    }
    let becomes_get = match status {
        301 | 302 => request.method == Method::POST,
        303 => request.method != Method::GET && request.method != Method::HEAD,
        _ => false,
    };
    if becomes_get {
        (request.method, request.body) = (Method::GET, Default::default());
        for name in [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE] {
            request.headers.remove(name);
        }
    }
    if next.origin() != request.url.origin() {
        [AUTHORIZATION, COOKIE].iter().for_each(|name| drop(request.headers.remove(name)));
    }
    request.url = next;
    Ok(request)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::blocks::fetch::Mode;
    use bytes::Bytes;

    fn next(method: &str, status: u16, location: &[u8]) -> Result<Request, String> {
        let mut headers = HeaderMap::new();
        for name in [AUTHORIZATION, COOKIE, CONTENT_TYPE] {
            headers.insert(name, "x".parse().unwrap());
        }
        let url = "https://a.example/folder/page?q#part".parse().unwrap();
        let (method, body) = (method.parse().unwrap(), Bytes::from_static(b"body"));
        let request = Request { method, url, headers, body, redirect: Mode::Follow, own: None };
        let location = HeaderMap::from_iter([(LOCATION, location.try_into().unwrap())]);
        assert!(is_redirect(status, &location) && !is_redirect(status, &HeaderMap::new()));
        follow(request, status, &location).map_err(|e| e.code().word().to_owned())
    }

    #[test]
    fn methods_bodies_and_credentials_follow_the_standard() {
        for (method, status, sent) in [
            ("POST", 301, "GET"),
            ("POST", 302, "GET"),
            ("PUT", 301, "PUT"),
            ("PUT", 303, "GET"),
            ("HEAD", 303, "HEAD"),
            ("POST", 307, "POST"),
            ("DELETE", 308, "DELETE"),
        ] {
            let request = next(method, status, b"other").unwrap();
            assert_eq!(request.method, sent, "{method} {status}");
            assert_eq!(request.body.is_empty(), sent != method, "{method} {status}");
            assert_eq!(request.headers.contains_key(CONTENT_TYPE), sent == method, "{method} {status}");
            assert!(request.headers.contains_key(AUTHORIZATION) && request.headers.contains_key(COOKIE));
        }
        for elsewhere in ["https://b.example/", "http://a.example/", "https://a.example:444/", "//b.example/x"] {
            let request = next("GET", 307, elsewhere.as_bytes()).unwrap();
            assert!(
                !request.headers.contains_key(AUTHORIZATION) && !request.headers.contains_key(COOKIE),
                "{elsewhere}"
            );
        }
    }

    #[test]
    fn locations_are_read_as_browsers_read_them() {
        for (location, expected) in [
            ("x", "https://a.example/folder/x#part"),
            ("/x#y", "https://a.example/x#y"),
            ("?a", "https://a.example/folder/page?a#part"),
            ("https://a.example:443/", "https://a.example/#part"),
            ("/\u{e9}", "https://a.example/%C3%A9#part"),
        ] {
            assert_eq!(next("GET", 302, location.as_bytes()).unwrap().url.as_str(), expected, "{location}");
        }
        for location in ["ftp://a.example", "data:,x", "http://", "https://me:pw@a.example/", "file:///etc/passwd"] {
            assert_eq!(next("GET", 302, location.as_bytes()).err().as_deref(), Some("BAD_REDIRECT"), "{location}");
        }
        assert_eq!(next("GET", 302, b"/\xff").err().as_deref(), Some("BAD_REDIRECT"));
    }
}
