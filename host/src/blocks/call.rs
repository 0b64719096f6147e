//! Operations: what a function asks of a block.
//!
//! Owns: the seam that every operation passes, who calls, how failures are reported. Must not know: HTTP, the sandbox, any block.
use super::grants::Grants;
use super::turn::Turn;
use crate::allowance::Allowance;
use crate::budget::{BudgetError, Purse};
use crate::code::{Code, OpError};
use crate::dapr::{DaprError, Trace};
use crate::origin::Origin;
use crate::quotas::QuotaExceeded;
use crate::store::StoreError;
use async_trait::async_trait;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
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
    pub turn: Option<Arc<Turn>>,
    /// Whose memory results take.
    pub memory: Purse,
    /// What its results and the host's work for it may take.
    pub allowance: Allowance,
}

/// Functions that call each other this deep are taken for an endless chain.
const MAX_DEPTH: u32 = 16;

impl CallContext {
    /// Refuses a call that would go too deep.
    pub fn check_depth(&self) -> Result<(), OpError> {
        if self.origin.depth < MAX_DEPTH {
            return Ok(());
        }
        let message =
            format!("functions called each other {MAX_DEPTH} deep; the chain ends here, in {}", self.function);
        Err(error(Code::Unavailable, message))
    }

    /// Both parts of the trace context.
    pub fn trace(&self) -> Trace<'_> {
        let allowance = Some(&self.allowance);
        let Origin { traceparent, tracestate, .. } = &self.origin;
        Trace { parent: Some(traceparent), state: tracestate.as_deref(), allowance }
    }
}

/// The result of an operation: fields for the completion's head, and the raw body.
pub type OpResult = Result<(Value, Bytes), OpError>;

/// One operation as a function submits it.
pub struct Operation<'a> {
    /// Its name, `capability.verb`.
    pub op: &'a str,
    /// The head's fields beside `id` and `op`.
    pub args: Map<String, Value>,
    /// The raw body.
    pub body: Bytes,
}

impl<'a> Operation<'a> {
    /// The word after the dot.
    pub fn verb(&self) -> &'a str {
        self.op.split_once('.').map_or("", |(_, verb)| verb)
    }

    /// The arguments as a type; what does not fit is the caller's error. An argument that is null counts as absent.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, OpError> {
        let given = self.args.iter().filter(|(_, value)| !value.is_null());
        let given = MapDeserializer::<_, serde_json::Error>::new(given.map(|(name, value)| (name.as_str(), value)));
        T::deserialize(given).map_err(|e| self.invalid(e))
    }

    /// The error for arguments that are wrong.
    pub fn invalid(&self, reason: impl std::fmt::Display) -> OpError {
        error(Code::InvalidArgument, format!("{}: {reason}", self.op))
    }

    /// The error for an operation that no capability serves.
    pub fn unknown(&self) -> OpError {
        error(Code::UnknownOperation, format!("no capability serves the operation \"{}\"", self.op))
    }
}

/// One family of operations, such as `state.*`.
#[async_trait]
pub trait Capability: Send + Sync {
    /// The word before the dot in its operations' names.
    fn name(&self) -> &'static str;

    /// Whether its operations compute more than their size tells, so that they never run on a worker's thread.
    fn computes(&self) -> bool {
        false
    }

    /// Runs one operation.
    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult;
}

/// Every capability there is.
pub struct Capabilities(Vec<Box<dyn Capability>>);

impl Capabilities {
    /// A table of these.
    pub fn new(capabilities: Vec<Box<dyn Capability>>) -> Capabilities {
        Capabilities(capabilities)
    }

    fn find(&self, op: &str) -> Option<&dyn Capability> {
        let name = op.split_once('.').map_or(op, |(name, _)| name);
        self.0.iter().find(|capability| capability.name() == name).map(Box::as_ref)
    }

    /// Whether the operation computes more than its size tells.
    pub fn computes(&self, op: &str) -> bool {
        self.find(op).is_some_and(Capability::computes)
    }

    /// Runs one operation, named `capability.verb`.
    pub async fn call(&self, cx: &CallContext, op: &str, args: Map<String, Value>, body: Bytes) -> OpResult {
        let operation = Operation { op, args, body };
        match self.find(op) {
            Some(capability) => {
                let (head, body) = capability.call(cx, operation).await?;
                cx.allowance.cover(body.len())?;
                Ok((head, body))
            }
            None => Err(operation.unknown()),
        }
    }
}

/// An error without details.
pub fn error(code: Code, message: impl Into<String>) -> OpError {
    OpError { code, message: message.into(), details: Value::Null }
}

/// The error for a result that the process has no memory for now.
pub fn no_memory(e: BudgetError) -> OpError {
    error(Code::MemoryBudget, e.to_string())
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
