//! `/functions`: list, describe, read and remove functions; [`super::upload`] takes uploads.
use super::context::Context;
use super::describe::{describe, describe_whole};
use super::entity::{precondition, tagged};
use super::upload::{post, put};
use crate::code::Code;
use crate::functions::source::Language;
use crate::functions::{Function, FunctionName};
use crate::http::flight::held_answers;
use crate::http::trust::{self, CALLER, FromSidecar};
use crate::http::wire::DEPTH;
use crate::http::{ApiError, status};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::sync::Arc;

/// The management routes.
pub fn routes(context: Context) -> Router {
    let refuse_invoked = context.refuse_invoked;
    let one = get(show).put(put).delete(remove).fallback(not_allowed);
    let memory = context.memory.clone();
    let router = Router::new()
        .route("/functions", get(list).post(post).fallback(not_allowed))
        .route("/functions/{name}", one)
        .route("/functions/{name}/source", get(source).fallback(not_allowed))
        .merge(super::actors::routes())
        .layer(from_fn(move |request, next| refuse(refuse_invoked, request, next)))
        .with_state(context);
    held_answers(router, memory, |unread| ApiError::unread(unread).into_response())
}

/// An application that invokes itself is not named as a caller by its sidecar: a token shows it, and functions leave a mark.
async fn refuse(invoked: bool, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let came_through = headers.contains_key(CALLER) || headers.contains_key(DEPTH);
    if invoked && (came_through || request.extensions().get::<FromSidecar>().is_some()) {
        let detail = "functions are not managed through service invocation (setting manage_through_dapr); use the address of --listen";
        return ApiError::new(Code::Forbidden, detail).into_response();
    }
    next.run(request).await
}

/// The answer to every other path at an address that serves only management.
pub async fn elsewhere() -> ApiError {
    let detail =
        "management and health are here (setting admin_listen); functions are called at the address of --listen";
    ApiError::new(Code::NotFound, detail)
}

async fn not_allowed(method: Method) -> ApiError {
    let detail =
        format!("{method} is not supported here; GET, POST and PUT upload or read functions, DELETE removes one");
    ApiError::new(Code::MethodNotAllowed, detail)
        .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE"))
}

/// The function as it is now, whichever replica changed it last.
async fn find(context: &Context, name: &str) -> Result<Arc<Function>, ApiError> {
    context.registry.refresh().await?;
    context.registry.get(name).ok_or_else(|| ApiError::absent(&context.registry, name))
}

async fn list(State(context): State<Context>) -> Result<Response, ApiError> {
    context.registry.refresh().await?;
    let mut functions: Vec<Value> = context.registry.list().iter().map(|function| describe(function)).collect();
    let damaged = context.registry.damaged();
    functions
        .extend(damaged.iter().map(|(name, reason)| json!({"name": name, "state": "outOfService", "reason": reason})));
    Ok(axum::Json(json!({ "functions": functions })).into_response())
}

async fn show(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let function = find(&context, &name).await?;
    Ok(tagged(&headers, &function, || axum::Json(describe_whole(&function))))
}

async fn source(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let function = find(&context, &name).await?;
    let media_type = match function.record.language {
        Language::JavaScript => "text/javascript; charset=utf-8",
        Language::TypeScript => "text/typescript; charset=utf-8",
    };
    let whole = || ([(header::CONTENT_TYPE, media_type)], function.record.source.clone());
    Ok(tagged(&headers, &function, whole))
}

async fn remove(
    State(context): State<Context>,
    Path(name): Path<String>,
    (headers, extensions): (HeaderMap, Extensions),
) -> Result<Response, ApiError> {
    context.registry.refresh().await?;
    let named = FunctionName::new(&name).map_err(|_| ApiError::no_function(&name))?;
    let live = context.registry.get(&name);
    match context.deployer.remove(&named, precondition(&headers)).await? {
        true => {
            context.audit(&name, (live.as_deref(), None), trust::source(&extensions));
            Ok(status::NO_CONTENT.into_response())
        }
        false => Err(ApiError::no_function(&name)),
    }
}
