//! What a sidecar calls for an input binding: `OPTIONS` once, when the component starts, and `POST` with each event.
//!
//! `/dapr/bindings/{name}`, which the component's metadata names as its `route`, is always there: functions may come later. `/{name}` is
//! taken where a function declares the binding. A missing or failing function never makes it 404, so that the binding tries again.
use super::{deliver, receivers};
use crate::blocks::json::Json;
use crate::budget::Purse;
use crate::functions::Registry;
use crate::http::status;
use crate::http::trust::{FromSidecar, only_sidecar};
use crate::http::whole::read;
use crate::http::wire::{HOP_BY_HOP, REQUEST_ID, TRACEPARENT, TRACESTATE, origin};
use crate::invoke::Invoker;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Headers that are the call's own; all others are the binding's metadata.
const OF_THE_CALL: [HeaderName; 9] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    header::ACCEPT_ENCODING,
    TRACEPARENT,
    TRACESTATE,
    REQUEST_ID,
    HeaderName::from_static("grpc-trace-bin"),
];

/// What the routes need.
#[derive(Clone)]
pub struct Context {
    /// Who declares bindings.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Largest body, bytes.
    pub max_api_body_bytes: usize,
    /// What events hold of the process's memory.
    pub memory: Purse,
}

/// The route that is always there.
pub fn routes(context: Context) -> Router {
    let event = post(event).options(|| async { status::OK });
    Router::new().route("/dapr/bindings/{name}", event).with_state(context)
}

/// Takes the calls to `/{name}` out of the requests for functions.
pub fn beside(routes: Router, context: Context) -> Router {
    routes.layer(from_fn_with_state(context, plain))
}

async fn plain(State(context): State<Context>, request: Request, next: Next) -> Response {
    let asks = [Method::POST, Method::OPTIONS].contains(request.method());
    if !asks || only_sidecar(request.headers(), request.extensions()).is_err() {
        return next.run(request).await;
    }
    let name = percent_encoding::percent_decode_str(request.uri().path().trim_start_matches('/')).decode_utf8_lossy();
    let name = name.into_owned();
    // Without a token the sidecar's call looks like a request for the function of that name.
    let certain = request.extensions().get::<FromSidecar>().is_some();
    if receivers(&context.registry, &name).is_empty() || (!certain && context.registry.get(&name).is_some()) {
        return next.run(request).await;
    }
    if request.method() == Method::OPTIONS {
        return status::OK.into_response();
    }
    let (parts, body) = request.into_parts();
    take(&context, &name, &parts, body).await
}

async fn event(State(context): State<Context>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(error) = only_sidecar(&parts.headers, &parts.extensions) {
        return error.into_response();
    }
    take(&context, &name, &parts, body).await
}

async fn take(context: &Context, name: &str, parts: &Parts, body: Body) -> Response {
    let body = match read(body, context.max_api_body_bytes, "the binding's data", "max_api_body_bytes", &context.memory)
        .await
    {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    let functions = receivers(&context.registry, name);
    if functions.is_empty() {
        tracing::warn!("the binding {name} has an event, but no function declares it");
        return status::BUSY.into_response();
    }
    let origin = origin(&parts.headers, &parts.extensions);
    match deliver(&context.invoker, &functions, &given(name, &parts.headers, &body), origin).await {
        // Any other status than 200 is a failure to a sidecar that has a retry policy for the binding.
        Ok(replies) => {
            let reply = replies.into_iter().find(|reply| !reply.body.is_empty());
            let body = reply.map(|reply| reply.body).unwrap_or_default();
            (status::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        // Why it failed is in the log already.
        Err(_) => status::AGAIN.into_response(),
    }
}

/// The handler's event. Data is JSON, or text, or bytes.
fn given(name: &str, headers: &HeaderMap, body: &Bytes) -> BTreeMap<String, Json> {
    let mut event = BTreeMap::new();
    event.insert("name".to_owned(), Json::of(&name));
    let (member, data) = match (serde_json::from_slice::<Json>(body), std::str::from_utf8(body)) {
        _ if body.is_empty() => ("data", Json::of(&())),
        (Ok(value), _) => ("data", value),
        (Err(_), Ok(text)) => ("data", Json::of(&text)),
        (Err(_), Err(_)) => ("data_base64", Json::of(&STANDARD.encode(body))),
    };
    event.insert(member.to_owned(), data);
    let metadata = headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(name) && !OF_THE_CALL.contains(name));
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let metadata: BTreeMap<String, String> = metadata.map(|(name, value)| (name.to_string(), text(value))).collect();
    event.insert("metadata".to_owned(), Json::of(&metadata));
    event
}
