//! Which web pages may use management and Dapr's API. Neither has pages of its own, so by default none may: a browser's
//! request was caused by some page, and it comes from the developer's own machine.
//!
//! Clients other than browsers send neither `Origin` nor `Sec-Fetch-Site`, and pass all of these checks.
use super::authority::{Authority, Host, parse};
use crate::code::Code;
use crate::config::Origins;
use crate::http::ApiError;
use crate::http::status;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// How long a browser may cache the answer to a preflight, seconds.
const PREFLIGHT_AGE: &str = "600";

/// Whether the client identifies itself as a browser.
pub fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key(SITE)
}

/// Admits a request that no page caused, or that a page of `allowed` caused; returns that page's origin, which the answer
/// must name.
pub fn check(
    allowed: &Origins,
    headers: &HeaderMap,
    authority: Option<&Authority<'_>>,
) -> Result<Option<HeaderValue>, ApiError> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) if origin.to_str().is_ok_and(|origin| allowed.has(origin)) => {
            return Ok(Some(origin.clone()));
        }
        (Some(origin), None) if is_own(origin, authority) => {}
        (Some(origin), _) => return Err(refusal(&format!("its Origin is {origin:?}"))),
        (None, _) => {}
    }
    let Some(site) = headers.get(SITE) else { return Ok(None) };
    match site.as_bytes() {
        b"none" => Ok(None),
        // A function's page, answered under this server's own name: a browser's headers reveal it.
        b"same-origin" if headers.contains_key(MODE) || headers.contains_key(DEST) => {
            Err(refusal("it is a page of this origin, so a function's, since management and Dapr's API have none"))
        }
        b"same-origin" => Ok(None),
        _ => Err(refusal(&format!("its Sec-Fetch-Site is {site:?}"))),
    }
}

/// The origin of the address that was called.
fn is_own(origin: &HeaderValue, authority: Option<&Authority<'_>>) -> bool {
    let (Ok(origin), Some(authority)) = (origin.to_str(), authority) else { return false };
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let Ok(origin) = parse(rest) else { return false };
    let host = match (origin.host, authority.host) {
        (Host::Address(a), Host::Address(b)) => a == b,
        (Host::Name(a), Host::Name(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    };
    host && origin.port.unwrap_or(default) == authority.port.unwrap_or(default)
}

fn refusal(why: &str) -> ApiError {
    let detail = format!(
        "a web page caused this request ({why}), and none may here: list its origin in --cors-origins if it should, or use a client \
         that is no browser; a function has an origin of its own at http://NAME.localhost:PORT/"
    );
    ApiError::new(Code::ForeignOrigin, detail).with_setting("--cors-origins")
}

/// The answer to a browser that asks before it sends, for an origin that may.
pub fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    if *method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut response = status::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    );
    if let Some(wanted) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    if headers.contains_key("access-control-request-private-network") {
        answer.insert("access-control-allow-private-network", HeaderValue::from_static("true"));
    }
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_AGE));
    Some(response)
}

/// Allows the page to read the answer.
pub fn allow(origin: HeaderValue, answer: &mut HeaderMap) {
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    answer.append(header::VARY, HeaderValue::from_static("origin"));
    answer
        .entry(header::ACCESS_CONTROL_EXPOSE_HEADERS)
        .or_insert(HeaderValue::from_static("etag, location, retry-after, x-request-id"));
}
