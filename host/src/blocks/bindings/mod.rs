//! Output bindings.
//!
//! Owns: the request, and what bindings do with it; `address` what is below a binding's URL, `clients` the connections. Must not
//! know: who asks, what is at a binding's end.
mod address;
mod clients;
pub mod component;
pub mod embedded;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod sidecar;

use super::call::{CallContext, error};
use crate::code::{Code, OpError};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Runs an operation of a binding: `binding.invoke`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Invoke {
    /// The binding.
    pub name: String,
    /// What it is to do.
    pub operation: String,
    /// For the binding.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The data, as it is.
    #[serde(skip)]
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

/// The bindings of this host.
#[async_trait]
pub trait Bindings: Send + Sync {
    /// Runs an operation.
    async fn invoke(&self, cx: &CallContext, invoke: Invoke) -> Result<Answer, OpError>;
}

/// A failure in Dapr's words.
pub fn failed(name: &str, reason: &str) -> OpError {
    error(Code::InvokeOutputBinding, format!("error invoking output binding {name}: {reason}"))
}
