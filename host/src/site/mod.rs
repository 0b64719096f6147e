//! What stands at an address: which names the server answers to there, which web pages and tokens it lets in, and whose origin a
//! name is.
//!
//! Owns: the decisions that need only a request's head, so that what is refused costs no body. Must not know: routes.
//!
//! # Layout
//! - [`authority`]: the name that the client used
//! - [`pages`]: what browsers say, and CORS
//! - [`rules`]: what holds, applied to a head
pub mod authority;
pub mod pages;
mod rules;

pub use rules::Rules;

use crate::config::LocalNames;
use crate::http::wire::UnknownLength;
use authority::{Authority, Host};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::net::SocketAddr;
use std::sync::Arc;

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// Functions, and what a sidecar calls.
    Functions,
    /// Management and health.
    Management,
    /// All of that.
    Both,
    /// Dapr's HTTP API.
    Dapr,
    /// Dapr's gRPC API.
    Grpc,
}

/// An address with what it serves.
#[derive(Clone)]
pub struct Site {
    rules: Arc<Rules>,
    shared: Router,
    own: Router,
}

/// How an admitted request goes on.
#[derive(Debug, Default)]
pub struct Admission {
    own: bool,
    page: Option<HeaderValue>,
}

impl Site {
    /// `shared` is what the server's own names lead to, `own` what functions' names do.
    pub fn new(rules: Rules, shared: Router, own: Router) -> Site {
        Site { rules: Arc::new(rules), shared, own }
    }

    /// Looks at a request's head: lets it in, or answers it. `peer` is the other end of the connection.
    #[allow(clippy::result_large_err, reason = "the answer is sent at once; a box would only cost an allocation")]
    pub fn admit<B>(&self, request: &mut Request<B>, peer: Option<SocketAddr>) -> Result<Admission, Response> {
        self.rules.admit(request, peer).map_err(|refusal| match self.rules.surface {
            Surface::Grpc => to_grpc(&refusal),
            _ => *refusal,
        })
    }

    /// What serves it.
    pub fn routes(&self, admission: &Admission) -> Router {
        if admission.own { self.own.clone() } else { self.shared.clone() }
    }

    /// What HTTP asks of every answer.
    pub fn finish(admission: Admission, response: &mut Response) {
        // RFC 9110 §8.6.
        if matches!(response.status().as_u16(), 100..=199 | 204 | 304) {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = Body::empty();
        }
        if response.extensions().get::<UnknownLength>().is_some() {
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        if let Some(origin) = admission.page {
            pages::allow(origin, response.headers_mut());
        }
    }
}

/// The function whose origin a name is: one label below `localhost` or below the functions' domain.
pub fn function_label<'a>(authority: &Authority<'a>, names: &LocalNames) -> Option<&'a str> {
    let Host::Name(name) = authority.host else { return None };
    let label = authority::below(name, "localhost")
        .or_else(|| names.function_domain.as_deref().and_then(|domain| authority::below(name, domain)))?;
    (!label.contains('.')).then_some(label)
}

/// The same for a gRPC client, which reads headers alone.
fn to_grpc(refusal: &Response) -> Response {
    let (code, message) = match refusal.status().as_u16() {
        401 => (16, "the metadata dapr-api-token is missing or wrong (DAPR_API_TOKEN)"),
        421 => (7, "this server is not known by the name in :authority (--allowed-hosts)"),
        403 => (7, "a web page caused this call, and none may here (--cors-origins)"),
        413 => (8, "the message is larger than max_api_body_bytes"),
        _ => (3, "the call's head is malformed"),
    };
    let mut response = refusal.status().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(code));
    if let Ok(message) = HeaderValue::try_from(utf8_percent_encode(message, NON_ALPHANUMERIC).to_string()) {
        headers.insert("grpc-message", message);
    }
    response
}
