//! `SubscribeTopicEventsAlpha1`: a topic's messages on a stream, for clients that are no functions.
//!
//! A stream is a subscriber like a function, with a cursor of its own in the log that lives as long as the stream: it gets what is
//! published from its beginning on, as at Dapr's in-memory broker. Outcomes come back on the same stream.
use super::{Call, check, refused};
use crate::blocks::grpc::{Messages, proto};
use crate::blocks::pubsub::embedded::topic_key;
use crate::blocks::pubsub::event::{Event, expired, raw_payload, unwrap};
use crate::dapr::value::protobuf_exact;
use crate::store::{Log, Message, StoreError};
use base64::Engine;
use futures::SinkExt;
use futures::channel::mpsc;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use proto::subscribe_topic_events_request_alpha1::SubscribeTopicEventsRequestType as FromClient;
use proto::subscribe_topic_events_response_alpha1::SubscribeTopicEventsResponseType as ToClient;
use proto::topic_event_response::TopicEventResponseStatus as Outcome;
use serde_json::value::RawValue;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

/// Messages that wait for their outcome on one stream.
const IN_FLIGHT: usize = 64;
/// Deliveries of a message whose outcome is RETRY, and the pause before each further one: a function's defaults.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// What the stream yields.
pub type Events = Messages<proto::SubscribeTopicEventsResponseAlpha1>;

/// Opens a subscription; it is in force when the first answer comes.
pub async fn events(call: Call<Streaming<proto::SubscribeTopicEventsRequestAlpha1>>) -> Result<Events, Status> {
    let (context, mut outcomes) = (call.context, call.message);
    let first = outcomes.message().await?.and_then(|message| message.subscribe_topic_events_request_type);
    let Some(FromClient::InitialRequest(request)) = first else {
        return Err(Status::invalid_argument("a subscription begins with initial_request"));
    };
    check(&context, &request.pubsub_name, &request.topic)?;
    let allowed = context.components.brokers.may_subscribe(&request.pubsub_name, &request.topic);
    allowed.map_err(|e| refused("error when subscribing", e))?;
    let Some(log) = context.block.log.clone() else { return Err(Status::unimplemented("topics are the sidecar's")) };
    let raw = raw_payload(&request.metadata.clone().into_iter().collect());
    let raw = raw.map_err(|e| Status::invalid_argument(format!("failed deserializing metadata. Error: {e}")))?;
    let (events, receiver) = mpsc::channel(IN_FLIGHT);
    let session = Session {
        key: topic_key(&request.pubsub_name, &request.topic),
        subscriber: Log::stream_subscriber(),
        raw,
        dead_letter: request.dead_letter_topic.filter(|t| !t.is_empty()).map(|t| topic_key(&request.pubsub_name, &t)),
        pubsub: request.pubsub_name,
        topic: request.topic,
        log,
        stop: context.stop.clone(),
    };
    session.log.subscribe(&session.key, &session.subscriber).await.map_err(|e| Status::internal(e.to_string()))?;
    tokio::spawn(session.run(outcomes, events));
    let begun = ToClient::InitialResponse(proto::SubscribeTopicEventsResponseInitialAlpha1 {});
    Ok(futures::stream::iter([begun]).chain(receiver).map(|message| Ok(response(message))).boxed())
}

fn response(message: ToClient) -> proto::SubscribeTopicEventsResponseAlpha1 {
    proto::SubscribeTopicEventsResponseAlpha1 { subscribe_topic_events_response_type: Some(message) }
}

/// A message on its way: how often it was sent.
struct Sent {
    message: Message,
    attempt: u32,
}

struct Session {
    log: Log,
    key: String,
    subscriber: String,
    pubsub: String,
    topic: String,
    raw: bool,
    dead_letter: Option<String>,
    stop: CancellationToken,
}

impl Session {
    /// Until the client goes, or the server does.
    async fn run(self, outcomes: Streaming<proto::SubscribeTopicEventsRequestAlpha1>, events: mpsc::Sender<ToClient>) {
        if let Err(error) = self.serve(outcomes, events).await {
            tracing::error!("the stream of {}: {error}", self.topic);
        }
        if let Err(error) = self.log.unsubscribe(&self.key, &self.subscriber).await {
            tracing::error!("the stream of {}: {error}; its cursor goes at the next start", self.topic);
        }
    }

