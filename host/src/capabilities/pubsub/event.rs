//! CloudEvents 1.0 as Dapr wraps them. Pure functions. Source: dapr 1.18, pkg/runtime/pubsub and contrib pubsub/envelope.
use super::Outgoing;
use crate::dapr::Trace;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

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

/// The media type without its parameters, in lower case.
pub fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The bytes to keep for a message: a CloudEvent, or with `rawPayload` the data as it is.
pub fn wrap(message: &Outgoing, envelope: &Envelope<'_>) -> Result<Vec<u8>, String> {
    let metadata =
        |wanted: &str| message.metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, v)| v);
    if metadata("rawPayload").is_some_and(|raw| raw == "true") {
        return Ok(message.data.to_vec());
    }
    let mut event = if essence(&message.content_type) == "application/cloudevents+json" {
        let Ok(Value::Object(event)) = serde_json::from_slice(&message.data) else {
            return Err("the data is no CloudEvent in JSON".to_owned());
        };
        event
    } else {
        data(message)
    };
    event.insert("pubsubname".to_owned(), json!(envelope.pubsub));
    event.insert("topic".to_owned(), json!(envelope.topic));
    let mut fill = |name: &str, value: Value| {
        if event.get(name).is_none_or(|present| present == "" || present.is_null()) {
            event.insert(name.to_owned(), value);
        }
    };
    fill("id", json!(uuid::Uuid::new_v4().to_string()));
    fill("specversion", json!("1.0"));
    fill("source", json!(envelope.app_id));
    fill("type", json!("com.dapr.event.sent"));
    fill("time", json!(jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
    fill("traceid", json!(envelope.trace.parent.unwrap_or_default()));
    fill("traceparent", json!(envelope.trace.parent.unwrap_or_default()));
    fill("tracestate", json!(envelope.trace.state.unwrap_or_default()));
    for name in ["id", "source", "type", "subject", "traceid", "traceparent", "tracestate"] {
        if let Some(value) = metadata(&format!("cloudevent.{name}")) {
            event.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(ttl) = metadata("ttlInSeconds") {
        let seconds: u32 = ttl
            .parse()
            .ok()
            .filter(|s| *s > 0)
            .ok_or_else(|| format!("ttlInSeconds is {ttl:?}, but must be a number above 0"))?;
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(i64::from(seconds));
        event.insert("expiration".to_owned(), json!(at.to_string()));
    }
    serde_json::to_vec(&event).map_err(|e| e.to_string())
}

fn data(message: &Outgoing) -> Map<String, Value> {
    let mut event = Map::new();
    event.insert("datacontenttype".to_owned(), json!(message.content_type));
    let text = || json!(String::from_utf8_lossy(&message.data));
    let (name, value) = match essence(&message.content_type).as_str() {
        "application/json" => ("data", serde_json::from_slice(&message.data).unwrap_or_else(|_| text())),
        "application/octet-stream" => ("data_base64", json!(STANDARD.encode(&message.data))),
        _ => ("data", text()),
    };
    event.insert(name.to_owned(), value);
    event
}

/// Kept bytes as a CloudEvent. A subscriber of raw payloads, or a message that is no CloudEvent, gets one made around the
/// bytes.
pub fn unwrap(bytes: &[u8], raw: bool, pubsub: &str, topic: &str) -> Map<String, Value> {
    if !raw
        && let Ok(Value::Object(event)) = serde_json::from_slice(bytes)
        && event.contains_key("specversion")
    {
        return event;
    }
    let Value::Object(event) = json!({
        "id": uuid::Uuid::new_v4().to_string(),
        "specversion": "1.0",
        "source": "Dapr",
        "type": "com.dapr.event.sent",
        "datacontenttype": "application/octet-stream",
        "pubsubname": pubsub,
        "topic": topic,
        "time": jiff::Timestamp::now().to_string(),
        "data_base64": STANDARD.encode(bytes),
    }) else {
        return Map::new();
    };
    event
}

/// When nobody wants the event any more; none: never.
pub fn expiration(event: &Map<String, Value>) -> Option<jiff::Timestamp> {
    event.get("expiration").and_then(Value::as_str).and_then(|at| at.parse().ok())
}

/// Whether the event's `expiration` is past.
pub fn expired(event: &Map<String, Value>) -> bool {
    expiration(event).is_some_and(|at| at <= jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn wrapped(data: &[u8], content_type: &str, metadata: &[(&str, &str)]) -> Value {
        let message = Outgoing {
            entry_id: String::new(),
            data: data.to_vec().into(),
            content_type: content_type.to_owned(),
            metadata: metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let envelope = Envelope { app_id: "app", pubsub: "ps", topic: "t", trace: Some("00-1-2-00").into() };
        serde_json::from_slice(&wrap(&message, &envelope).unwrap()).unwrap()
    }

    #[test]
    fn wraps_as_dapr_does() {
        let event = wrapped(br#"{"n":1}"#, "application/json", &[]);
        assert_eq!(event["data"], json!({"n": 1}));
        assert_eq!((&event["source"], &event["type"]), (&json!("app"), &json!("com.dapr.event.sent")));
        assert_eq!((&event["pubsubname"], &event["topic"]), (&json!("ps"), &json!("t")));
        assert_eq!((&event["specversion"], &event["traceparent"]), (&json!("1.0"), &json!("00-1-2-00")));
        assert_eq!(wrapped(b"no json", "application/json", &[])["data"], "no json");
        assert_eq!(wrapped(b"hi", "text/plain", &[])["data"], "hi");
        assert_eq!(wrapped(&[0, 255], "application/octet-stream", &[])["data_base64"], "AP8=");
        assert_eq!(wrapped(b"{}", "application/vnd.x+json", &[])["data"], "{}");
    }

    #[test]
    fn keeps_what_a_cloudevent_says() {
        let event = br#"{"specversion":"1.0","id":"7","source":"me","type":"mine","topic":"other","data":5}"#;
        let event = wrapped(event, "application/cloudevents+json", &[("cloudevent.type", "theirs")]);
        assert_eq!((&event["id"], &event["source"], &event["type"]), (&json!("7"), &json!("me"), &json!("theirs")));
        assert_eq!((&event["topic"], &event["data"]), (&json!("t"), &json!(5)));
    }

    #[test]
    fn expires() {
        let event = wrapped(b"1", "application/json", &[("ttlInSeconds", "60")]);
        assert!(!expired(event.as_object().unwrap()));
        assert!(expired(json!({"expiration": "2020-01-01T00:00:00Z"}).as_object().unwrap()));
    }
}
