//! Capabilities: what a function may ask of the world. One folder each, one registration line in [`crate::app`].
//!
//! Owns: the seam that every operation passes, grants. Must not know: HTTP, the sandbox.
use bytes::Bytes;
use daplet_abi::op::OpError;
use futures::future::BoxFuture;
use serde_json::{Map, Value};

/// Whose operation it is.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The calling function's name.
    pub function: std::sync::Arc<str>,
    /// What it may reach.
    pub grants: std::sync::Arc<Grants>,
    /// W3C trace context to pass on.
    pub traceparent: Option<String>,
}

/// What a function may reach beyond its own key space: least privilege, explicit in the upload (`grants`).
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Grants {
    /// Shared state spaces that the function may use: `state(store, { space })`.
    pub spaces: Vec<String>,
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
