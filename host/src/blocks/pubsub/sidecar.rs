//! Publishing through the Dapr sidecar.
use super::{Broker, Failed, Outgoing, Publish};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::blocks::json::Json;
use crate::code::{Code, OpError};
use crate::dapr::Sidecar;
use async_trait::async_trait;
use base64::Engine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The backend.
pub struct Dapr(pub Sidecar);

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BulkAnswer {
    failed_entries: Vec<FailedEntry>,
    error_code: String,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedEntry {
    entry_id: String,
    #[serde(default)]
    error: String,
}

#[async_trait]
impl Broker for Dapr {
    async fn publish(&self, cx: &CallContext, publish: Publish) -> Result<Vec<Failed>, OpError> {
        let Publish { pubsub, topic, messages } = publish;
        let (pubsub, topic) = (pubsub.as_str(), topic.as_str());
        let trace = cx.trace();
        if let [message] = messages.as_slice()
            && message.entry_id.is_empty()
        {
            let metadata: Vec<(String, String)> = message.metadata.clone().into_iter().collect();
            let sent =
                self.0.publish(pubsub, topic, &message.content_type, &metadata, message.data.clone(), trace).await;
            return sent.map(|()| Vec::new()).map_err(from_dapr);
        }
        let entries: Vec<Entry> = messages.iter().map(entry).collect();
        let body = serde_json::to_vec(&entries).map_err(|e| error(Code::OperationFailed, e.to_string()))?;
        let answer = self.0.publish_bulk(pubsub, topic, body, trace).await.map_err(from_dapr)?;
        if answer.status < 300 {
            return Ok(Vec::new());
        }
        let answer: BulkAnswer = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.failed_entries.is_empty() {
            return Err(error(Code::from(answer.error_code.as_str()), answer.message));
        }
        Ok(answer.failed_entries.into_iter().map(|failed| (failed.entry_id, failed.error)).collect())
    }
}

/// An entry of Dapr's bulk publish.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    entry_id: &'a str,
    event: Json,
    content_type: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

fn entry(message: &Outgoing) -> Entry<'_> {
    let text = || Json::of(&String::from_utf8_lossy(&message.data));
    let event = match super::message::essence(&message.content_type).as_str() {
        "application/octet-stream" => Json::of(&base64::engine::general_purpose::STANDARD.encode(&message.data)),
        "application/json" | "application/cloudevents+json" => {
            serde_json::from_slice(&message.data).unwrap_or_else(|_| text())
        }
        _ => text(),
    };
    Entry { entry_id: &message.entry_id, event, content_type: &message.content_type, metadata: &message.metadata }
}
