//! `/livez`: the process answers. `/readyz`: it can run functions, and they can reach what they are to reach.
use crate::code::Code;
use crate::dapr::Sidecar;
use crate::dapr::health::Health;
use crate::functions::Registry;
use crate::http::ApiError;
use crate::http::status;
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Says what does not work although the server is ready, a sentence each. It may block.
pub type Faults = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// The probe of functions; `ready` turns false when the server begins to stop. A server that is to use a sidecar is ready while that is,
/// and none is before it knows its functions. `faults` do not make it unready: the rest of the functions are served.
pub fn routes(ready: Arc<AtomicBool>, sidecar: Option<Sidecar>, registry: Arc<Registry>, faults: Faults) -> Router {
    let readyz = move || {
        let (ready, missing) = (ready.load(Ordering::Relaxed), registry.missing());
        let (sidecar, faults) = (sidecar.clone(), Arc::clone(&faults));
        async move {
            match missing {
                _ if !ready => (status::BUSY, "stopping\n").into_response(),
                Some(reason) => ApiError::not_loaded(&reason).into_response(),
                None => match reachable(sidecar.as_ref()) {
                    Ok(()) => {
                        let faults = tokio::task::spawn_blocking(move || faults()).await.unwrap_or_default();
                        faults.iter().fold("ready\n".to_owned(), |text, fault| text + fault + "\n").into_response()
                    }
                    Err(error) => error.into_response(),
                },
            }
        }
    };
    Router::new().route("/readyz", get(readyz))
}

/// The probe of the process, which a thread that reads connections can answer: it is constant work, and such threads do no tenant's.
pub fn alive() -> Router {
    Router::new().route("/livez", get(|| async { "ok\n" }))
}

fn reachable(sidecar: Option<&Sidecar>) -> Result<(), ApiError> {
    let detail = match sidecar.map(Sidecar::health) {
        None | Some(Health::Ready) => return Ok(()),
        Some(Health::Unknown) => "the Dapr sidecar was not asked yet".to_owned(),
        Some(Health::Starting(status)) => format!("the Dapr sidecar is not ready (status {status})"),
        Some(Health::Absent(reason)) => format!("the Dapr sidecar does not answer: {reason}"),
    };
    Err(ApiError::new(Code::SidecarUnavailable, detail))
}
