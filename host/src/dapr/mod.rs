//! The Dapr sidecar, as a client sees it: the only module that knows the URLs and headers of its HTTP API.
//!
//! Must not know: functions, capabilities. Reference: Dapr 1.18, HTTP API.
//!
//! # Layout
//! - `state`, `components`, `engines`: calls of the HTTP API, by building blocks
//! - `request`: how a call is put together and sent
//! - [`health`]: whether the sidecar is there; calls end as soon as it is not
//! - [`subscription`]: topics by gRPC streams, over one channel
//! - [`value`]: JSON in gRPC messages
mod components;
mod engines;
pub mod health;
mod request;
mod state;
pub mod subscription;
pub mod value;

pub use request::{Answer, segment, topic_path};

use crate::allowance::{Allowance, Refused};
use health::{Health, Pulse};
use hyper::Method;
use request::{Call, Http, own_path, reason};
use serde::Deserialize;
use std::time::Duration;
use tonic::transport::Channel;

/// A sidecar that does not take the connection within this time is absent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The header, or gRPC metadata, that carries a token of either direction.
pub const TOKEN: &str = "dapr-api-token";

/// A failed call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DaprError {
    /// The sidecar does not answer. Functions read this message, so it does not say where the sidecar is: the log does.
    #[error("the Dapr sidecar does not answer: {reason}")]
    Unavailable {
        /// The client's words.
        reason: String,
    },
    /// The sidecar refused; its own code and message.
    #[error("{message}")]
    Refused {
        status: u16,
        /// Dapr's `ERR_…` code; empty when it gave none.
        code: String,
        /// Dapr's message.
        message: String,
    },
    /// The answer is larger than the caller may take.
    #[error(transparent)]
    NotTaken(#[from] Refused),
}

impl DaprError {
    /// A write's precondition failed. In a transaction Dapr reports it only in the message, and so does redis always.
    pub fn is_mismatch(&self) -> bool {
        let told = |message: &str| {
            ["etag", "failed to set key", "failed to delete"].iter().any(|words| message.contains(words))
        };
        matches!(self, DaprError::Refused { status, message, .. } if *status == 409 || told(message))
    }

    /// The body is larger than the sidecar accepts. It reports that with a status or, if it notices while it reads, in
    /// words.
    pub fn is_too_large(&self) -> bool {
        matches!(self, DaprError::Refused { status, message, .. } if *status == 413 || message.contains("stream too large"))
    }
}

/// W3C trace context that a call passes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trace<'a> {
    /// `traceparent`.
    pub parent: Option<&'a str>,
    /// `tracestate`.
    pub state: Option<&'a str>,
    /// Bound of the answer; `None`: no bound.
    pub allowance: Option<&'a Allowance>,
}

impl<'a> From<Option<&'a str>> for Trace<'a> {
    fn from(parent: Option<&'a str>) -> Trace<'a> {
        Trace { parent, ..Trace::default() }
    }
}

/// The client. Cheap to clone; connections are kept.
#[derive(Clone)]
pub struct Sidecar {
    http: Http,
    base: String,
    token: Option<String>,
    pulse: Pulse,
    channel: Option<Channel>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ErrorBody {
    error_code: String,
    message: String,
}

impl Sidecar {
    /// A client of the sidecar at `base` (no slash at the end), and of its gRPC API if `grpc` is its URL; sends `token`
    /// with each call. Connects later.
    pub fn new(base: &str, grpc: Option<&str>, token: Option<&str>) -> Result<Sidecar, DaprError> {
        let channel = grpc.map(subscription::channel).transpose()?;
        Ok(Sidecar {
            http: Http::new(base)?,
            base: base.to_owned(),
            token: token.map(str::to_owned),
            pulse: Pulse::default(),
            channel,
        })
    }

    /// Its state when it was asked last.
    pub fn health(&self) -> Health {
        self.pulse.health()
    }

    /// Whether its gRPC API is known, and with it streaming subscriptions.
    pub fn streams(&self) -> bool {
        self.channel.is_some()
    }

    fn request<'a>(&self, method: Method, path: &str, trace: impl Into<Trace<'a>>) -> Call {
        let Trace { parent, state, allowance } = trace.into();
        let headers = [(TOKEN, self.token.as_deref()), ("traceparent", parent), ("tracestate", state)];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let call = Call::new(method, path.to_owned()).allowance(allowance.cloned().unwrap_or_default());
        headers.fold(call, |call, (name, value)| call.header(name, value))
    }

    fn unavailable(&self, reason: impl ToString) -> DaprError {
        DaprError::Unavailable { reason: reason.to_string() }
    }

    /// Waits for the answer as long as the sidecar is up: a slow store may take its time, a dead sidecar may not.
    async fn while_there<T>(&self, call: impl Future<Output = T>) -> Result<T, DaprError> {
        tokio::select! {
            biased;
            reason = self.pulse.absent() => Err(self.unavailable(reason)),
            answer = call => Ok(answer),
        }
    }

    async fn send(&self, call: Call) -> Result<Answer, DaprError> {
        self.while_there(self.http.send(call)).await??.map_err(|reason| self.unavailable(reason))
    }

    async fn expect(&self, call: Call) -> Result<Answer, DaprError> {
        let answer = self.send(call).await?;
        if answer.status < 400 {
            return Ok(answer);
        }
        let error: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message =
            if error.message.is_empty() { String::from_utf8_lossy(&answer.body).into_owned() } else { error.message };
        Err(DaprError::Refused { status: answer.status, code: error.error_code, message })
    }

    async fn post(&self, path: &str, body: Vec<u8>, trace: Trace<'_>) -> Result<Answer, DaprError> {
        self.expect(self.request(Method::POST, path, trace).header("content-type", "application/json").body(body)).await
    }
}

/// Metadata as query parameters: `metadata.x=y`.
fn in_query<'a>(metadata: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<(String, &'a str)> {
    metadata.into_iter().map(|(name, value)| (format!("metadata.{name}"), value.as_str())).collect()
}
