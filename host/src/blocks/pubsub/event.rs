//! CloudEvents 1.0 as Dapr wraps them. Pure functions. Source: dapr 1.18, pkg/runtime/pubsub and contrib pubsub/envelope.
//!
//! Data and attributes are spliced, not rebuilt: an event says its numbers as its publisher did.
use super::message::{Outgoing, essence};
use crate::blocks::jobs::schedule::duration;
use crate::dapr::Trace;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The source of an event that names none.
const SOURCE: &str = "Dapr";
/// The type of an event that names none.
const TYPE: &str = "com.dapr.event.sent";

/// What wrapping needs to know beside the message.
pub struct Envelope<'a> {
    /// The publisher's app-id; the event's `source`.
    pub app_id: &'a str,
    /// Component name.
    pub pubsub: &'a str,
    /// Topic name.
    pub topic: &'a str,
    /// W3C trace context.
    pub trace: Trace<'a>,
}

/// An event on its way: its text as it was published, and its attributes, by which it is routed.
#[derive(Clone, Debug)]
pub struct Event {
    text: Vec<u8>,
    members: Map<String, Value>,
}

impl std::ops::Deref for Event {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Map<String, Value> {
        &self.members
    }
}

impl Event {
    /// The event of a text; `None` where that is not a JSON object.
    pub fn read(text: Vec<u8>) -> Option<Event> {
        match serde_json::from_slice(&text) {
            Ok(Value::Object(members)) => Some(Event { text, members }),
            _ => None,
        }
    }

    /// The JSON text that is delivered.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The texts of the members.
    pub fn raw(&self) -> BTreeMap<String, &RawValue> {
        serde_json::from_slice(&self.text).unwrap_or_default()
    }
}

/// Metadata by its name, whatever its case.
fn given<'a>(metadata: &'a BTreeMap<String, String>, wanted: &str) -> Option<&'a str> {
    let found = metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// Whether the data is published as it is; an error where `rawPayload` is no boolean.
pub fn raw_payload(metadata: &BTreeMap<String, String>) -> Result<bool, String> {
    match given(metadata, "rawPayload") {
        None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some(other) => Err(format!("rawPayload value must be a valid boolean: actual is '{other}'")),
    }
}

/// How long an event is wanted, ms; seconds, or a duration in Go's words.
fn lifetime(metadata: &BTreeMap<String, String>) -> Result<Option<i64>, String> {
    let Some(text) = given(metadata, "ttlInSeconds").or_else(|| given(metadata, "ttl")) else { return Ok(None) };
    let ms = match text.parse::<i64>() {
        Ok(seconds) if seconds >= 0 => seconds.saturating_mul(1_000),
        Ok(_) => return Err(format!("ttlInSeconds value must be higher than zero: actual is '{text}'")),
        Err(_) => duration("", text)
            .map(|ms| i64::try_from(ms).unwrap_or(i64::MAX))
            .map_err(|_| format!("ttlInSeconds value must be a valid integer: actual is '{text}'"))?,
    };
    Ok(Some(ms))
}

/// Refuses metadata that cannot be read.
pub fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), String> {
    raw_payload(metadata)?;
    lifetime(metadata).map(drop)
}

/// An event's members, each as its text.
type Members = BTreeMap<String, Box<RawValue>>;

fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// As Go writes a moment.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether a message is a CloudEvent of its publisher's own making.
pub fn is_cloud_event(content_type: &str) -> bool {
    essence(content_type) == "application/cloudevents+json"
}

/// The bytes to keep for a message: a CloudEvent, or with `rawPayload` the data as it is.
pub fn wrap(message: &Outgoing, envelope: &Envelope<'_>) -> Result<Vec<u8>, String> {
    if raw_payload(&message.metadata)? {
        return Ok(message.data.to_vec());
    }
    let mut event = match is_cloud_event(&message.content_type) {
        true => own(message, envelope)?,
        false => enveloped(message, envelope),
    };
    if let Some(ms) = lifetime(&message.metadata)? {
        let end = Timestamp::now().checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX);
        event.insert("expiration".to_owned(), raw(&moment(end)));
    }
    serde_json::to_vec(&event).map_err(|e| e.to_string())
}

