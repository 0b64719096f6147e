//! Service invocation: `/v1.0/invoke/{app}/method/{path…}`, and any other path with a `dapr-app-id` header. Without a sidecar
//! there is one application, this host.
use super::{AppReply, AppRequest, OwnApp};
use crate::blocks::api;
use crate::blocks::http::error;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::fields;
use crate::body::Body as Answered;
use crate::code::Code;
use crate::http::body::Unread;
use crate::http::incoming::{self, Terms};
use crate::http::status;
use crate::http::streamed::{self, Streamed};
use crate::http::wire::UnknownLength;
use crate::http::wire::{REQUEST_ID, pairs, reason_of, value_of};
use crate::origin::Origin;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

type Context = api::Context<dyn OwnApp>;

/// Its routes, and what answers any other path. The memory of a call of a function is the function's.
pub fn routes(context: Context) -> Router {
    Router::new().route("/v1.0/invoke/{app}/method/{*path}", any(by_path)).fallback(by_header).with_state(context)
}

/// `ANY /v1.0/invoke/{app}/method/{path…}`
async fn by_path(State(context): State<Context>, request: Request) -> Result<Response, DaprApiError> {
    let (parts, body) = request.into_parts();
    // The path as it was sent: bytes that are not UTF-8 are the application's to judge.
    let target = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let (before, path) = target.split_once("/method/").unwrap_or((target, ""));
    let app = before.rsplit('/').next().unwrap_or_default();
    let app = percent_encoding::percent_decode_str(app).decode_utf8_lossy().into_owned();
    call(&context, &app, parts.method, format!("/{path}"), &parts.headers, body).await
}

/// Any path with a `dapr-app-id` header; without one, Dapr has nothing there.
async fn by_header(
    State(context): State<Context>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, DaprApiError> {
    let Some(app) = headers.get("dapr-app-id").and_then(|app| app.to_str().ok()).map(str::to_owned) else {
        return Err(unserved(&method, uri.path()));
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    call(&context, &app, method, path, &headers, body).await
}

/// Building blocks that need a sidecar answer as a sidecar without such a component does.
fn unserved(method: &Method, path: &str) -> DaprApiError {
    let block = path.trim_start_matches('/').split('/').nth(1).unwrap_or_default();
    let code = match block {
        "secrets" => Code::SecretStoresNotConfigured,
        "configuration" => Code::ConfigurationStoreNotConfigured,
        "bindings" => Code::InvokeOutputBinding,
        "lock" | "unlock" => Code::LockStoreNotConfigured,
        "actors" => Code::ActorRuntimeNotFound,
        _ => Code::DirectInvoke,
    };
    let message = format!("{method} {path} is not served without a Dapr sidecar; set DAPR_HTTP_PORT to use one");
    // An invocation that fails is 500; a path that leads nowhere is not.
    let status = if code == Code::DirectInvoke { Code::NotFound } else { code.clone() };
    DaprApiError::new(code, message).with_status_of(&status)
}

async fn call(
    context: &Context,
    app: &str,
    method: Method,
    path: String,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, DaprApiError> {
    if app != &*context.app_id {
        let message = format!(
            "failed to invoke, id: {app}, err: no such app; without a Dapr sidecar there is one, \"{}\"",
            context.app_id
        );
        return Err(DaprApiError::new(Code::DirectInvoke, message));
    }
    // Before the body: a call of no function costs no memory.
    let function = path.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    let body = if context.registry.get(function).is_some() { body } else { Body::empty() };
    let terms = Terms { limit: context.max_body_bytes, what: "the request body", setting: "max_body_bytes" };
    // What a function makes of a body that fails is its answer.
    let body = match incoming::take(body, terms, &context.memory).await {
        Ok((body, _)) => body,
        Err(Unread::TooLarge) => {
            let message = format!("the request body is larger than {} bytes (max_body_bytes)", context.max_body_bytes);
            return Err(DaprApiError::new(Code::DirectInvoke, message).with_status_of(&Code::PayloadTooLarge));
        }
        Err(other) => return Ok(error::unread(other)),
    };
    let origin = Origin::from_fields(fields(headers));
    let mut headers = pairs(headers);
    // A sidecar stamps these over whatever the caller claims; the request's id is this server's own.
    headers.retain(|(name, _)| !name.starts_with("dapr-") && name != REQUEST_ID.as_str());
    headers.push(("dapr-callee-app-id".to_owned(), app.to_owned()));
    let (head, method) = (method == Method::HEAD, method.as_str().to_owned());
    Ok(response(context.block.call(AppRequest { method, path, headers, body, origin }).await, head))
}

fn response(reply: AppReply, head: bool) -> Response {
    let streams = matches!(reply.body, Answered::Stream(_));
    let mut response = Response::new(streamed::body(reply.body));
    if streams {
        response.extensions_mut().insert(Streamed);
    }
    *response.status_mut() = status::from_number(reply.status);
    if let Some(reason) = reason_of(&reply.status_text) {
        response.extensions_mut().insert(reason);
    }
    for (name, value) in reply.headers {
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value_of(&value)) {
            response.headers_mut().append(name, value);
        }
    }
    if head && !response.headers().contains_key(header::CONTENT_LENGTH) {
        response.extensions_mut().insert(UnknownLength);
    }
    response.into_response()
}
