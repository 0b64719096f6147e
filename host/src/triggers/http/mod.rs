//! `ANY /{function}/…`: plain HTTP, and Dapr service invocation, which arrives as that.
//!
//! Owns: headers and bodies on their way in and out. `request.url` keeps the path as the server received it
//! (docs/decisions/006-request-url.md).
use crate::api::ApiError;
use crate::api::body::read;
use crate::api::trust::{self, FromSidecar};
use crate::api::wire::{DEPTH, HOP_BY_HOP, REQUEST_ID, TRACEPARENT, TRACESTATE, new_traceparent, pairs};
use crate::capabilities::invoke::{AppReply, AppRequest, OwnApp};
use crate::functions::{Function, Registry};
use crate::invoke::{Caller, HttpReply, InvokeError, Invoker};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use daplet_abi::event::HttpEvent;
use daplet_abi::reply::codes;
use std::sync::Arc;

/// What the trigger needs.
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
    /// This host's app-id.
    pub app_id: Arc<str>,
}

/// The routes of functions; everything that nothing else takes.
pub fn routes(context: Context) -> Router {
    Router::new().route("/", any(root)).fallback(any(handle)).with_state(context)
}

async fn root() -> &'static str {
    "Daplet. Functions are called at /{name}; GET /functions lists them.\n"
}

async fn handle(State(context): State<Context>, request: Request) -> Response {
    match respond(&context, request).await {
        Ok(response) => response,
        Err((error, id)) => {
            let mut response = error.into_response();
            if let Some(id) = id {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            response
        }
    }
}

async fn respond(context: &Context, request: Request) -> Result<Response, (ApiError, Option<HeaderValue>)> {
    let (parts, body) = request.into_parts();
    let name = parts.uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    let function = context.registry.get(name).ok_or_else(|| match context.registry.missing() {
        Some(reason) => (ApiError::not_loaded(&reason), None),
        None => (ApiError::no_function(name), None),
    })?;
    let caller = caller(&parts.headers);
    let id = HeaderValue::from_str(&caller.request_id).ok();
    // Before the body: a request that is not let in costs no memory.
    let admitted = context.invoker.admit(&function).await;
    admitted.map_err(|e| (ApiError::of_invocation(&e, context.production), id.clone()))?;
    let body = read(body, context.max_body_bytes, "the request body", "max_body_bytes").await;
    let body = body.map_err(|e| (e, id.clone()))?;
    let head = parts.method == Method::HEAD;
    let event = HttpEvent {
        request_id: caller.request_id.to_string(),
        traceparent: caller.traceparent.as_deref().map(str::to_owned),
        caller: trust::caller(&parts.headers, &parts.extensions),
        method: parts.method.as_str().to_owned(),
        url: url(&parts.uri, &parts.headers),
        headers: pairs(&parts.headers),
    };
    match invoke(context, &function, &event, &body, caller).await {
        Ok(reply) => Ok(response(reply, head, id)),
        Err(error) => Err((error, id)),
    }
}

/// Runs a function on an event; a failure is the answer that its caller sees.
pub async fn invoke(
    context: &Context,
    function: &Arc<Function>,
    event: &HttpEvent,
    body: &[u8],
    caller: Caller,
) -> Result<HttpReply, ApiError> {
    let reply = context.invoker.http(function, event, body, caller).await;
    reply.map_err(|error| ApiError::of_invocation(&error, context.production))
}

/// This host's functions, called without leaving the process.
impl OwnApp for Context {
    fn call(&self, request: AppRequest) -> futures::future::BoxFuture<'_, AppReply> {
        Box::pin(async move {
            let mut builder = axum::http::Request::builder().method(request.method.as_str()).uri(&request.path);
            for (name, value) in &request.headers {
                builder = builder.header(name, value);
            }
            // Nothing lies between the caller and this: it is this application, as a sidecar would say.
            let builder = builder.header(trust::CALLER, &*self.app_id).extension(FromSidecar);
            let response = match builder.header(DEPTH, request.depth).body(Body::from(request.body)) {
                Ok(request) => handle(State(self.clone()), request).await,
                Err(e) => ApiError::bad_request(format!("the call is no HTTP request: {e}")).into_response(),
            };
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            AppReply { status: parts.status.as_u16(), headers: pairs(&parts.headers), body }
        })
    }
}

/// Who calls: the request's own id, trace and depth, or new ones.
pub fn caller(headers: &HeaderMap) -> Caller {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let valid = |id: &&str| {
        (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let request_id =
        text(&REQUEST_ID).filter(valid).map_or_else(|| uuid::Uuid::now_v7().simple().to_string().into(), Arc::from);
    let trace = |t: &&str| t.len() == 55 && t.is_ascii() && t.as_bytes()[2] == b'-' && t.as_bytes()[35] == b'-';
    let traceparent = text(&TRACEPARENT).filter(trace).map_or_else(new_traceparent, Arc::from);
    let depth = text(&DEPTH).and_then(|depth| depth.parse().ok()).unwrap_or(0);
    // Of no use without its parent.
    let tracestate = text(&TRACESTATE).filter(|_| headers.contains_key(&TRACEPARENT)).map(Arc::from);
    Caller { request_id, traceparent: Some(traceparent), tracestate, depth, turn: None }
}

fn url(uri: &axum::http::Uri, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(uri.authority().map(|a| a.as_str()));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("http://{}{path}", host.unwrap_or("localhost"))
}

/// Largest headers of an answer, bytes: more than clients and proxies take.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// A function's reply as an answer; `head`: without the body.
pub fn response(reply: HttpReply, head: bool, id: Option<HeaderValue>) -> Response {
    // The runtime lets nothing else through: only a guest that breaks the rules writes it.
    let status = StatusCode::from_u16(reply.status).ok().filter(|status| (200..600).contains(&status.as_u16()));
    let refuse = |error: InvokeError| {
        let mut response = ApiError::of_invocation(&error, true).into_response();
        response.headers_mut().extend(id.clone().map(|id| (REQUEST_ID, id)));
        response
    };
    let Some(status) = status else {
        return refuse(InvokeError::internal(format!("the guest answered with the status {}", reply.status)));
    };
    let size: usize = reply.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    if size > MAX_HEAD_BYTES {
        let detail = format!("the answer's headers take {size} bytes, of at most {MAX_HEAD_BYTES}");
        return refuse(InvokeError { code: codes::EXCEEDED_RESPONSE.to_owned(), ..InvokeError::internal(detail) });
    }
    let length = reply.body.len();
    let bodyless = matches!(status.as_u16(), 204 | 304);
    let body = if head || bodyless { Body::empty() } else { Body::from(reply.body) };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if !reply.status_text.is_empty()
        && let Ok(reason) = hyper::ext::ReasonPhrase::try_from(reply.status_text.into_bytes())
    {
        response.extensions_mut().insert(reason);
    }
    let headers = response.headers_mut();
    headers.reserve(reply.headers.len() + 2);
    for (name, value) in reply.headers {
        let bytes: Vec<u8> = value.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(&bytes))
            && !HOP_BY_HOP.contains(&name)
            && name != header::CONTENT_LENGTH
        {
            headers.append(name, value);
        }
    }
    if head && !bodyless {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Some(id) = id {
        headers.entry(REQUEST_ID).or_insert(id);
    }
    response
}
