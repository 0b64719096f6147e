//! Topics: messages become events for the functions that subscribe.
//!
//! Without a sidecar, [`embedded`] drains the log, each [`message`] by itself. Behind one, [`streaming`] opens a stream
//! for each topic, or without its gRPC [`sidecar`] lists the topics when it starts and answers its deliveries; never
//! both. Return: done · throw: again, by the retry policy · "DROP": dead letter or dropped. If a subscription asks for
//! bulk, [`batch`] gathers the messages on any of these ways; each keeps an outcome of its own.
pub mod batch;
pub mod deliveries;
pub mod embedded;
mod message;
pub mod sidecar;
pub mod streaming;

use crate::blocks::pubsub::embedded::topic_key;
use crate::blocks::pubsub::event;
use crate::blocks::pubsub::event::Event;
use crate::dapr::subscription::Topic;
use crate::functions::{Function, Registry, Route, Unrouted};
use crate::invoke::{InvokeError, Invoker};
use crate::observer;
use crate::origin::Origin;
use batch::{Batches, Outcome};
use daplet_abi::EventKind;
use daplet_abi::event::TopicEvent;
use daplet_abi::load::BulkSubscribe;
use daplet_abi::reply::AckStatus;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One delivery: a message's names, and the function that gets it.
pub struct Delivery<'a> {
    /// The function.
    pub function: &'a Arc<Function>,
    /// Component that delivers.
    pub pubsub: &'a str,
    /// Topic of the subscription.
    pub topic: &'a str,
    /// 1 for the first; 0 when unknown.
    pub attempt: u32,
    /// The path of the rule that matched.
    pub route: Option<String>,
    /// Its number in the topic, by which a batch is sorted; 0 when unknown, which is as it came.
    pub number: u64,
}

/// Gives one CloudEvent to the function.
async fn deliver(invoker: &Invoker, delivery: &Delivery<'_>, event: &Event) -> Result<AckStatus, InvokeError> {
    let origin = Origin::from_fields(|name| event.get(name).and_then(Value::as_str));
    let head = TopicEvent {
        request_id: origin.request_id.to_string(),
        traceparent: Some(origin.traceparent.to_string()),
        pubsub: delivery.pubsub.to_owned(),
        topic: delivery.topic.to_owned(),
        route: delivery.route.clone(),
        attempt: delivery.attempt,
    };
    invoker.deliver(delivery.function, EventKind::Topic, &head, event.text(), origin.into()).await
}

/// Whether the event has expired.
fn expired(event: &Map<String, Value>) -> bool {
    event::expired(event)
}

/// The topics of all functions, each once: a sidecar knows this host as one subscriber, so of two subscriptions to a
/// topic each would get a part of the messages. Their dead-letter topics and payload forms must agree; otherwise the
/// first one's apply.
fn topics(registry: &Registry) -> Vec<Topic> {
    let mut topics = BTreeMap::<(String, String), Topic>::new();
    for function in registry.list() {
        for s in &function.record.exports.subscriptions {
            let topic = Topic {
                pubsub: s.pubsub.clone(),
                topic: s.topic.clone(),
                raw_payload: s.raw_payload,
                dead_letter_topic: s.dead_letter_topic.clone(),
            };
            let first = topics.entry((s.pubsub.clone(), s.topic.clone())).or_insert_with(|| topic.clone());
            if *first != topic {
                tracing::warn!(
                    "{} subscribes to {} with another deadLetterTopic or rawPayload than a function before it; those of the \
                     first hold for all",
                    function.name,
                    s.topic
                );
            }
        }
    }
    topics.into_values().collect()
}

/// How a sidecar must gather batches of a topic; `None` if no function wants batches. The largest count and the shortest
/// wait of all functions apply: larger batches are divided here.
fn bulk(registry: &Registry, pubsub: &str, topic: &str) -> Option<BulkSubscribe> {
    let functions = registry.list();
    let wanted = functions.iter().filter_map(|function| function.subscription((pubsub, topic))?.bulk_subscribe);
    wanted.reduce(|one, other| BulkSubscribe {
        max_messages_count: one.max_messages_count.max(other.max_messages_count),
        max_await_duration_ms: one.max_await_duration_ms.min(other.max_await_duration_ms),
    })
}

/// Gives one CloudEvent to a function as its subscription says: singly, or in a batch.
async fn hand_over(batches: &Arc<Batches>, delivery: &Delivery<'_>, event: &Event) -> Outcome {
    match delivery.function.subscription((delivery.pubsub, delivery.topic)).and_then(|s| s.bulk_subscribe) {
        Some(bulk) => batches.deliver(delivery, bulk, event).await,
        None => Some(deliver(&batches.invoker, delivery, event).await),
    }
}

/// Gives one CloudEvent to every function that subscribes to the topic now. If one function asks for a retry, all of them
/// receive the event again.
async fn deliver_to_all(batches: &Arc<Batches>, place: (&str, &str), event: &Event) -> AckStatus {
    let functions = batches.registry.list();
    let functions = functions.iter().filter(|function| function.subscription(place).is_some());
    let deliveries = functions.map(|function| deliver_to(batches, function.name.as_str(), place, event));
    let outcomes = futures::future::join_all(deliveries).await;
    let unwanted = !outcomes.is_empty() && outcomes.iter().all(Option::is_none);
    let outcomes: Vec<AckStatus> = outcomes.into_iter().flatten().collect();
    if unwanted {
        return AckStatus::Drop;
    }
    if outcomes.is_empty() || outcomes.contains(&AckStatus::Retry) {
        // No function subscribes: it may come back, and an acknowledged message would be lost.
        return AckStatus::Retry;
    }
    if outcomes.contains(&AckStatus::Drop) { AckStatus::Drop } else { AckStatus::Success }
}

/// Gives one CloudEvent to the live version of a function. None: by its rules it does not want it.
async fn deliver_to(batches: &Arc<Batches>, name: &str, place: (&str, &str), event: &Event) -> Option<AckStatus> {
    let (pubsub, topic) = place;
    loop {
        let Some(function) = batches.registry.get(name).filter(|function| function.subscription(place).is_some())
        else {
            return Some(AckStatus::Retry);
        };
        let id = event.get("id").and_then(Value::as_str).unwrap_or_default();
        let route = match function.route(place, event).await {
            Ok(Route::Handler(route)) => route,
            Ok(Route::Nowhere) => return None,
            Err(unrouted) => {
                let (reason, status) = match unrouted {
                    Unrouted::Undecided(reason) => (reason, AckStatus::Retry),
                    Unrouted::Exhausted(reason) => (reason, AckStatus::Drop),
                };
                tracing::warn!(function = name, topic, event = id, "no route for a message: {reason}");
                return Some(status);
            }
        };
        let delivery = Delivery { function: &function, pubsub, topic, attempt: 0, route, number: 0 };
        if let Some(outcome) = hand_over(batches, &delivery, event).await {
            let observed = match &outcome {
                Ok(AckStatus::Success) => observer::Delivery::Delivered,
                Ok(AckStatus::Drop) => observer::Delivery::Dropped,
                Ok(AckStatus::Retry) | Err(_) => observer::Delivery::Retried,
            };
            batches.invoker.observer().delivery(&topic_key(pubsub, topic), name, observed);
            if let Ok(AckStatus::Drop) = outcome {
                tracing::info!(function = name, topic, event = id, "the function drops a message");
            }
            // Why it failed is in the log already.
            return Some(outcome.unwrap_or(AckStatus::Retry));
        }
    }
}
