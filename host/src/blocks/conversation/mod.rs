//! Language models. The request and its answer are Dapr's JSON (alpha2). There is no embedded model.
pub mod guest;
pub mod sidecar;

use super::call::CallContext;
use crate::code::OpError;
use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;

/// Asks a model: `conversation.converse`.
#[derive(Clone, Debug, Deserialize)]
pub struct Converse {
    /// The component.
    pub component: String,
    /// Dapr's request.
    #[serde(skip)]
    pub request: Bytes,
}

/// Where models are.
#[async_trait]
pub trait Models: Send + Sync {
    /// Dapr's answer.
    async fn converse(&self, cx: &CallContext, converse: Converse) -> Result<Bytes, OpError>;
}
