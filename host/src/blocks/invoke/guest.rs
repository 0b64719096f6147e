//! The verb of functions: `invoke.call`. A call to this host's own app-id stays in the process; others go to the sidecar.
use super::{AppReply, AppRequest, Apps, OwnApp};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, error};
use crate::blocks::grants;
use crate::body::Body;
use crate::code::{Code, OpError};
use crate::headers::is_reserved;
use crate::origin::{DEPTH, REQUEST_ID};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The capability.
pub struct InvokeCapability {
    /// This host's app-id.
    pub app_id: Arc<str>,
    /// This host's functions.
    pub own: Arc<dyn OwnApp>,
    /// Other applications; without a sidecar there are none.
    pub others: Option<Arc<dyn Apps>>,
}

#[derive(Deserialize)]
struct Arguments {
    app: String,
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// A body of the answer that streams is wanted as a stream.
    #[serde(default)]
    stream: bool,
}

fn get() -> String {
    "GET".to_owned()
}

#[async_trait]
impl Capability for InvokeCapability {
    fn name(&self) -> &'static str {
        "invoke"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        if operation.verb() != "call" {
            return Err(operation.unknown());
        }
        let Arguments { app, method, path, mut headers, stream } = operation.arguments()?;
        let body = operation.body;
        grants::require(&cx.function, "apps", cx.grants.apps.as_ref(), &app)?;
        check_method(&method, &body)?;
        headers.retain(|(name, _)| !reserved(&name.to_ascii_lowercase()));
        cx.check_depth()?;
        let called = json!({"app": app, "method": method, "path": path});
        let request = AppRequest { method, path, headers, body: body.into(), origin: cx.origin.child() };
        let reply =
            if *app == *self.app_id { Ok(self.own(cx, request).await) } else { self.other(cx, &app, request).await };
        let reply = reply.map_err(|e| named(e, called))?;
        let mut head = json!({"status": reply.status, "statusText": reply.status_text, "headers": reply.headers});
        match reply.body {
            Body::Stream(body) if stream => {
                head["stream"] = cx.resources.insert(body)?.into();
                Ok((head, Bytes::new()))
            }
            body => Ok((head, whole(cx, body).await?)),
        }
    }
}

/// A body as a function has it that takes results whole, within its allowance.
async fn whole(cx: &CallContext, body: Body) -> Result<Bytes, OpError> {
    let mut stream = match body {
        Body::Whole(bytes) => return Ok(bytes),
        Body::Stream(stream) => stream,
    };
    let mut gathered = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        cx.allowance.take(chunk.len())?;
        gathered.extend_from_slice(&chunk);
    }
    Ok(gathered.freeze())
}

/// Headers that are not a function's to set: what only the host sets, who calls in Dapr's words, and the trace, which goes on by
/// itself.
fn reserved(name: &str) -> bool {
    is_reserved(name) || name.starts_with("dapr-") || matches!(name, "traceparent" | "tracestate" | DEPTH)
}

/// Refuses what `fetch` refuses too (WHATWG Fetch §2.2.1, §5.3): methods that speak to the connection or have credentials told, and
/// bodies where a server may not look for one and take it for the next request.
fn check_method(method: &str, body: &[u8]) -> Result<(), OpError> {
    let is = |names: &[&str]| names.iter().any(|name| method.eq_ignore_ascii_case(name));
    if is(&["CONNECT", "TRACE", "TRACK"]) {
        return Err(error(Code::InvalidArgument, format!("invoke.call: the method {method} cannot be used")));
    }
    if is(&["GET", "HEAD"]) && !body.is_empty() {
        return Err(error(Code::InvalidArgument, format!("invoke.call: {method} cannot have a body")));
    }
    Ok(())
}

/// An error that says what was called.
fn named(e: OpError, called: Value) -> OpError {
    let text = |name: &str| called[name].as_str().unwrap_or_default().to_owned();
    let message = format!("{} {} of the app {:?}: {}", text("method"), text("path"), text("app"), e.message);
    OpError { message, details: if e.details.is_null() { called } else { e.details }, ..e }
}

impl InvokeCapability {
    async fn own(&self, cx: &CallContext, mut request: AppRequest) -> AppReply {
        let trace = cx.trace();
        for (name, value) in [("traceparent", trace.parent), ("tracestate", trace.state)] {
            request.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        }
        let id = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(REQUEST_ID));
        request.origin = request.origin.named(id.map(|(_, id)| id.as_str()));
        request.path = format!("/{}", request.path.trim_start_matches('/'));
        self.own.call(request).await
    }

    async fn other(&self, cx: &CallContext, app: &str, request: AppRequest) -> Result<AppReply, OpError> {
        let Some(others) = &self.others else {
            let message = format!(
                "there is no app {app:?}: without a Dapr sidecar (DAPR_HTTP_PORT) only this host's own app-id {:?} can be called",
                self.app_id
            );
            return Err(error(Code::ComponentNotFound, message));
        };
        others.call(cx, app, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fetch_refuses_is_refused() {
        for method in ["CONNECT", "connect", "Trace", "TRACK"] {
            assert!(check_method(method, b"").is_err_and(|e| e.message.contains(method)), "{method}");
        }
        for method in ["GET", "head"] {
            assert!(check_method(method, b"x").is_err() && check_method(method, b"").is_ok(), "{method}");
        }
        assert!(["POST", "DELETE", "OPTIONS", "QUERY"].iter().all(|method| check_method(method, b"x").is_ok()));
        for name in ["host", "content-length", "dapr-app-id", "traceparent", DEPTH] {
            assert!(reserved(name), "{name}");
        }
        assert!(!reserved("x-mine"));
    }
}