    async fn serve(
        &self,
        mut outcomes: Streaming<proto::SubscribeTopicEventsRequestAlpha1>,
        mut events: mpsc::Sender<ToClient>,
    ) -> Result<(), StoreError> {
        let mut waiting = HashMap::<String, VecDeque<Sent>>::new();
        let (mut in_flight, mut next) = (0, 0);
        let mut again: FuturesUnordered<BoxFuture<'static, Sent>> = FuturesUnordered::new();
        let mut published = self.log.published();
        loop {
            published.mark_unchanged();
            let room = IN_FLIGHT - in_flight;
            let mut due: Vec<Sent> = Vec::new();
            if room > 0 {
                let messages = self.log.waiting(&self.key, &self.subscriber, next, room)?;
                due.extend(messages.into_iter().map(|message| Sent { message, attempt: 0 }));
            }
            next = due.last().map_or(next, |sent| sent.message.number + 1);
            let full = due.len() == room;
            in_flight += due.len();
            loop {
                for mut sent in due.drain(..) {
                    let event = unwrap(&sent.message.bytes, self.raw, &self.pubsub, &self.topic);
                    if expired(&event) {
                        in_flight -= 1;
                        self.end(sent, true).await?;
                        continue;
                    }
                    sent.attempt += 1;
                    let request = request(&event, &self.topic);
                    waiting.entry(request.id.clone()).or_default().push_back(sent);
                    if events.send(ToClient::EventMessage(request)).await.is_err() {
                        return Ok(());
                    }
                }
                tokio::select! {
                    outcome = outcomes.message() => {
                        let Ok(Some(outcome)) = outcome else { return Ok(()) };
                        let Some(FromClient::EventProcessed(processed)) = outcome.subscribe_topic_events_request_type else { continue };
                        let Some(sent) = waiting.get_mut(&processed.id).and_then(VecDeque::pop_front) else { continue };
                        waiting.retain(|_, sent| !sent.is_empty());
                        let status = processed.status.map_or(Outcome::Success as i32, |status| status.status);
                        match Outcome::try_from(status) {
                            Ok(Outcome::Retry) if sent.attempt < ATTEMPTS => again.push(Box::pin(async {
                                tokio::time::sleep(PAUSE).await;
                                sent
                            })),
                            outcome => {
                                in_flight -= 1;
                                self.end(sent, outcome != Ok(Outcome::Success)).await?;
                                break;
                            }
                        }
                    }
                    Some(sent) = again.next(), if !again.is_empty() => due.push(sent),
                    changed = published.changed(), if !full => if changed.is_err() { return Ok(()) } else { break },
                    () = self.stop.cancelled() => return Ok(()),
                }
            }
        }
    }

    async fn end(&self, sent: Sent, failed: bool) -> Result<(), StoreError> {
        let dead_letter = self.dead_letter.clone().filter(|_| failed).map(|topic| (topic, sent.message.bytes));
        self.log.end(&self.key, &self.subscriber, sent.message.number, dead_letter).await.map(drop)
    }
}

/// A CloudEvent as gRPC has it: what has a field of its own is no extension.
fn request(event: &Event, topic: &str) -> proto::TopicEventRequest {
    let mut members = event.raw();
    let mut text = |name: &str| {
        let member = members.remove(name).map(|raw| serde_json::from_str(raw.get()));
        member.and_then(Result::ok).unwrap_or_default()
    };
    let [id, source, r#type, spec_version, data_content_type, pubsub_name] =
        ["id", "source", "type", "specversion", "datacontenttype", "pubsubname"].map(&mut text);
    let base64: String = text("data_base64");
    let data = match members.remove("data").map(RawValue::get) {
        Some(data) => match serde_json::from_str::<String>(data) {
            Ok(text) if !data_content_type.contains("json") => text.into_bytes(),
            _ => data.as_bytes().to_vec(),
        },
        None => base64::engine::general_purpose::STANDARD.decode(base64).unwrap_or_default(),
    };
    let extensions = members.into_iter().map(|(name, value)| (name, protobuf_exact(value.get()))).collect();
    proto::TopicEventRequest {
        id,
        source,
        r#type,
        spec_version,
        data_content_type,
        data,
        topic: topic.to_owned(),
        pubsub_name,
        path: String::new(),
        extensions: Some(prost_types::Struct { fields: extensions }),
    }
}
