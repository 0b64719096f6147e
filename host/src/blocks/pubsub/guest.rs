//! The verbs of functions: `pubsub.publish`, `publishMany`.
use super::{Broker, DEFAULT_PUBSUB, Outgoing, Publish, event, outgoing};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, error};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The capability.
pub struct PubsubCapability(pub Arc<dyn Broker>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    pubsub: Option<String>,
    topic: String,
    content_type: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// One entry of a batch's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    entry_id: String,
    #[serde(borrow)]
    event: &'a RawValue,
    content_type: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[async_trait]
impl Capability for PubsubCapability {
    fn name(&self) -> &'static str {
        "pubsub"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        let Arguments { pubsub, topic, content_type, metadata } = operation.arguments()?;
        let pubsub = pubsub.unwrap_or_else(|| DEFAULT_PUBSUB.to_owned());
        if topic.is_empty() {
            return Err(error(Code::InvalidArgument, "a topic cannot be empty"));
        }
        may_publish(cx, &pubsub, &topic)?;
        let readable = |metadata: &BTreeMap<String, String>| {
            event::check_metadata(metadata).map_err(|e| operation.invalid(format!("metadata: {e}")))
        };
        readable(&metadata)?;
        match operation.verb() {
            "publish" => {
                let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
                let message = Outgoing { entry_id: String::new(), data: operation.body, content_type, metadata };
                let failed = self.0.publish(cx, Publish { pubsub, topic, messages: vec![message] }).await?;
                match failed.into_iter().next() {
                    Some((_, reason)) => Err(error(Code::PubsubPublishMessage, reason)),
                    None => Ok((json!({}), Bytes::new())),
                }
            }
            "publishMany" => {
                let entries: Vec<Entry> = serde_json::from_slice(&operation.body).map_err(|e| operation.invalid(e))?;
                let messages = entries.into_iter().map(|e| outgoing(e.entry_id, e.event, e.content_type, e.metadata));
                let messages: Vec<Outgoing> =
                    messages.collect::<Result<_, _>>().map_err(|e| error(Code::InvalidArgument, e))?;
                messages.iter().try_for_each(|message| readable(&message.metadata))?;
                let failed = self.0.publish(cx, Publish { pubsub, topic, messages }).await?;
                let failed: Vec<Value> = failed.into_iter().map(|(id, e)| json!({"entryId": id, "error": e})).collect();
                Ok((json!({ "failed": failed }), Bytes::new()))
            }
            _ => Err(operation.unknown()),
        }
    }
}

/// Refuses a topic that the function's grants leave out.
pub fn may_publish(cx: &CallContext, pubsub: &str, topic: &str) -> Result<(), OpError> {
    grants::require(&cx.function, "topics", cx.grants.topics.as_ref(), &format!("{pubsub}/{topic}"))
}
