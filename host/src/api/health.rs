//! `/livez`: the process answers. `/readyz`: it can run functions, and they can reach what they are to reach.
use super::ApiError;
use crate::dapr::Sidecar;
use crate::dapr::health::Health;
use crate::functions::Registry;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use daplet_abi::op::codes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The two probes; `ready` turns false when the server begins to stop. A server that is to use a sidecar is ready while that is,
/// and none is before it knows its functions.
pub fn routes(ready: Arc<AtomicBool>, sidecar: Option<Sidecar>, registry: Arc<Registry>) -> Router {
    let readyz = move || {
        let answer = if ready.load(Ordering::Relaxed) {
            match registry.missing() {
                Some(reason) => ApiError::not_loaded(&reason).into_response(),
                None => reachable(sidecar.as_ref()),
            }
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response()
        };
        async move { answer }
    };
    Router::new().route("/livez", get(|| async { "ok\n" })).route("/readyz", get(readyz))
}

fn reachable(sidecar: Option<&Sidecar>) -> Response {
    let detail = match sidecar.map(Sidecar::health) {
        None | Some(Health::Ready) => return "ready\n".into_response(),
        Some(Health::Unknown) => "the Dapr sidecar was not asked yet".to_owned(),
        Some(Health::Starting(status)) => format!("the Dapr sidecar is not ready (status {status})"),
        Some(Health::Absent(reason)) => format!("the Dapr sidecar does not answer: {reason}"),
    };
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, codes::SIDECAR_UNAVAILABLE, detail).into_response()
}
