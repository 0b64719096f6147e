//! Calls of this host's functions from within the process: service invocation to its own app-id. No HTTP lies between, yet a function
//! sees, and its caller gets, what HTTP would have carried.
use super::reply::{Answer, OF_THE_ORIGIN, answer};
use super::{BODY, Context, admit, find, run};
use crate::blocks::invoke::{AppReply, AppRequest, OwnApp};
use crate::body::Body;
use crate::budget::SMALL;
use crate::budget::held::hold;
use crate::functions::{Function, Registry};
use crate::http::ApiError;
use crate::http::trust::{CALLER, FromSidecar};
use crate::http::wire::{REQUEST_ID, latin1, pairs, value_of};
use crate::invoke::{Calls, HttpReply, InvokeError};
use crate::origin::Origin;
use async_trait::async_trait;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use axum::response::{IntoResponse, Response};
use hyper::ext::ReasonPhrase;
use std::sync::Arc;

/// This host's functions as an application.
pub struct Local {
    /// Where functions are.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub calls: Calls,
    /// Largest body of a call, bytes.
    pub max_body_bytes: usize,
    /// Hide failures' details from callers.
    pub production: bool,
    /// This host's app-id.
    pub app_id: Arc<str>,
}

impl Local {
    fn context(&self) -> Result<Context, ApiError> {
        let Some(invoker) = self.calls.invoker() else {
            return Err(ApiError::of_invocation(&InvokeError::internal("the server has stopped"), self.production));
        };
        let (max_body_bytes, production) = (self.max_body_bytes, self.production);
        Ok(Context { registry: Arc::clone(&self.registry), invoker, max_body_bytes, production })
    }
}

#[async_trait]
impl OwnApp for Local {
    async fn call(&self, request: AppRequest) -> AppReply {
        let AppRequest { method, path, headers, body, origin } = request;
        // Nothing lies between the caller and this: the caller is this application, as a sidecar would say.
        let origin = Origin { caller: Some(Arc::clone(&self.app_id)), ..origin };
        let context = match self.context() {
            Ok(context) => context,
            Err(error) => return of_response(error.into_response()).await,
        };
        let parts = match parts(&self.app_id, &method, &path, &headers) {
            Ok(parts) => parts,
            Err(error) => return of_response(error.into_response()).await,
        };
        let mount = format!("/{}", parts.uri.path().trim_start_matches('/').split('/').next().unwrap_or_default());
        let function = match find(&context, &mount[1..]) {
            Ok(function) => function,
            Err(error) => return of_response(error.into_response()).await,
        };
        let id = HeaderValue::from_str(&origin.request_id).ok();
        let reply = match serve(&context, &function, mount, &parts, body, origin).await {
            Ok(reply) => answer(reply, parts.method == Method::HEAD, id.clone()),
            Err(error) => Err(error),
        };
        match reply {
            Ok(answer) => of_answer(answer),
            Err(error) => {
                let mut response = error.into_response();
                response.headers_mut().extend(id.map(|id| (REQUEST_ID, id)));
                of_response(response).await
            }
        }
    }
}

/// The head of the call as a request has one.
fn parts(app_id: &str, method: &str, path: &str, headers: &[(String, String)]) -> Result<Parts, ApiError> {
    let request = Request::builder().method(method).uri(path).extension(FromSidecar).body(());
    let request = request.map_err(|e| ApiError::bad_request(format!("the call is no HTTP request: {e}")))?;
    let (mut parts, ()) = request.into_parts();
    for (name, value) in headers {
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value_of(value)) {
            parts.headers.append(name, value);
        }
    }
    parts.headers.extend(HeaderValue::from_str(app_id).ok().map(|app| (CALLER, app)));
    Ok(parts)
}

async fn serve(
    context: &Context,
    function: &Arc<Function>,
    mount: String,
    parts: &Parts,
    body: Body,
    origin: Origin,
) -> Result<HttpReply, ApiError> {
    admit(context, function, &origin).await?;
    if body.length().is_some_and(|length| length > context.max_body_bytes as u64) {
        return Err(ApiError::too_large(BODY, context.max_body_bytes, "max_body_bytes"));
    }
    let body = match body {
        Body::Whole(bytes) => {
            let held = if bytes.len() > SMALL { bytes.len() } else { 0 };
            Body::Whole(hold(bytes, function.memory.take(held).map_err(|e| ApiError::no_memory(&e))?))
        }
        stream => stream,
    };
    run(context, function, mount, parts, body, origin).await
}

fn of_answer(answer: Answer) -> AppReply {
    let Answer { status, reason, mut headers, body, .. } = answer;
    for header in OF_THE_ORIGIN {
        headers.remove(header);
    }
    let status_text = reason.map_or_else(String::new, |reason| latin1(reason.as_bytes()));
    AppReply { status: status.as_u16(), status_text, headers: pairs(&headers), body }
}

/// A failure, in the words that HTTP has for it.
async fn of_response(response: Response) -> AppReply {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let reason = parts.extensions.get::<ReasonPhrase>();
    let status_text = reason.map_or_else(String::new, |reason| latin1(reason.as_bytes()));
    AppReply { status: parts.status.as_u16(), status_text, headers: pairs(&parts.headers), body: body.into() }
}
