//! `ANY /{function}/…`: plain HTTP, and Dapr service invocation, which arrives as that.
//!
//! Owns: headers and bodies on their way in and out, and what of the URL is the function's own
//! (docs/decisions/006-request-url.md).
//!
//! # Layout
//! - [`line`]: the line in the access log
//! - [`local`]: calls from within the process, without HTTP between
//! - [`reply`]: the answer
mod line;
mod local;
mod reply;

pub use local::Local;
pub use reply::response;

use crate::body::Body as Incoming;
use crate::code::Code;
use crate::config::LocalNames;
use crate::functions::{Function, Registry};
use crate::http::ApiError;
use crate::http::incoming::{self, Terms};
use crate::http::trust::{self, FromSidecar};
use crate::http::wire::{FORWARDED_PREFIX, REQUEST_ID, origin, pairs_without};
use crate::invoke::{HttpReply, Invoker};
use crate::observer::Answered;
use crate::origin::Origin;
use crate::site::{authority, function_label};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use daplet_abi::event::HttpEvent;
use line::Line;
use reply::OF_THE_ORIGIN;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a request's body is called in errors.
const BODY: &str = "the request body";

/// What the surface needs.
#[derive(Clone)]
pub struct Context {
    /// Where functions are.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Largest request body, bytes.
    pub max_body_bytes: usize,
    /// Hide failures' details from callers.
    pub production: bool,
}

/// The routes of functions by their paths; everything that nothing else takes.
pub fn routes(context: Context) -> Router {
    Router::new().route("/", any(root)).fallback(any(handle)).with_state(context)
}

/// The routes of functions by their own names, such as `hello.localhost`: every path is the function's. `names` holds
/// these names.
pub fn own_routes(context: Context, names: Arc<LocalNames>) -> Router {
    Router::new().fallback(any(handle_own)).with_state((context, names))
}

async fn root() -> &'static str {
    "Daplet. Functions are called at /{name}; GET /functions lists them.\n"
}

async fn handle(State(context): State<Context>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mount = format!("/{}", parts.uri.path().trim_start_matches('/').split('/').next().unwrap_or_default());
    let mut response = match find(&context, &mount[1..]) {
        Ok(function) => serve(&context, &function, mount, &parts, body).await,
        Err(error) => lost(&context, &mount[1..], &parts, error),
    };
    for header in OF_THE_ORIGIN {
        response.headers_mut().remove(header);
    }
    response
}

async fn handle_own(State((context, names)): State<(Context, Arc<LocalNames>)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let called = authority::of(&parts.uri, &parts.headers, parts.version).ok().flatten();
    let name = called.and_then(|called| function_label(&called, &names)).unwrap_or_default();
    let name = name.to_ascii_lowercase();
    match find(&context, &name) {
        Ok(function) => serve(&context, &function, String::new(), &parts, body).await,
        Err(error) => lost(&context, &name, &parts, error),
    }
}

fn find(context: &Context, name: &str) -> Result<Arc<Function>, ApiError> {
    context.registry.get(name).ok_or_else(|| match context.registry.missing() {
        Some(reason) => ApiError::not_loaded(&reason),
        None => ApiError::absent(&context.registry, name),
    })
}

/// The answer to a request for a function that is not there.
fn lost(context: &Context, name: &str, parts: &Parts, error: ApiError) -> Response {
    let observer = context.invoker.observer();
    observer.refused(error.code());
    observer.answered(&Answered {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        status: error.status().as_u16(),
        code: Some(error.code()),
        function: name,
        version: None,
        request_id: "",
        took: Duration::ZERO,
    });
    error.into_response()
}

async fn serve(context: &Context, function: &Arc<Function>, mount: String, parts: &Parts, body: Body) -> Response {
    let origin = origin(&parts.headers, &parts.extensions);
    let id = HeaderValue::from_str(&origin.request_id).ok();
    let observer = context.invoker.observer();
    let logged = observer.logs_access().then(|| (Instant::now(), Arc::clone(&origin.request_id)));
    let (code, response) = match answer(context, function, mount, parts, body, origin).await {
        Ok(reply) => (None, response(reply, parts.method == Method::HEAD, id)),
        Err(error) => {
            let code = error.code().clone();
            let mut response = error.into_response();
            response.headers_mut().extend(id.map(|id| (REQUEST_ID, id)));
            (Some(code), response)
        }
    };
    let Some((since, request_id)) = logged else { return response };
    let line = Line {
        observer: observer.clone(),
        function: Arc::clone(function),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        status: response.status().as_u16(),
        code,
        request_id,
        since,
    };
    line.written_after(response)
}

