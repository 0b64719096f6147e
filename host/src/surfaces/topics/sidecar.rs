//! What a sidecar calls: it asks once for the topics (`/dapr/subscribe`) and POSTs each message, or batches if a function
//! wants them.
//!
//! Where topics come by streams the list is empty. A missing or failing function never answers 404: the message would be dropped.
use super::batch::Batches;
use super::{bulk, deliver_to_all, topics};
use crate::blocks::json::Json as CloudEvent;
use crate::blocks::pubsub::event::{Event, unwrap};
use crate::dapr::{segment, topic_path};
use crate::functions::Registry;
use crate::http::ApiError;
use crate::http::status;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daplet_abi::reply::AckStatus;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Largest delivery, bytes: as of a stream's messages. A batch has no bound of bytes in Dapr.
pub const MAX_DELIVERY: usize = 64 << 20;

/// What the routes need.
#[derive(Clone)]
pub struct Context {
    /// Who subscribes.
    pub registry: Arc<Registry>,
    /// Where messages that come one by one are gathered for functions that want batches.
    pub batches: Arc<Batches>,
    /// Topics come by streams.
    pub streams: bool,
}

/// What a sidecar asks of an application.
pub fn routes(context: Context) -> Router {
    Router::new()
        .route("/dapr/subscribe", get(subscriptions))
        .route("/dapr/topics/{pubsub}/{*topic}", post(delivery))
        .route("/dapr/bulk/{pubsub}/{*topic}", post(bulk_delivery))
        .layer(DefaultBodyLimit::max(MAX_DELIVERY))
        .route("/healthz", get(|| async { status::NO_CONTENT }))
        .with_state(context)
}

/// Asked once, when the sidecar starts: an answer before the functions are loaded would be the last one.
async fn subscriptions(State(context): State<Context>) -> Result<Json<Value>, ApiError> {
    if !context.streams {
        context.registry.refresh().await?;
    }
    let listed = if context.streams { Vec::new() } else { topics(&context.registry) };
    let entries = listed.into_iter().map(|topic| {
        let batches = bulk(&context.registry, &topic.pubsub, &topic.topic);
        let way = if batches.is_some() { "bulk" } else { "topics" };
        let route = format!("/dapr/{way}/{}/{}", segment(&topic.pubsub), topic_path(&topic.topic));
        let mut entry = json!({"pubsubname": topic.pubsub, "topic": topic.topic, "route": route});
        if let Some(batches) = batches {
            entry["bulkSubscribe"] = json!({
                "enabled": true,
                "maxMessagesCount": batches.max_messages_count,
                "maxAwaitDurationMs": batches.max_await_duration_ms,
            });
        }
        if let Some(dead_letter) = &topic.dead_letter_topic {
            entry["deadLetterTopic"] = json!(dead_letter);
        }
        if topic.raw_payload {
            entry["metadata"] = json!({"rawPayload": "true"});
        }
        entry
    });
    Ok(Json(entries.collect()))
}

async fn delivery(
    State(context): State<Context>,
    Path((pubsub, topic)): Path<(String, String)>,
    body: Bytes,
) -> Json<Value> {
    let status = match Event::read(body.to_vec()) {
        Some(event) => deliver_to_all(&context.batches, (&pubsub, &topic), &event).await,
        None => AckStatus::Drop,
    };
    Json(json!({ "status": status }))
}

/// A batch as the sidecar gathered it.
#[derive(Deserialize)]
struct Bulk {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    entry_id: String,
    event: CloudEvent,
}

/// Each entry is delivered as if it had come singly, all at the same time: functions that want batches get batches.
async fn bulk_delivery(
    State(context): State<Context>,
    Path((pubsub, topic)): Path<(String, String)>,
    body: Bytes,
) -> Json<Value> {
    let Ok(Bulk { entries }) = serde_json::from_slice(&body) else {
        // The sidecar takes an entry without a status as one to be tried again.
        return Json(json!({ "statuses": [] }));
    };
    let no_more = CancellationToken::new();
    let batches = &Batches::new(Arc::clone(&context.registry), context.batches.invoker.clone(), no_more.clone());
    let place = (pubsub.as_str(), topic.as_str());
    let deliveries = entries.into_iter().map(|entry| async move {
        let status = match cloud_event(&entry.event, place) {
            Some(event) => deliver_to_all(batches, place, &event).await,
            None => AckStatus::Drop,
        };
        json!({"entryId": entry.entry_id, "status": status})
    });
    // In this order: every message is under way when batches stop waiting.
    let all = futures::future::join_all(deliveries);
    let (statuses, ()) = futures::future::join(all, async { no_more.cancel() }).await;
    Json(json!({ "statuses": statuses }))
}

/// An entry's event: a CloudEvent, or the bytes of a raw payload in base64, for which one is made as for a single message.
fn cloud_event(event: &CloudEvent, (pubsub, topic): (&str, &str)) -> Option<Event> {
    match serde_json::from_str::<String>(event.get()) {
        Ok(base64) => Some(unwrap(&STANDARD.decode(base64).ok()?, true, pubsub, topic)),
        Err(_) => Event::read(event.get().as_bytes().to_vec()),
    }
}
