//! `Expect: 100-continue`: a client that asks first does not send what will be refused (RFC 9110 §10.1.1).
//!
//! The server answers 100 when the body is read. A call of an absent component gets an empty body instead: its handler refuses it.
use crate::blocks::api::Shared;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// Whether the thing that the first part of a route's path names is absent.
pub type IsAbsent = fn(&Shared, &str) -> bool;

/// Takes the body from what cannot succeed.
pub async fn spare_body(
    State((shared, is_absent)): State<(Arc<Shared>, IsAbsent)>,
    request: Request,
    next: Next,
) -> Response {
    if !request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let first = params.as_ref().and_then(|params| params.iter().next());
    let body = if first.is_some_and(|(_, name)| is_absent(&shared, name)) { Body::empty() } else { body };
    next.run(Request::from_parts(parts, body)).await
}
