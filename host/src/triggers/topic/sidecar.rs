//! What a sidecar calls: it asks once which topics there are (`/dapr/subscribe`) and POSTs each message of those.
//!
//! Where topics come by streams the list is empty. A missing or failing function never answers 404: the message would be dropped.
use super::{deliver_to_all, topics};
use crate::api::ApiError;
use crate::dapr::{segment, topic_path};
use crate::functions::Registry;
use crate::invoke::Invoker;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use daplet_abi::reply::AckStatus;
use serde_json::{Value, json};
use std::sync::Arc;

/// What the routes need.
#[derive(Clone)]
pub struct Context {
    /// Who subscribes.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Topics come by streams.
    pub streams: bool,
}

/// What a sidecar asks of an application.
pub fn routes(context: Context) -> Router {
    Router::new()
        .route("/dapr/subscribe", get(subscriptions))
        .route("/dapr/topics/{pubsub}/{*topic}", post(delivery))
        .route("/healthz", get(|| async { StatusCode::NO_CONTENT }))
        .with_state(context)
}

/// Asked once, when the sidecar starts: an answer before the functions are loaded would be the last one.
async fn subscriptions(State(context): State<Context>) -> Result<Json<Value>, ApiError> {
    if !context.streams {
        context.registry.refresh().await?;
    }
    let listed = if context.streams { Vec::new() } else { topics(&context.registry) };
    let entries = listed.into_iter().map(|topic| {
        let route = format!("/dapr/topics/{}/{}", segment(&topic.pubsub), topic_path(&topic.topic));
        let mut entry = json!({"pubsubname": topic.pubsub, "topic": topic.topic, "route": route});
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
    let status = match serde_json::from_slice(&body) {
        Ok(Value::Object(event)) => {
            deliver_to_all(&context.registry, &context.invoker, (&pubsub, &topic), &event).await
        }
        _ => AckStatus::Drop,
    };
    let word = match status {
        AckStatus::Success => "SUCCESS",
        AckStatus::Retry => "RETRY",
        AckStatus::Drop => "DROP",
    };
    Json(json!({ "status": word }))
}
