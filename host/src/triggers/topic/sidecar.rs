//! Topics through a Dapr sidecar: it asks once which there are (`/dapr/subscribe`) and POSTs each message.
//!
//! A missing or failing function never answers 404: the sidecar would drop the message.
use super::{Delivery, deliver};
use crate::functions::Registry;
use crate::invoke::Invoker;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
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
}

/// What a sidecar asks of an application.
pub fn routes(context: Context) -> Router {
    Router::new()
        .route("/dapr/subscribe", get(subscriptions))
        .route("/dapr/config", get(|| async { Json(json!({})) }))
        .route("/dapr/topics/{function}/{index}", post(delivery))
        .route("/healthz", get(|| async { StatusCode::NO_CONTENT }))
        .with_state(context)
}

async fn subscriptions(State(context): State<Context>) -> Json<Value> {
    let mut list = Vec::new();
    for function in context.registry.list() {
        for (index, s) in function.record.subscriptions.iter().enumerate() {
            let mut entry = json!({
                "pubsubname": s.pubsub, "topic": s.topic, "route": format!("/dapr/topics/{}/{index}", function.name),
            });
            if let Some(dead_letter) = &s.dead_letter_topic {
                entry["deadLetterTopic"] = json!(dead_letter);
            }
            if s.raw_payload {
                entry["metadata"] = json!({"rawPayload": "true"});
            }
            list.push(entry);
        }
    }
    Json(Value::Array(list))
}

async fn delivery(State(context): State<Context>, Path((name, index)): Path<(String, usize)>, body: Bytes) -> Response {
    let status = |word: &str| Json(json!({ "status": word })).into_response();
    let Some(function) = context.registry.get(&name) else { return status("RETRY") };
    let Some(subscription) = function.record.subscriptions.get(index).cloned() else { return status("RETRY") };
    let Ok(Value::Object(event)) = serde_json::from_slice(&body) else { return status("DROP") };
    let delivery =
        Delivery { function: &function, pubsub: &subscription.pubsub, topic: &subscription.topic, attempt: 0 };
    match deliver(&context.invoker, &delivery, &event).await {
        Ok(AckStatus::Success) => status("SUCCESS"),
        Ok(AckStatus::Drop) => status("DROP"),
        Ok(AckStatus::Retry) => status("RETRY"),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"status": "RETRY", "error": error.code}))).into_response()
        }
    }
}
