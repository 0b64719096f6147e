//! Capabilities: what a function may ask of the world. One folder each, one registration line in `app.rs`.
//!
//! Owns: the seam that every operation passes; `grants` what a function may reach. Must not know: HTTP, the sandbox.
use super::actors;
use super::grants::Grants;
use crate::allowance::Allowance;
use crate::budget::{BudgetError, Purse};
use crate::code::{Code, OpError};
use crate::dapr::{DaprError, Trace};
use crate::origin::Origin;
use crate::quotas::QuotaExceeded;
use crate::store::StoreError;
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Whose operation it is.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The calling function's name.
    pub function: Arc<str>,
    /// What it may reach.
    pub grants: Arc<Grants>,
    /// Where its invocation comes from.
    pub origin: Origin,
    /// The turn that it belongs to, if an actor makes it.
    pub turn: Option<Arc<actors::Turn>>,
    /// Whose memory results take.
    pub memory: Purse,
    /// What its results and the host's work for it may take.
    pub allowance: Allowance,
}

impl CallContext {
    /// Both parts of the trace context.
    pub fn trace(&self) -> Trace<'_> {
        let allowance = Some(&self.allowance);
        let Origin { traceparent, tracestate, .. } = &self.origin;
        Trace { parent: Some(traceparent), state: tracestate.as_deref(), allowance }
    }
}

/// The result of an operation: fields for the completion's head, and the raw body.
pub type OpResult = Result<(Value, Bytes), OpError>;

/// One family of operations, such as `state.*`.
pub trait Capability: Send + Sync {
    /// The word before the dot in its operations' names.
    fn name(&self) -> &'static str;

    /// Runs one operation. `verb` is the word after the dot; `args` the head's fields beside `id` and `op`.
    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        body: Bytes,
    ) -> BoxFuture<'a, OpResult>;
}

/// Every capability there is.
pub struct Capabilities(Vec<Box<dyn Capability>>);

impl Capabilities {
    /// A table of these.
    pub fn new(capabilities: Vec<Box<dyn Capability>>) -> Capabilities {
        Capabilities(capabilities)
    }

    /// Runs one operation, named `capability.verb`.
    pub async fn call(&self, cx: &CallContext, op: &str, args: Map<String, Value>, body: Bytes) -> OpResult {
        let (name, verb) = op.split_once('.').unwrap_or((op, ""));
        match self.0.iter().find(|capability| capability.name() == name) {
            Some(capability) => {
                let (head, body) = capability.call(cx, verb, args, body).await?;
                cx.allowance.cover(body.len())?;
                Ok((head, body))
            }
            None => Err(unknown(op)),
        }
    }
}

/// The error for an operation that no capability serves.
pub fn unknown(op: &str) -> OpError {
    error(Code::UnknownOperation, format!("no capability serves the operation \"{op}\""))
}

/// An error without details.
pub fn error(code: Code, message: impl Into<String>) -> OpError {
    OpError { code, message: message.into(), details: Value::Null }
}

/// The error for a result that the process has no memory for now.
pub fn no_memory(e: BudgetError) -> OpError {
    error(Code::MemoryBudget, e.to_string())
}

/// The arguments as a type; what does not fit is the caller's error.
pub fn arguments<T: DeserializeOwned>(op: &str, args: Map<String, Value>) -> Result<T, OpError> {
    serde_json::from_value(Value::Object(args)).map_err(|e| error(Code::InvalidArgument, format!("{op}: {e}")))
}

/// The error for a component that the embedded default does not have, with those that it has.
pub fn no_component<'a>(code: Code, what: &str, names: impl Iterator<Item = &'a String>) -> OpError {
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    let there = match names.as_slice() {
        [] => "is none".to_owned(),
        [one] => format!("is one, named {one}"),
        all => format!("are {}", all.join(", ")),
    };
    error(code, format!("{what} not found; without a Dapr sidecar there {there}"))
}

/// What Dapr takes for true.
pub fn truthy(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "y" | "yes" | "true" | "t" | "on" | "1")
}

/// What only a sidecar has.
pub fn no_sidecar(what: &str) -> OpError {
    error(Code::Unavailable, format!("{what} need a Dapr sidecar, and there is none: DAPR_HTTP_PORT says where one is"))
}

/// A failure of the database as a function sees it.
pub fn from_store(e: &StoreError) -> OpError {
    if let StoreError::Quota(exceeded) = e {
        return quota_exceeded(exceeded);
    }
    tracing::error!("{e}");
    error(Code::OperationFailed, e.to_string())
}

/// What was to be kept exceeds a quota, which the details name.
pub fn quota_exceeded(e: &QuotaExceeded) -> OpError {
    let details = json!({"quota": e.quota(), "limit": e.limit, "actual": e.actual, "setting": e.setting()});
    OpError { code: Code::QuotaExceeded, message: e.to_string(), details }
}

/// A failure of the sidecar as a function sees it.
pub fn from_dapr(e: DaprError) -> OpError {
    match e {
        DaprError::Unavailable { .. } => error(Code::SidecarUnavailable, e.to_string()),
        DaprError::NotTaken(refused) => refused.into(),
        DaprError::Refused { status: 409, message, .. } => error(Code::EtagMismatch, message),
        DaprError::Refused { code, message, .. } if code.is_empty() => error(Code::Unavailable, message),
        DaprError::Refused { code, message, .. } => error(Code::from(code.as_str()), message),
    }
}
