//! Publishing: `pubsub.publish`, `publishMany`. Backends: `embedded`, `sidecar`. `event` wraps messages as Dapr does, `scopes` says which
//! topics may be used.
pub mod embedded;
pub mod event;
pub mod grpc;
pub mod http;
pub mod scopes;
pub mod sidecar;

pub use scopes::{Brokers, Scopes};

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The broker that a function means when it names none.
pub const DEFAULT_PUBSUB: &str = "pubsub";

/// A message to publish.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Names it within a batch; empty otherwise.
    pub entry_id: String,
    /// The data, or a CloudEvent when the content type says so.
    pub data: Bytes,
    /// Media type of `data`.
    pub content_type: String,
    /// Dapr's metadata: `ttlInSeconds`, `rawPayload`, `cloudevent.*`.
    pub metadata: BTreeMap<String, String>,
}

/// An entry of a batch that was not published, and why.
pub type Failed = (String, String);

/// Where messages go.
pub trait Broker: Send + Sync {
    /// Publishes messages, durably; the entries that failed.
    fn publish<'a>(
        &'a self,
        cx: &'a CallContext,
        pubsub: &'a str,
        topic: &'a str,
        messages: Vec<Outgoing>,
    ) -> BoxFuture<'a, Result<Vec<Failed>, OpError>>;
}

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

impl Capability for PubsubCapability {
    fn name(&self) -> &'static str {
        "pubsub"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        body: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            let args: Arguments = arguments(&format!("pubsub.{verb}"), args)?;
            let pubsub = args.pubsub.as_deref().unwrap_or(DEFAULT_PUBSUB);
            if args.topic.is_empty() {
                return Err(error(Code::InvalidArgument, "a topic cannot be empty"));
            }
            may_publish(cx, pubsub, &args.topic)?;
            let readable = |metadata: &BTreeMap<String, String>| {
                event::check_metadata(metadata)
                    .map_err(|e| error(Code::InvalidArgument, format!("pubsub.{verb}: metadata: {e}")))
            };
            readable(&args.metadata)?;
            match verb {
                "publish" => {
                    let content_type = args.content_type.unwrap_or_else(|| "application/json".to_owned());
                    let message =
                        Outgoing { entry_id: String::new(), data: body, content_type, metadata: args.metadata };
                    let failed = self.0.publish(cx, pubsub, &args.topic, vec![message]).await?;
                    match failed.into_iter().next() {
                        Some((_, reason)) => Err(error(Code::PubsubPublishMessage, reason)),
                        None => Ok((json!({}), Bytes::new())),
                    }
                }
                "publishMany" => {
                    let entries: Vec<Entry> = serde_json::from_slice(&body)
                        .map_err(|e| error(Code::InvalidArgument, format!("pubsub.publishMany: {e}")))?;
                    let messages =
                        entries.into_iter().map(|e| outgoing(e.entry_id, e.event, e.content_type, e.metadata));
                    let messages: Vec<Outgoing> =
                        messages.collect::<Result<_, _>>().map_err(|e| error(Code::InvalidArgument, e))?;
                    messages.iter().try_for_each(|message| readable(&message.metadata))?;
                    let failed = self.0.publish(cx, pubsub, &args.topic, messages).await?;
                    let failed: Vec<Value> =
                        failed.into_iter().map(|(id, e)| json!({"entryId": id, "error": e})).collect();
                    Ok((json!({ "failed": failed }), Bytes::new()))
                }
                other => Err(unknown(&format!("pubsub.{other}"))),
            }
        })
    }
}

/// Refuses a topic that the function's grants leave out.
pub fn may_publish(cx: &CallContext, pubsub: &str, topic: &str) -> Result<(), OpError> {
    grants::require(&cx.function, "topics", cx.grants.topics.as_ref(), &format!("{pubsub}/{topic}"))
}

/// An entry of a batch as a message, by the rules of Dapr's bulk publish: binary data is a base64 string, text and XML a string,
/// JSON and CloudEvents any JSON. Dapr takes no other type in a batch.
pub fn outgoing(
    entry_id: String,
    event: &RawValue,
    content_type: Option<String>,
    metadata: BTreeMap<String, String>,
) -> Result<Outgoing, String> {
    use base64::Engine;
    let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
    let text = || {
        serde_json::from_str::<String>(event.get())
            .map_err(|_| format!("entry {entry_id}: an event of type {content_type} must be a string"))
    };
    let data = match event::essence(&content_type).as_str() {
        "application/octet-stream" => base64::engine::general_purpose::STANDARD
            .decode(text()?)
            .map_err(|e| format!("entry {entry_id}: the event is not base64: {e}"))?,
        "application/json" | "application/cloudevents+json" => event.get().as_bytes().to_vec(),
        other if other.starts_with("text/") || other == "application/xml" => text()?.into_bytes(),
        other => return Err(format!("entry {entry_id}: the content type {other:?} cannot be published in a batch")),
    };
    Ok(Outgoing { entry_id, data: data.into(), content_type, metadata })
}
