#![allow(clippy::unwrap_used)]
use super::*;

const BIG: &str = "12345678901234567890123";

fn message(data: &[u8], content_type: &str, metadata: &[(&str, &str)]) -> Outgoing {
    Outgoing {
        entry_id: String::new(),
        data: data.to_vec().into(),
        content_type: content_type.to_owned(),
        metadata: metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

fn text(data: &[u8], content_type: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    let envelope = Envelope { app_id: "app", pubsub: "ps", topic: "t", trace: Some("00-1-2-00").into() };
    wrap(&message(data, content_type, metadata), &envelope).unwrap()
}

fn wrapped(data: &[u8], content_type: &str, metadata: &[(&str, &str)]) -> Value {
    serde_json::from_slice(&text(data, content_type, metadata)).unwrap()
}

fn own(event: &str, metadata: &[(&str, &str)]) -> Value {
    wrapped(event.as_bytes(), "application/cloudevents+json; charset=utf-8", metadata)
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
    assert_eq!(wrapped(b"hi", "", &[])["datacontenttype"], "text/plain");
    assert_eq!(wrapped(&[0, 255], "application/octet-stream", &[])["data_base64"], "AP8=");
    assert_eq!(wrapped(b"{}", "application/vnd.x+json", &[])["data"], "{}");
    assert_eq!(wrapped(b"<a/>", "application/xml", &[])["data"], "<a/>");
}

#[test]
fn metadata_sets_the_attributes_of_an_envelope() {
    let event = wrapped(
        b"1",
        "application/json",
        &[
            ("cloudevent.id", "7"),
            ("CloudEvent.Type", "mine"),
            ("cloudevent.source", "me"),
            ("cloudevent.subject", "it"),
            ("cloudevent.traceparent", "00-a-b-01"),
        ],
    );
    for (name, value) in [
        ("id", "7"),
        ("type", "mine"),
        ("source", "me"),
        ("subject", "it"),
        ("traceparent", "00-a-b-01"),
        ("traceid", "00-a-b-01"),
    ] {
        assert_eq!(event[name], value, "{name}");
    }
    let event = wrapped(b"1", "application/json", &[("cloudevent.traceid", "x")]);
    assert_eq!((&event["traceid"], &event["traceparent"]), (&json!("x"), &json!("x")));
    assert!(wrapped(b"1", "application/json", &[]).get("subject").is_none());
}

#[test]
fn a_cloudevent_of_one_s_own_keeps_what_it_says() {
    let metadata = [("cloudevent.type", "theirs"), ("cloudevent.id", "other"), ("cloudevent.traceid", "x")];
    let event = own(
        r#"{"specversion":"1.0","id":"7","source":"me","type":"mine","topic":"other","traceparent":"00-9-9-00","data":5}"#,
        &metadata,
    );
    assert_eq!((&event["id"], &event["source"], &event["type"]), (&json!("7"), &json!("me"), &json!("mine")));
    assert_eq!((&event["topic"], &event["data"]), (&json!("t"), &json!(5)));
    assert_eq!((&event["traceid"], &event["traceparent"]), (&json!("00-9-9-00"), &json!("00-9-9-00")));
    let event = own(r#"{"id":"7","source":"","type":null}"#, &[]);
    assert_eq!((&event["source"], &event["type"]), (&json!(""), &json!("com.dapr.event.sent")));
}

#[test]
fn a_cloudevent_with_little_is_filled_as_by_dapr() {
    for event in [r#"{"id":"7"}"#, r#"{"data":{"a":1}}"#, "{}"] {
        let event = own(event, &[]);
        for (name, value) in
            [("source", "Dapr"), ("type", "com.dapr.event.sent"), ("specversion", "1.0"), ("topic", "t")]
        {
            assert_eq!(event[name], value, "{event}");
        }
        assert!(
            event["id"].is_string() && event["time"].is_string() && event.get("datacontenttype").is_none(),
            "{event}"
        );
        assert_eq!(event["traceid"], "00-1-2-00");
    }
    let envelope = Envelope { app_id: "app", pubsub: "ps", topic: "t", trace: None.into() };
    for broken in ["[]", "5", "null", "{", ""] {
        assert!(wrap(&message(broken.as_bytes(), "application/cloudevents+json", &[]), &envelope).is_err(), "{broken}");
    }
}

#[test]
fn numbers_keep_every_digit() {
    let has = |text: &[u8], part: &str| String::from_utf8_lossy(text).contains(part);
    let data = format!(r#"{{"n": {BIG}, "f": 1.0}}"#);
    let kept = text(data.as_bytes(), "application/json", &[]);
    assert!(has(&kept, &data));
    assert!(has(unwrap(&kept, false, "ps", "t").text(), &data));
    let event = format!(r#"{{"id":"1","count":{BIG},"data":[{BIG}]}}"#);
    let kept = text(event.as_bytes(), "application/cloudevents+json", &[]);
    assert!(has(&kept, &format!(r#""count":{BIG}"#)) && has(&kept, &format!("[{BIG}]")));
    let read = unwrap(&kept, false, "ps", "t");
    assert_eq!(read.raw().get("count").map(|raw| raw.get()), Some(BIG));
}

#[test]
fn raw_payloads_are_kept_and_delivered_as_they_are() {
    let published = br#"{"specversion":"1.0", "n": 1.0}"#;
    for yes in ["true", "1", "T", "TRUE"] {
        let kept = text(published, "application/cloudevents+json", &[("rawPayload", yes)]);
        assert_eq!(kept, published);
        let delivered = unwrap(&kept, true, "ps", "t");
        assert_eq!(delivered["data_base64"], STANDARD.encode(published));
        assert_eq!(unwrap(&kept, false, "ps", "t").text(), published);
    }
    assert_eq!(wrapped(b"1", "application/json", &[("rawPayload", "false")])["data"], 1);
}

#[test]
fn metadata_that_cannot_be_read_is_refused() {
    let check = |name: &str, value: &str| check_metadata(&[(name.to_owned(), value.to_owned())].into());
    for (name, value) in [
        ("rawPayload", "maybe"),
        ("rawpayload", "yes"),
        ("rawPayload", "tRUE"),
        ("ttlInSeconds", "soon"),
        ("ttlInSeconds", "-1"),
        ("ttlInSeconds", "1.5"),
        ("ttl", "x"),
    ] {
        assert!(check(name, value).is_err_and(|e| e.contains(value)), "{name}={value}");
    }
    for (name, value) in [
        ("rawPayload", ""),
        ("rawPayload", "F"),
        ("ttlInSeconds", "0"),
        ("ttlInSeconds", "90"),
        ("ttl", "1m30s"),
        ("other", "x"),
    ] {
        assert_eq!(check(name, value), Ok(()), "{name}={value}");
    }
}

#[test]
fn expires() {
    let event = wrapped(b"1", "application/json", &[("ttlInSeconds", "60")]);
    assert!(!expired(event.as_object().unwrap()));
    assert!(expired(wrapped(b"1", "application/json", &[("ttlInSeconds", "0")]).as_object().unwrap()));
    assert!(expired(json!({"expiration": "2020-01-01T00:00:00Z"}).as_object().unwrap()));
}
