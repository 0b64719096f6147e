//! One call of the sidecar's HTTP API: its parts, and the connections that it uses.
//!
//! Paths and queries are sent as they are written here: a client that resolves `..` would let a topic or path chosen by
//! a function reach another part of the API. Must not know: what a call means.
use super::{CONNECT_TIMEOUT, DaprError};
use crate::allowance::Allowance;
use bytes::{Bytes, BytesMut};
use daplet_abi::op::codes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri, http};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use std::sync::Arc;
use thread_local::ThreadLocal;

/// A client of one thread, with its open connections.
type Connections = Client<HttpConnector, Full<Bytes>>;

/// An answer of the sidecar.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Its reason phrase, one character a byte; empty if it is the usual one.
    pub reason: String,
    /// Headers; values that are not text are left out when read.
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// One header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All headers as pairs, one character a byte.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let text = |value: &HeaderValue| characters(value.as_bytes());
        self.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
    }
}

/// A call before it is sent.
#[derive(Debug)]
pub struct Call {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
    /// The first part that HTTP cannot carry.
    fault: Option<String>,
    /// What the answer may take.
    allowance: Allowance,
}

impl Call {
    /// `path` is encoded already, by [`segment`] and the like.
    pub fn new(method: Method, path: String) -> Call {
        let (headers, allowance) = (HeaderMap::with_capacity(8), Allowance::default());
        Call { method, target: path, headers, body: Bytes::new(), fault: None, allowance }
    }

    /// Bounds the answer.
    pub fn allowance(mut self, allowance: Allowance) -> Call {
        self.allowance = allowance;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Call {
        match (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_ref())) {
            (Ok(name), Ok(value)) => drop(self.headers.append(name, value)),
            _ => {
                self.fault.get_or_insert_with(|| format!("the header {name:?} or its value is not one that HTTP has"));
            }
        }
        self
    }

    /// Adds pairs to the query.
    pub fn query(mut self, pairs: &[(impl AsRef<str>, impl AsRef<str>)]) -> Call {
        for (name, value) in pairs {
            self.target.push(if self.target.contains('?') { '&' } else { '?' });
            self.target.extend([&*segment(name.as_ref()), "=", &*segment(value.as_ref())]);
        }
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Call {
        self.body = body.into();
        self
    }
}

/// The connections to one sidecar.
///
/// Each thread has its own: the runtime that opened a connection serves it, so a call over another thread's would have
/// to wake that thread, and be woken by it.
#[derive(Clone)]
pub struct Http {
    clients: Arc<ThreadLocal<Connections>>,
    scheme: http::uri::Scheme,
    authority: http::uri::Authority,
    prefix: String,
}

impl Http {
    /// Connections to the API at `base`, such as `http://127.0.0.1:3500`.
    pub fn new(base: &str) -> Result<Http, DaprError> {
        let invalid = |reason: String| DaprError::Unavailable { reason: format!("{base}: {reason}") };
        let parts = Uri::try_from(base).map_err(|e| invalid(e.to_string()))?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid("it is not an http:// URL".to_owned()));
        };
        let prefix = parts.path_and_query.map_or_else(String::new, |path| path.path().trim_end_matches('/').to_owned());
        Ok(Http { clients: Arc::default(), scheme, authority, prefix })
    }

    /// Sends a call and reads its whole answer, whatever the status. The error says why the sidecar was not reached.
    pub async fn send(&self, call: Call) -> Result<Result<Answer, String>, DaprError> {
        let client = self.clients.get_or(connections).clone();
        let refused =
            |message: String| DaprError::Refused { status: 0, code: codes::INVALID_ARGUMENT.to_owned(), message };
        if let Some(fault) = call.fault {
            return Err(refused(fault));
        }
        let uri = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        let uri = match self.prefix.as_str() {
            "" => uri.path_and_query(call.target),
            prefix => uri.path_and_query(format!("{prefix}{}", call.target)),
        };
        let mut request = Request::new(Full::new(call.body));
        *request.uri_mut() = uri.build().map_err(|e| refused(format!("the path: {e}")))?;
        *request.method_mut() = call.method;
        *request.headers_mut() = call.headers;
        let (head, body) = match client.request(request).await {
            Ok(answer) => answer.into_parts(),
            Err(e) => return Ok(Err(reason(&e))),
        };
        let body = collect(body, &call.allowance).await?;
        let reason = head.extensions.get::<hyper::ext::ReasonPhrase>();
        let reason = reason.map_or_else(String::new, |reason| characters(reason.as_bytes()));
        Ok(body.map(|body| Answer { status: head.status.as_u16(), reason, headers: head.headers, body }))
    }
}

fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// The bytes of a text with one character a byte; other characters become a question mark.
pub fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// Reads an answer, as far as its bound allows.
async fn collect(mut body: Incoming, allowance: &Allowance) -> Result<Result<Bytes, String>, DaprError> {
    let mut whole: Vec<Bytes> = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(data)) => {
                allowance.take(data.len())?;
                whole.push(data);
            }
            Ok(Err(_trailers)) => {}
            Err(e) => return Ok(Err(reason(&e))),
        }
    }
    if let [only] = whole.as_slice() {
        return Ok(Ok(only.clone()));
    }
    let mut joined = BytesMut::with_capacity(whole.iter().map(Bytes::len).sum());
    whole.into_iter().for_each(|part| joined.extend_from_slice(&part));
    Ok(Ok(joined.freeze()))
}

fn connections() -> Connections {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)
}

/// An error with its causes: the client's own text is only "client error".
pub fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// One path segment, or a part of the query, percent-encoded.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A topic is the rest of the path and may have slashes.
pub fn topic_path(topic: &str) -> String {
    topic.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// An application's own path with its query, without the slash before it. `..` never leads out of the application's
/// root.
pub fn own_path(path: &str) -> String {
    let Ok(url) = format!("http://app/{}", path.trim_start_matches('/')).parse::<Url>() else { return String::new() };
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    format!("{}{query}", url.path().trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_application() {
        for (path, sent) in [
            ("a/b?c=d e#f", "a/b?c=d%20e"),
            ("/../../v1.0/state/statestore", "v1.0/state/statestore"),
            ("a/%2e%2E/.%2e/..\\b", "b"),
            ("é/%2F", "%C3%A9/%2F"),
            ("//other/x", "other/x"),
            ("", ""),
        ] {
            assert_eq!(own_path(path), sent, "{path}");
        }
    }

    #[test]
    fn a_call_is_as_it_was_written() {
        let call = Call::new(Method::GET, format!("/v1.0/publish/{}/{}", segment(".."), topic_path("a/../b c")));
        let call = call.query(&[("metadata.a&b", "1=2")]).query(&[("c", "")]);
        assert_eq!(call.target, "/v1.0/publish/%2E%2E/a/%2E%2E/b%20c?metadata%2Ea%26b=1%3D2&c=");
        assert!(call.fault.is_none());
        assert!(Call::new(Method::GET, String::new()).header("a b", "c").fault.is_some());
        assert!(Call::new(Method::GET, String::new()).header("a", "b\nc").fault.is_some());
    }
}