/// A CloudEvent of the publisher's: what it says stays as it is, also beside metadata that says otherwise.
fn own(message: &Outgoing, envelope: &Envelope<'_>) -> Result<Members, String> {
    let mut event: Members =
        serde_json::from_slice(&message.data).map_err(|e| format!("the data is no CloudEvent in JSON: {e}"))?;
    let parent = envelope.trace.parent.unwrap_or_default();
    if !event.contains_key("traceid") {
        let trace = event.get("traceparent").cloned().unwrap_or_else(|| raw(&parent));
        event.insert("traceid".to_owned(), trace.clone());
        event.insert("traceparent".to_owned(), trace);
    }
    event.entry("tracestate".to_owned()).or_insert_with(|| raw(&envelope.trace.state.unwrap_or_default()));
    event.entry("time".to_owned()).or_insert_with(|| raw(&moment(Timestamp::now())));
    event.insert("pubsubname".to_owned(), raw(&envelope.pubsub));
    event.insert("topic".to_owned(), raw(&envelope.topic));
    let id = uuid::Uuid::new_v4().to_string();
    for (name, value) in [("source", SOURCE), ("type", TYPE), ("specversion", "1.0"), ("id", &id)] {
        if event.get(name).is_none_or(|present| present.get() == "null") {
            event.insert(name.to_owned(), raw(&value));
        }
    }
    Ok(event)
}

/// An event around the data, its attributes as metadata has them.
fn enveloped(message: &Outgoing, envelope: &Envelope<'_>) -> Members {
    let said = |name: &str| given(&message.metadata, &format!("cloudevent.{name}"));
    let content_type = if message.content_type.is_empty() { "text/plain" } else { &message.content_type };
    let id = said("id").map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    let source = if envelope.app_id.is_empty() { SOURCE } else { envelope.app_id };
    let parent = said("traceparent").or(said("traceid")).or(envelope.trace.parent).unwrap_or_default();
    let state = said("tracestate").or(envelope.trace.state).unwrap_or_default();
    let attributes = [
        ("id", id.as_str()),
        ("specversion", "1.0"),
        ("datacontenttype", content_type),
        ("source", said("source").unwrap_or(source)),
        ("type", said("type").unwrap_or(TYPE)),
        ("topic", envelope.topic),
        ("pubsubname", envelope.pubsub),
        ("traceid", parent),
        ("traceparent", parent),
        ("tracestate", state),
        ("time", &moment(Timestamp::now())),
    ];
    let mut event: Members = attributes.iter().map(|(name, value)| ((*name).to_owned(), raw(value))).collect();
    event.extend(said("subject").map(|subject| ("subject".to_owned(), raw(&subject))));
    let text = || raw(&String::from_utf8_lossy(&message.data));
    let (name, value) = match essence(content_type).as_str() {
        "application/json" => ("data", serde_json::from_slice(&message.data).unwrap_or_else(|_| text())),
        "application/octet-stream" | "application/cloudevents+protobuf" => {
            ("data_base64", raw(&STANDARD.encode(&message.data)))
        }
        _ => ("data", text()),
    };
    event.insert(name.to_owned(), value);
    event
}

/// Kept bytes as a CloudEvent. A subscriber of raw payloads, or a message that is no CloudEvent, gets one made around the
/// bytes.
pub fn unwrap(bytes: &[u8], raw: bool, pubsub: &str, topic: &str) -> Event {
    let as_it_is = if raw { None } else { Event::read(bytes.to_vec()) };
    if let Some(event) = as_it_is.filter(|event| event.contains_key("specversion")) {
        return event;
    }
    let around = json!({
        "id": uuid::Uuid::new_v4().to_string(),
        "specversion": "1.0",
        "source": SOURCE,
        "type": TYPE,
        "datacontenttype": "application/octet-stream",
        "pubsubname": pubsub,
        "topic": topic,
        "data_base64": STANDARD.encode(bytes),
    });
    let text = around.to_string().into_bytes();
    let members = if let Value::Object(members) = around { members } else { Map::new() };
    Event { text, members }
}

/// When nobody wants the event any more; none: never.
pub fn expiration(event: &Map<String, Value>) -> Option<Timestamp> {
    event.get("expiration").and_then(Value::as_str).and_then(|at| at.parse().ok())
}

/// Whether the event's `expiration` is past.
pub fn expired(event: &Map<String, Value>) -> bool {
    expiration(event).is_some_and(|at| at <= Timestamp::now())
}

#[cfg(test)]
mod tests;
