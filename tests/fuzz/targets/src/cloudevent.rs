//! Messages into CloudEvents and back. Input: a line with the content type, a line with metadata as `name=value&…`, the data.
use crate::line;
use daplet_host::blocks::pubsub::Outgoing;
use daplet_host::blocks::pubsub::event::{Envelope, expired, raw_payload, unwrap, wrap};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is published is kept as a CloudEvent that a subscriber can read.
pub fn cloudevent(input: &[u8]) {
    let (content_type, rest) = line(input);
    let (metadata, data) = line(rest);
    let metadata: BTreeMap<String, String> = String::from_utf8_lossy(metadata)
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let raw = raw_payload(&metadata).unwrap_or_default();
    let message = Outgoing {
        entry_id: String::new(),
        data: data.to_vec().into(),
        content_type: String::from_utf8_lossy(content_type).into_owned(),
        metadata,
    };
    let envelope = Envelope { app_id: "app", pubsub: "pubsub", topic: "topic", trace: Default::default() };
    if let Ok(kept) = wrap(&message, &envelope) {
        let event = unwrap(&kept, raw, "pubsub", "topic");
        for name in ["id", "source", "specversion", "type"] {
            assert!(event.get(name).is_some_and(|value| !value.is_null()), "no {name}: {event:?}");
        }
        assert_eq!((&event["topic"], &event["pubsubname"]), (&Value::from("topic"), &Value::from("pubsub")));
        let _either = expired(&event);
        if raw {
            assert_eq!(kept, data, "a raw payload is kept as it is");
        } else {
            let whole: Value = serde_json::from_slice(&kept).unwrap();
            assert_eq!(event.text(), kept, "what is delivered is what was kept");
            assert_eq!(Value::Object((*event).clone()), whole, "what is unwrapped is what was wrapped");
        }
    }
    // What a foreign broker may hold.
    let foreign = unwrap(data, false, "pubsub", "topic");
    assert!(foreign.contains_key("specversion"));
    let _either = expired(&foreign);
}
