//! `/v1.0/publish/{pubsub}/{topic…}`, single and bulk.
use super::error::DaprApiError;
use super::{Context, metadata_of};
use crate::capabilities::pubsub::scopes::FORBIDDEN;
use crate::capabilities::pubsub::{Outgoing, outgoing};
use crate::components::Block;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daplet_abi::op::OpError;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

fn check(context: &Context, pubsub: &str, topic: &str) -> Result<(), DaprApiError> {
    if !context.components.has(Block::Pubsub, pubsub) {
        let error =
            DaprApiError::new(StatusCode::NOT_FOUND, "ERR_PUBSUB_NOT_FOUND", format!("pubsub {pubsub} is not found"));
        return Err(error.rich("DAPR_PUBSUB_NOT_FOUND", Some(("pubsub", pubsub))));
    }
    if topic.is_empty() {
        let error = DaprApiError::new(StatusCode::NOT_FOUND, "ERR_TOPIC_NAME_EMPTY", "topic is empty");
        return Err(error.rich("DAPR_PUBSUB_TOPIC_EMPTY", Some(("pubsub", pubsub))));
    }
    Ok(())
}

fn failed(pubsub: &str, topic: &str, reason: &str) -> DaprApiError {
    let message = format!("error when publishing to topic {topic} in pubsub {pubsub}: {reason}");
    DaprApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_PUBSUB_PUBLISH_MESSAGE", message)
        .rich("DAPR_PUBSUB_PUBLISH_MESSAGE", Some(("pubsub", pubsub)))
}

/// Why nothing was taken.
fn refused(pubsub: &str, topic: &str, error: OpError) -> DaprApiError {
    if error.code == FORBIDDEN {
        return DaprApiError::new(StatusCode::FORBIDDEN, FORBIDDEN, error.message)
            .rich("DAPR_PUBSUB_FORBIDDEN", Some(("pubsub", pubsub)));
    }
    failed(pubsub, topic, &error.message)
}

/// One message; 204.
pub async fn one(
    State(context): State<Context>,
    Path((pubsub, topic)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    data: Bytes,
) -> Result<StatusCode, DaprApiError> {
    check(&context, &pubsub, &topic)?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    let message =
        Outgoing { entry_id: String::new(), data, content_type: content_type.to_owned(), metadata: metadata_of(query) };
    let cloud_event = content_type.contains("cloudevents");
    let published = context.broker.publish(&context.caller(&headers), &pubsub, &topic, vec![message]).await;
    match published.map_err(|e| refused(&pubsub, &topic, e))?.into_iter().next() {
        None => Ok(StatusCode::NO_CONTENT),
        Some((_, reason)) if cloud_event => {
            Err(DaprApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_PUBSUB_CLOUD_EVENTS_SER", reason))
        }
        Some((_, reason)) => Err(failed(&pubsub, &topic, &reason)),
    }
}

/// A member of an entry, whatever its case: the official clients differ.
fn member<'a>(entry: &'a BTreeMap<String, &'a RawValue>, wanted: &str) -> Option<&'a RawValue> {
    entry.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value)
}

fn entry(entry: &BTreeMap<String, &RawValue>, common: &BTreeMap<String, String>) -> Result<Outgoing, String> {
    let text = |name: &str| member(entry, name).and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    let id = text("entryId").filter(|id| !id.is_empty()).ok_or("entryId is missing or empty")?;
    let event = member(entry, "event").ok_or_else(|| format!("entry {id} has no event"))?;
    let mut metadata = common.clone();
    if let Some(own) = member(entry, "metadata") {
        let own: BTreeMap<String, String> =
            serde_json::from_str(own.get()).map_err(|e| format!("entry {id}: metadata: {e}"))?;
        metadata.extend(own);
    }
    outgoing(id, event, text("contentType"), metadata)
}

/// Several messages; 204, or 500 with those that failed.
pub async fn bulk(
    State(context): State<Context>,
    Path((pubsub, topic)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, DaprApiError> {
    check(&context, &pubsub, &topic)?;
    let malformed = |reason: String| {
        let message = format!("error when unmarshaling the request for topic {topic} pubsub {pubsub}: {reason}");
        DaprApiError::new(StatusCode::BAD_REQUEST, "ERR_PUBSUB_EVENTS_SER", message)
            .rich("DAPR_PUBSUB_EVENTS_SER", Some(("pubsub", &pubsub)))
    };
    let entries: Vec<BTreeMap<String, &RawValue>> =
        serde_json::from_slice(&body).map_err(|e| malformed(e.to_string()))?;
    let common = metadata_of(query);
    let messages: Vec<Outgoing> =
        entries.iter().map(|e| entry(e, &common)).collect::<Result<_, _>>().map_err(malformed)?;
    let mut ids = HashSet::new();
    if let Some(twice) = messages.iter().find(|message| !ids.insert(message.entry_id.as_str())) {
        return Err(malformed(format!("entryId {} is duplicated", twice.entry_id)));
    }
    let published = context.broker.publish(&context.caller(&headers), &pubsub, &topic, messages).await;
    let failures = published.map_err(|e| refused(&pubsub, &topic, e))?;
    if failures.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let failures: Vec<Value> = failures.into_iter().map(|(id, error)| json!({"entryId": id, "error": error})).collect();
    let answer = json!({"failedEntries": failures, "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE"});
    Ok((StatusCode::INTERNAL_SERVER_ERROR, Json(answer)).into_response())
}