async fn answer(
    context: &Context,
    function: &Arc<Function>,
    mount: String,
    parts: &Parts,
    body: Body,
    origin: Origin,
) -> Result<HttpReply, ApiError> {
    // Before the body: a refused request costs no memory.
    admit(context, function, &origin).await?;
    let terms = Terms { limit: context.max_body_bytes, what: BODY, setting: "max_body_bytes" };
    let taken = incoming::take(body, terms, &function.memory).await;
    let (body, refusal) = taken.map_err(|unread| refused(context, terms.refuse(unread)))?;
    let reply = run(context, function, mount, parts, body, origin).await;
    // A function that fails because its request does is not to blame.
    reply.map_err(|error| match refusal.into_error() {
        Some(refused) if *error.code() == Code::Exception => refused,
        _ => error,
    })
}

/// Refuses a function that answers no requests, or has no room for one.
async fn admit(context: &Context, function: &Arc<Function>, origin: &Origin) -> Result<(), ApiError> {
    if !function.takes_requests() {
        return Err(refused(context, ApiError::no_handler(function)));
    }
    let admitted = context.invoker.admit(function, origin).await;
    admitted.map_err(|e| ApiError::of_invocation(&e, context.production))
}

/// Runs a function on a request; a failure is the answer that its caller sees.
async fn run(
    context: &Context,
    function: &Arc<Function>,
    mount: String,
    parts: &Parts,
    body: Incoming,
    origin: Origin,
) -> Result<HttpReply, ApiError> {
    let mut event = HttpEvent {
        request_id: origin.request_id.to_string(),
        traceparent: Some(origin.traceparent.to_string()),
        caller: origin.caller.as_deref().map(str::to_owned),
        method: parts.method.as_str().to_owned(),
        url: url(parts, &mount),
        headers: headers(parts, &mount),
        mount,
        stream: None,
    };
    let reply = context.invoker.http(function, &mut event, body, origin.into()).await;
    reply.map_err(|error| ApiError::of_invocation(&error, context.production))
}

/// Counts a request that does not become an invocation.
fn refused(context: &Context, error: ApiError) -> ApiError {
    context.invoker.observer().refused(error.code());
    error
}

/// The headers that the function sees: without those that only the server or a sidecar may send, unless they are certain.
fn headers(parts: &Parts, mount: &str) -> Vec<(String, String)> {
    let (believed, proven) = (trust::is_believed(&parts.extensions), parts.extensions.get::<FromSidecar>().is_some());
    let named = parts.uri.authority();
    let mut pairs = pairs_without(&parts.headers, |name| {
        (*name == REQUEST_ID && !believed)
            || (*name == trust::CALLER && !proven)
            || *name == FORWARDED_PREFIX
            || (*name == header::HOST && named.is_some())
    });
    // RFC 9112 §3.2.2: the target's authority takes the place of Host.
    if let Some(named) = named {
        pairs.insert(0, (header::HOST.as_str().to_owned(), named.as_str().to_owned()));
    }
    if !mount.is_empty() {
        pairs.push((FORWARDED_PREFIX.as_str().to_owned(), mount.to_owned()));
    }
    pairs
}

/// The URL as the client has it, without the path that leads to the function.
fn url(parts: &Parts, mount: &str) -> String {
    let (uri, version) = (&parts.uri, parts.version);
    let called = authority::of(uri, &parts.headers, version).ok().flatten();
    let scheme = uri.scheme_str().filter(|scheme| *scheme == "https").unwrap_or("http");
    let target = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = match mount {
        "" => target,
        mount => &target.trim_start_matches('/')[mount.len() - 1..],
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{}{slash}{path}", called.map_or("localhost", |called| called.text))
}
