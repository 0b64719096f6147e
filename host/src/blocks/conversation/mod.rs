//! Language models behind the Dapr sidecar: `conversation.converse`. The request and its answer are Dapr's JSON (alpha2); there is no
//! embedded model.
use crate::blocks::call::{CallContext, Capability, OpResult, arguments, from_dapr, no_sidecar, unknown};
use crate::blocks::grants;
use crate::dapr::Sidecar;
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The capability.
pub struct ConversationCapability(pub Option<Sidecar>);

#[derive(Deserialize)]
struct Arguments {
    component: String,
}

impl Capability for ConversationCapability {
    fn name(&self) -> &'static str {
        "conversation"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        body: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            if verb != "converse" {
                return Err(unknown(&format!("conversation.{verb}")));
            }
            let Arguments { component } = arguments("conversation.converse", args)?;
            grants::require(&cx.function, "components", cx.grants.components.as_ref(), &component)?;
            let sidecar = self.0.as_ref().ok_or_else(|| no_sidecar("conversations"))?;
            let answer = sidecar.converse(&component, body, cx.trace()).await.map_err(from_dapr)?;
            Ok((json!({}), answer.body))
        })
    }
}
