//! Topics by gRPC: one stream per topic, all over one channel, opened and ended without the sidecar's restart.
//!
//! Owns: the names of Dapr's gRPC API, and how an event of it becomes a CloudEvent again.
use super::{CONNECT_TIMEOUT, DaprError, Sidecar, TOKEN, value};
use base64::Engine;
use dapr::dapr::proto::runtime::v1 as proto;
use futures::channel::mpsc;
use proto::subscribe_topic_events_request_alpha1::SubscribeTopicEventsRequestType as ToSidecar;
use proto::subscribe_topic_events_response_alpha1::SubscribeTopicEventsResponseType as FromSidecar;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};

pub use proto::topic_event_response::TopicEventResponseStatus as Status;

/// A peer that is silent this long is asked whether it is there; daprd ends clients that ask more than every 8 s.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// For the sidecar to say that a subscription is over.
const GOODBYE: Duration = Duration::from_secs(1);
/// A message's largest size: above the 4 MiB that daprd takes unless told otherwise.
const MAX_MESSAGE: usize = 64 << 20;

/// What to subscribe to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub pubsub: String,
    /// Topic name.
    pub topic: String,
    /// Deliver what was published in an event made around it.
    pub raw_payload: bool,
    /// Where Dapr puts what failed or was dropped.
    pub dead_letter_topic: Option<String>,
}

/// An open stream: events one after another.
pub struct Events(tonic::Streaming<proto::SubscribeTopicEventsResponseAlpha1>);

/// The way back on the stream.
pub struct Outcomes(mpsc::UnboundedSender<proto::SubscribeTopicEventsRequestAlpha1>);

/// The channel to a gRPC API; it connects when it is used, and again when it was cut.
pub fn channel(url: &str) -> Result<Channel, DaprError> {
    let endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(|e| DaprError::Unavailable { reason: format!("{url}: {}", super::reason(&e)) })?;
    let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true).http2_keep_alive_interval(KEEP_ALIVE);
    Ok(endpoint.connect_lazy())
}

impl Sidecar {
    /// Subscribes to a topic; the sidecar has accepted when this returns.
    pub async fn subscribe(&self, topic: &Topic) -> Result<(Events, Outcomes), DaprError> {
        let channel = self.channel.clone().ok_or_else(|| self.unavailable("its gRPC API is not known"))?;
        let (sender, receiver) = mpsc::unbounded();
        let raw = topic.raw_payload.then(|| ("rawPayload".to_owned(), "true".to_owned()));
        let initial = ToSidecar::InitialRequest(proto::SubscribeTopicEventsRequestInitialAlpha1 {
            pubsub_name: topic.pubsub.clone(),
            topic: topic.topic.clone(),
            metadata: raw.into_iter().collect::<HashMap<_, _>>(),
            dead_letter_topic: topic.dead_letter_topic.clone(),
        });
        let outcomes = Outcomes(sender);
        outcomes.send(initial);
        let mut request = tonic::Request::new(receiver);
        if let Some(token) = &self.token {
            let token = MetadataValue::try_from(token).map_err(|e| self.unavailable(e))?;
            request.metadata_mut().insert(TOKEN, token);
        }
        let mut client = proto::dapr_client::DaprClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
        let answer = self.while_there(client.subscribe_topic_events_alpha1(request)).await?;
        let mut events = Events(answer.map_err(refused)?.into_inner());
        match self.while_there(events.0.message()).await?.map_err(refused)? {
            Some(_initial_response) => Ok((events, outcomes)),
            None => Err(self.unavailable("it ended the subscription at once")),
        }
    }
}

fn refused(status: tonic::Status) -> DaprError {
    DaprError::Refused { status: 0, code: status.code().to_string(), message: status.message().to_owned() }
}

impl Events {
    /// The next event: its id on this stream, and the CloudEvent's JSON. An error is the end.
    pub async fn next(&mut self) -> Result<(String, Vec<u8>), DaprError> {
        loop {
            match self.0.message().await.map_err(refused)?.map(|message| message.subscribe_topic_events_response_type) {
                Some(Some(FromSidecar::EventMessage(event))) => return Ok((event.id.clone(), cloud_event(event))),
                Some(_) => {}
                None => {
                    let message = "the sidecar ended the subscription".to_owned();
                    return Err(DaprError::Refused { status: 0, code: "ended".to_owned(), message });
                }
            }
        }
    }
}

impl Outcomes {
    /// Tells what became of an event.
    pub fn processed(&self, id: String, status: Status) {
        let status = Some(proto::TopicEventResponse { status: status.into() });
        self.send(ToSidecar::EventProcessed(proto::SubscribeTopicEventsRequestProcessedAlpha1 { id, status }));
    }

