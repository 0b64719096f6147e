//! Service invocation: calls of applications, this host's own among them.
//!
//! Owns: what a call and its answer are. Must not know: who calls, how an application is reached.
pub mod grpc;
pub mod guest;
pub mod http;
pub mod sidecar;

use super::call::CallContext;
use crate::body::Body;
use crate::code::OpError;
use crate::origin::Origin;
use async_trait::async_trait;

/// A call of an application.
#[derive(Debug)]
pub struct AppRequest {
    /// HTTP method.
    pub method: String,
    /// Path and query, with a slash at the start.
    pub path: String,
    /// Header pairs.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Where the call comes from.
    pub origin: Origin,
}

/// An application's answer.
#[derive(Debug)]
pub struct AppReply {
    /// HTTP status.
    pub status: u16,
    /// Its reason phrase, one character a byte; empty where it is the usual one.
    pub status_text: String,
    /// Header pairs, their values one character a byte.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// This host's own functions as an application; implemented where requests are served.
#[async_trait]
pub trait OwnApp: Send + Sync {
    /// Answers as the HTTP trigger would.
    async fn call(&self, request: AppRequest) -> AppReply;
}

/// Other applications.
#[async_trait]
pub trait Apps: Send + Sync {
    /// Calls an application by its app-id.
    async fn call(&self, cx: &CallContext, app: &str, request: AppRequest) -> Result<AppReply, OpError>;
}
