//! Dapr's HTTP API over the embedded default. Input: a request as HTTP/1.1 writes it, without the version.
use crate::backend;
use crate::line;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, header};
use serde_json::Value;
use tower::ServiceExt;

/// Every request has an answer, and every error is JSON in one of Dapr's shapes.
pub fn dapr_request(input: &[u8]) {
    let Some(request) = request(input) else { return };
    let (status, is_json, body) = backend::run(|backend| {
        let (routes, _grpc) = backend.base.blocks.api(&backend.functions, &backend.base.shared());
        async {
            let response = routes.oneshot(request).await.unwrap();
            let content_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
            let is_json = content_type == Some(b"application/json");
            let status = response.status();
            (status, is_json, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap())
        }
    });
    if is_json && status.is_server_error() {
        let error: Value = serde_json::from_slice(&body).unwrap();
        assert!(error["errorCode"].is_string() && error["message"].is_string(), "{status} {error}");
    }
}

fn request(input: &[u8]) -> Option<Request<Body>> {
    let (first, mut rest) = line(input);
    let (method, target) = std::str::from_utf8(first).ok()?.split_once(' ')?;
    let mut builder = Request::builder().method(method).uri(target);
    loop {
        let (header, after) = line(rest);
        rest = after;
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&header[..colon]).ok()?;
        builder = builder.header(name, HeaderValue::from_bytes(header[colon + 1..].trim_ascii()).ok()?);
    }
    builder.body(Body::from(rest.to_vec())).ok()
}
