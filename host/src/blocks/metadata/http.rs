//! `/v1.0/metadata`, `/v1.0/healthz`.
use super::{Metadata, RUNTIME_VERSION, subscriptions};
use crate::blocks::api;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::served;
use crate::code::Code;
use crate::components::Component;
use crate::http::status;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

type Context = api::Context<Metadata>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes = Router::new()
        .route("/v1.0/healthz", get(|| async { status::NO_CONTENT }))
        .route("/v1.0/healthz/outbound", get(|| async { status::NO_CONTENT }))
        .route("/v1.0/metadata", get(all))
        .route("/v1.0/metadata/{key}", put(set));
    served(routes, context, |_, _| false)
}

async fn all(State(context): State<Context>) -> Json<Value> {
    let listed = context.components.listed.iter();
    let component =
        |c: &Component| json!({"name": c.name, "type": c.kind, "version": c.version, "capabilities": c.capabilities});
    let components: Vec<Value> = listed.map(component).collect();
    let subscriptions: Vec<Value> = subscriptions(&context)
        .map(|s| {
            json!({
                "pubsubname": s.pubsub, "topic": s.topic, "deadLetterTopic": s.dead_letter_topic.unwrap_or_default(),
                "metadata": {}, "rules": [], "type": "PROGRAMMATIC",
            })
        })
        .collect();
    Json(json!({
        "id": &*context.app_id,
        "runtimeVersion": RUNTIME_VERSION,
        "enabledFeatures": [],
        "actors": context.registry.actors().into_iter().map(|name| json!({"type": name})).collect::<Vec<_>>(),
        "components": components,
        "subscriptions": subscriptions,
        "extended": context.block.entries(),
    }))
}

async fn set(
    State(context): State<Context>,
    Path(key): Path<String>,
    value: String,
) -> Result<StatusCode, DaprApiError> {
    let full = |message| DaprApiError::new(Code::MetadataSet, message);
    context.block.set(key, value).map(|()| status::NO_CONTENT).map_err(full)
}
