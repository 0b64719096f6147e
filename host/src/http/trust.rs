//! Which requests come from the sidecar: those with the token that both have (`APP_API_TOKEN`).
//!
//! If a token is set, requests that only a sidecar sends must carry it: `/dapr/…`, and every request that names a Dapr
//! caller. A plain HTTP request needs no token, since it claims nothing. No function ever sees the token.
use super::ApiError;
use super::token::Token;
use crate::code::Code;
use crate::dapr::TOKEN;
use crate::observer::Source;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;

/// The application that calls through service invocation, in Dapr's words.
pub const CALLER: HeaderName = HeaderName::from_static("dapr-caller-app-id");

/// Marks a request that certainly came from the sidecar.
#[derive(Clone, Copy, Debug)]
pub struct FromSidecar;

/// Marks a request that carries the operator's token.
#[derive(Clone, Copy, Debug)]
pub struct Operator;

/// Stands in the extensions of requests to management: the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Who asks for a change, for the audit log.
pub fn source(extensions: &axum::http::Extensions) -> Source {
    let peer = extensions.get::<Peer>().map(|Peer(address)| *address);
    Source { peer, operator: extensions.get::<Operator>().is_some() }
}

/// Marks a request without the token that is set.
#[derive(Clone, Copy, Debug)]
struct Unproven;

/// Checks every request of the routes against the token, and marks those that carry it.
pub fn guard(routes: Router, token: Option<&str>) -> Router {
    let token = token.map(|token| Token::new(token.as_bytes()));
    routes.layer(from_fn(move |request, next| check(token.clone(), request, next)))
}

async fn check(token: Option<Token>, mut request: Request, next: Next) -> Response {
    let said = request.headers_mut().remove(TOKEN);
    if let Some(token) = token {
        match said {
            Some(said) if token.is(said.as_bytes()) => {
                request.extensions_mut().insert(FromSidecar);
            }
            Some(_) => return refusal("is not the one").into_response(),
            None if request.uri().path().starts_with("/dapr/") || request.headers().contains_key(CALLER) => {
                return refusal("is missing").into_response();
            }
            None => {
                request.extensions_mut().insert(Unproven);
            }
        }
    }
    next.run(request).await
}

fn refusal(how: &str) -> ApiError {
    let detail = format!(
        "the header {TOKEN} {how}: this server was given a token (APP_API_TOKEN) that the sidecar has to send with each call"
    );
    ApiError::new(Code::Unauthorized, detail)
}

/// Whether the request may come from the sidecar: no token is set, or it carries it.
pub fn is_proven(extensions: &axum::http::Extensions) -> bool {
    extensions.get::<Unproven>().is_none()
}

/// Refuses who cannot be the sidecar.
pub fn proven(extensions: &axum::http::Extensions) -> Result<(), ApiError> {
    if is_proven(extensions) { Ok(()) } else { Err(refusal("is missing")) }
}

/// Refuses requests that only the sidecar itself may send: from other clients, and from applications that call through
/// it.
pub fn only_sidecar(headers: &HeaderMap, extensions: &axum::http::Extensions) -> Result<(), ApiError> {
    proven(extensions)?;
    if headers.contains_key(CALLER) {
        let detail = "this path is for the sidecar's own calls, not for service invocation".to_owned();
        return Err(ApiError::new(Code::Forbidden, detail));
    }
    Ok(())
}

/// Whether the request may set this server's own headers: its id, and the depth of calls between functions.
pub fn is_believed(extensions: &axum::http::Extensions) -> bool {
    extensions.get::<FromSidecar>().is_some() || extensions.get::<Operator>().is_some()
}

/// The application that calls, where its word can be trusted.
pub fn caller(headers: &HeaderMap, extensions: &axum::http::Extensions) -> Option<String> {
    extensions.get::<FromSidecar>()?;
    headers.get(CALLER).and_then(|caller| caller.to_str().ok()).map(str::to_owned)
}
