//! Output bindings: `binding.invoke`.
//!
//! Owns: the operation, its arguments, the grant `bindings`; `address` what is below a binding's URL, `clients` the connections. Must
//! not know: what is at a binding's end. Backends: `embedded`, `sidecar`.
mod address;
mod clients;
pub mod embedded;
pub mod grpc;
pub mod http;
pub mod sidecar;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is asked of a binding.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// The binding.
    pub name: String,
    /// What it is to do.
    pub operation: String,
    /// For the binding.
    pub metadata: BTreeMap<String, String>,
    /// The data, as it is.
    pub data: Bytes,
}

/// What a binding answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What it tells beside the data.
    pub metadata: BTreeMap<String, String>,
    /// The data.
    pub data: Bytes,
}

/// The bindings there are.
pub trait Bindings: Send + Sync {
    /// Runs an operation.
    fn invoke<'a>(&'a self, cx: &'a CallContext, outgoing: Outgoing) -> BoxFuture<'a, Result<Answer, OpError>>;
}

/// The capability.
pub struct BindingCapability(pub Arc<dyn Bindings>);

#[derive(Deserialize)]
struct Arguments {
    name: String,
    operation: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Capability for BindingCapability {
    fn name(&self) -> &'static str {
        "binding"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        data: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            if verb != "invoke" {
                return Err(unknown(&format!("binding.{verb}")));
            }
            let Arguments { name, operation, metadata } = arguments("binding.invoke", args)?;
            grants::require(&cx.function, "bindings", cx.grants.bindings.as_ref(), &name)?;
            let answer = self.0.invoke(cx, Outgoing { name, operation, metadata, data }).await?;
            Ok((json!({ "metadata": answer.metadata }), answer.data))
        })
    }
}

/// A failure in Dapr's words.
pub fn failed(name: &str, reason: &str) -> OpError {
    error(Code::InvokeOutputBinding, format!("error invoking output binding {name}: {reason}"))
}
