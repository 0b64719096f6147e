//! Service invocation: `invoke.call`. A call to this host's own app-id stays in the process; others go to the sidecar.
pub mod grpc;
pub mod http;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, from_dapr, unknown};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use crate::dapr::Sidecar;
use crate::headers::is_reserved;
use crate::origin::{DEPTH, Origin, REQUEST_ID};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Functions that call each other this deep are taken for an endless chain.
pub const MAX_DEPTH: u32 = 16;

/// A call of an application.
#[derive(Clone, Debug)]
pub struct AppRequest {
    /// HTTP method.
    pub method: String,
    /// Path and query, with a slash at the start.
    pub path: String,
    /// Header pairs.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Where the call comes from.
    pub origin: Origin,
}

/// An application's answer.
#[derive(Clone, Debug)]
pub struct AppReply {
    /// HTTP status.
    pub status: u16,
    /// Its reason phrase, one character a byte; empty where it is the usual one.
    pub status_text: String,
    /// Header pairs, their values one character a byte.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// This host's own functions as an application; implemented where requests are served.
pub trait OwnApp: Send + Sync {
    /// Answers as the HTTP trigger would.
    fn call(&self, request: AppRequest) -> BoxFuture<'_, AppReply>;
}

/// The capability.
pub struct InvokeCapability {
    /// This host's app-id.
    pub app_id: String,
    /// This host's functions.
    pub own: Arc<dyn OwnApp>,
    /// The way to other applications.
    pub sidecar: Option<Sidecar>,
}

#[derive(Deserialize)]
struct Arguments {
    app: String,
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
}

fn get() -> String {
    "GET".to_owned()
}

impl Capability for InvokeCapability {
    fn name(&self) -> &'static str {
        "invoke"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        body: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            if verb != "call" {
                return Err(unknown(&format!("invoke.{verb}")));
            }
            let mut args: Arguments = arguments("invoke.call", args)?;
            grants::require(&cx.function, "apps", cx.grants.apps.as_ref(), &args.app)?;
            check_method(&args.method, &body)?;
            args.headers.retain(|(name, _)| !reserved(&name.to_ascii_lowercase()));
            if cx.origin.depth >= MAX_DEPTH {
                let message =
                    format!("functions called each other {MAX_DEPTH} deep; the chain ends here, in {}", cx.function);
                return Err(error(Code::Unavailable, message));
            }
            let called = json!({"app": args.app, "method": args.method, "path": args.path});
            let reply =
                if args.app == self.app_id { self.own(cx, args, body).await } else { self.other(cx, args, body).await };
            let reply = reply.map_err(|e| named(e, called))?;
            let head = json!({"status": reply.status, "statusText": reply.status_text, "headers": reply.headers});
            Ok((head, reply.body))
        })
    }
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
    async fn own(&self, cx: &CallContext, args: Arguments, body: Bytes) -> Result<AppReply, OpError> {
        let (mut headers, trace) = (args.headers, cx.trace());
        for (name, value) in [("traceparent", trace.parent), ("tracestate", trace.state)] {
            headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        }
        let path = format!("/{}", args.path.trim_start_matches('/'));
        let id = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(REQUEST_ID)).map(|(_, id)| id.as_str());
        let origin = cx.origin.child().named(id);
        Ok(self.own.call(AppRequest { method: args.method, path, headers, body, origin }).await)
    }

    async fn other(&self, cx: &CallContext, args: Arguments, body: Bytes) -> Result<AppReply, OpError> {
        let Some(sidecar) = &self.sidecar else {
            let message = format!(
                "there is no app {:?}: without a Dapr sidecar (DAPR_HTTP_PORT) only this host's own app-id {:?} can be called",
                args.app, self.app_id
            );
            return Err(error(Code::ComponentNotFound, message));
        };
        let method = hyper::Method::from_bytes(args.method.as_bytes())
            .map_err(|_| error(Code::InvalidArgument, format!("{:?} is no HTTP method", args.method)))?;
        // A sidecar may lead back here, by another name of this application.
        let mut headers = args.headers;
        headers.push((DEPTH.to_owned(), (cx.origin.depth + 1).to_string()));
        let answer =
            sidecar.invoke(&args.app, method, &args.path, &headers, body, cx.trace()).await.map_err(from_dapr)?;
        let (status_text, headers) = (answer.reason.clone(), answer.pairs());
        Ok(AppReply { status: answer.status, status_text, headers, body: answer.body })
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