    /// Ends the subscription in order: everything told so far arrives, and the sidecar says that it is over.
    pub async fn end(self, mut events: Events) {
        drop(self);
        let over = async { while events.next().await.is_ok() {} };
        let _in_time = tokio::time::timeout(GOODBYE, over).await;
    }

    fn send(&self, message: ToSidecar) {
        let message = proto::SubscribeTopicEventsRequestAlpha1 { subscribe_topic_events_request_type: Some(message) };
        // Where the stream is cut the sidecar delivers again.
        let _cut = self.0.unbounded_send(message);
    }
}

/// The CloudEvent as an HTTP delivery would have it: what gRPC has in fields of their own goes back between the extensions.
fn cloud_event(event: proto::TopicEventRequest) -> Vec<u8> {
    let raw = |value: &Value| to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned());
    let extensions = event.extensions.unwrap_or_default().fields.into_iter();
    let mut whole: BTreeMap<String, Box<RawValue>> =
        extensions.map(|(name, value)| (name, raw(&value::json(value.kind)))).collect();
    let text = |bytes: &[u8]| raw(&json!(String::from_utf8_lossy(bytes)));
    let essence = event.data_content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" | "application/cloudevents+json" if !event.data.is_empty() => {
            let data = serde_json::from_slice(&event.data).unwrap_or_else(|_| text(&event.data));
            whole.insert("data".to_owned(), data);
        }
        essence if essence.starts_with("text/") || essence == "application/xml" => {
            whole.insert("data".to_owned(), text(&event.data));
        }
        _ if event.data.is_empty() => {}
        _ => {
            let data = base64::engine::general_purpose::STANDARD.encode(&event.data);
            whole.insert("data_base64".to_owned(), raw(&json!(data)));
        }
    }
    for (name, value) in [
        ("id", event.id),
        ("source", event.source),
        ("type", event.r#type),
        ("specversion", event.spec_version),
        ("datacontenttype", event.data_content_type),
    ] {
        if !value.is_empty() {
            whole.insert(name.to_owned(), raw(&json!(value)));
        }
    }
    // A dead letter keeps the topic that it was published to.
    whole.entry("topic".to_owned()).or_insert_with(|| raw(&json!(event.topic)));
    whole.entry("pubsubname".to_owned()).or_insert_with(|| raw(&json!(event.pubsub_name)));
    serde_json::to_vec(&whole).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use prost_types::value::Kind;
    use prost_types::{Struct, Value as Proto};

    fn event(content_type: &str, data: &[u8]) -> Value {
        let text = |text: &str| Proto { kind: Some(Kind::StringValue(text.to_owned())) };
        let fields = [
            ("topic".to_owned(), text("original")),
            ("traceparent".to_owned(), text("00-1-2-00")),
            ("count".to_owned(), Proto { kind: Some(Kind::NumberValue(3.0)) }),
            ("share".to_owned(), Proto { kind: Some(Kind::NumberValue(0.5)) }),
        ];
        serde_json::from_slice(&cloud_event(proto::TopicEventRequest {
            id: "1".to_owned(),
            source: "app".to_owned(),
            r#type: "t".to_owned(),
            spec_version: "1.0".to_owned(),
            data_content_type: content_type.to_owned(),
            data: data.to_vec(),
            topic: "dead".to_owned(),
            pubsub_name: "pubsub".to_owned(),
            path: String::new(),
            extensions: Some(Struct { fields: fields.into_iter().collect() }),
        }))
        .unwrap()
    }

    #[test]
    fn an_event_is_whole_again() {
        let whole = json!({
            "id": "1", "source": "app", "type": "t", "specversion": "1.0", "datacontenttype": "application/json",
            "topic": "original", "pubsubname": "pubsub", "traceparent": "00-1-2-00", "count": 3, "share": 0.5, "data": {"a": 1},
        });
        assert_eq!(event("application/json", br#"{"a":1}"#), whole);
    }

    #[test]
    fn data_is_what_its_type_says() {
        for (content_type, data, name, value) in [
            ("application/json; charset=utf-8", "[1]", "data", json!([1])),
            ("application/json", "no JSON", "data", json!("no JSON")),
            ("text/plain", "", "data", json!("")),
            ("application/xml", "<a/>", "data", json!("<a/>")),
            ("application/octet-stream", "bytes", "data_base64", json!("Ynl0ZXM=")),
        ] {
            assert_eq!(event(content_type, data.as_bytes())[name], value, "{content_type}");
        }
        let none = event("application/x-odd", b"");
        assert!(none.get("data").is_none() && none.get("data_base64").is_none(), "{none}");
    }
}
