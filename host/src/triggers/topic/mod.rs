//! Topics: messages become events for the functions that subscribe.
//!
//! Without a sidecar, [`embedded`] drains the log. With one, [`sidecar`] tells it what to deliver and answers deliveries.
//! Return: done · throw: again, by the retry policy · "DROP": dead letter or dropped.
pub mod embedded;
pub mod sidecar;

use crate::capabilities::pubsub::event;
use crate::functions::Function;
use crate::invoke::{Caller, InvokeError, Invoker};
use daplet_abi::event::TopicEvent;
use daplet_abi::reply::AckStatus;
use serde_json::{Map, Value};
use std::sync::Arc;

/// One delivery: what a message is called, and to whom it goes.
pub struct Delivery<'a> {
    /// The function.
    pub function: &'a Arc<Function>,
    /// Component that delivers.
    pub pubsub: &'a str,
    /// Topic of the subscription.
    pub topic: &'a str,
    /// 1 for the first; 0 when unknown.
    pub attempt: u32,
}

/// Gives one CloudEvent to the function.
async fn deliver(
    invoker: &Invoker,
    delivery: &Delivery<'_>,
    event: &Map<String, Value>,
) -> Result<AckStatus, InvokeError> {
    let trace = event.get("traceparent").and_then(Value::as_str).filter(|trace| !trace.is_empty());
    let traceparent: Arc<str> = trace.map_or_else(crate::api::wire::new_traceparent, Arc::from);
    let request_id: Arc<str> = uuid::Uuid::now_v7().simple().to_string().into();
    let head = TopicEvent {
        request_id: request_id.to_string(),
        traceparent: Some(traceparent.to_string()),
        pubsub: delivery.pubsub.to_owned(),
        topic: delivery.topic.to_owned(),
        attempt: delivery.attempt,
    };
    let body = serde_json::to_vec(event).map_err(|e| InvokeError::internal(e.to_string()))?;
    let caller = Caller { request_id, traceparent: Some(traceparent), depth: 0 };
    invoker.topic(delivery.function, &head, &body, caller).await
}

/// Whether nobody wants the event any more.
fn expired(event: &Map<String, Value>) -> bool {
    event::expired(event)
}
