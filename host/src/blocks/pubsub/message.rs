//! A message to publish.
use base64::Engine;
use bytes::Bytes;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

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

/// An entry of a batch as a message, by the rules of Dapr's bulk publish: binary data is a base64 string, text and XML a string,
/// JSON and CloudEvents any JSON. Dapr takes no other type in a batch.
pub fn outgoing(
    entry_id: String,
    event: &RawValue,
    content_type: Option<String>,
    metadata: BTreeMap<String, String>,
) -> Result<Outgoing, String> {
    let content_type = content_type.unwrap_or_else(|| "application/json".to_owned());
    let text = || {
        serde_json::from_str::<String>(event.get())
            .map_err(|_| format!("entry {entry_id}: an event of type {content_type} must be a string"))
    };
    let data = match essence(&content_type).as_str() {
        "application/octet-stream" => base64::engine::general_purpose::STANDARD
            .decode(text()?)
            .map_err(|e| format!("entry {entry_id}: the event is not base64: {e}"))?,
        "application/json" | "application/cloudevents+json" => event.get().as_bytes().to_vec(),
        other if other.starts_with("text/") || other == "application/xml" => text()?.into_bytes(),
        other => return Err(format!("entry {entry_id}: the content type {other:?} cannot be published in a batch")),
    };
    Ok(Outgoing { entry_id, data: data.into(), content_type, metadata })
}

/// The media type without its parameters, in lower case.
pub fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
