//! Language models behind the Dapr sidecar.
use super::{Converse, Models};
use crate::blocks::call::{CallContext, from_dapr};
use crate::code::OpError;
use crate::dapr::Sidecar;
use async_trait::async_trait;
use bytes::Bytes;

/// The backend.
pub struct Dapr(pub Sidecar);

#[async_trait]
impl Models for Dapr {
    async fn converse(&self, cx: &CallContext, Converse { component, request }: Converse) -> Result<Bytes, OpError> {
        Ok(self.0.converse(&component, request, cx.trace()).await.map_err(from_dapr)?.body)
    }
}
