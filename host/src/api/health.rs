//! `/livez`: the process answers. `/readyz`: it can run functions.
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The two probes; `ready` turns false when the server begins to stop.
pub fn routes(ready: Arc<AtomicBool>) -> Router {
    let readyz = move || {
        let ready = ready.load(Ordering::Relaxed);
        async move { if ready { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "stopping\n") } }
    };
    Router::new().route("/livez", get(|| async { "ok\n" })).route("/readyz", get(readyz))
}
