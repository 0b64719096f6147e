//! `/v1.0/publish/{pubsub}/{topic…}`, single and bulk.
use super::event::{check_metadata, is_cloud_event, raw_payload};
use super::{Outgoing, Publish, Pubsub, outgoing};
use crate::blocks::api;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::{fields, metadata_of, served};
use crate::code::{Code, OpError};
use crate::components::Block;
use crate::http::status;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

type Context = api::Context<Pubsub>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes = Router::new()
        .route("/v1.0/publish/bulk/{pubsub}/{*topic}", post(bulk).put(bulk))
        .route("/v1.0-alpha1/publish/bulk/{pubsub}/{*topic}", post(bulk).put(bulk))
        .route("/v1.0/publish/{pubsub}/{*topic}", post(one).put(one));
    served(routes, context, |shared, pubsub| !shared.has(Block::Pubsub, pubsub))
}

/// A failure of pub/sub in Dapr's rich form: code, reason.
#[derive(Clone)]
struct Kind(Code, &'static str);

const NOT_FOUND: Kind = Kind(Code::PubsubNotFound, "DAPR_PUBSUB_NOT_FOUND");
const NO_TOPIC: Kind = Kind(Code::TopicNameEmpty, "DAPR_PUBSUB_TOPIC_NAME_EMPTY");
const METADATA: Kind = Kind(Code::PubsubRequestMetadata, "DAPR_PUBSUB_METADATA_DESERIALIZATION");
const NOT_ALLOWED: Kind = Kind(Code::PubsubForbidden, "DAPR_PUBSUB_FORBIDDEN");
const PUBLISH: Kind = Kind(Code::PubsubPublishMessage, "DAPR_PUBSUB_PUBLISH_MESSAGE");
const CLOUD_EVENT: Kind = Kind(Code::PubsubCloudEventsSer, "DAPR_PUBSUB_CLOUD_EVENT_CREATION");
const ENVELOPE: Kind = Kind(Code::PubsubEventsSer, "DAPR_PUBSUB_MARSHAL_ENVELOPE");
const EVENTS: Kind = Kind(Code::PubsubEventsSer, "DAPR_PUBSUB_MARSHAL_EVENTS");
const BODY: Kind = Kind(Code::PubsubEventsSer, "DAPR_PUBSUB_UNMARSHAL_EVENTS");

fn error(Kind(code, reason): Kind, pubsub: &str, message: impl Into<String>) -> DaprApiError {
    DaprApiError::new(code, message).rich(reason, Some(("pubsub", pubsub)))
}

fn check(context: &Context, pubsub: &str, topic: &str) -> Result<(), DaprApiError> {
    if !context.has(Block::Pubsub, pubsub) {
        return Err(error(NOT_FOUND, pubsub, format!("pubsub {pubsub} is not found")));
    }
    if topic.is_empty() {
        return Err(error(NO_TOPIC, pubsub, format!("topic is empty in pubsub {pubsub}")));
    }
    Ok(())
}

fn failed(pubsub: &str, topic: &str, reason: &str) -> DaprApiError {
    error(PUBLISH, pubsub, format!("error when publishing to topic {topic} in pubsub {pubsub}: {reason}"))
}

/// Why nothing was taken.
fn refused(pubsub: &str, topic: &str, refusal: OpError) -> DaprApiError {
    match &refusal.code {
        Code::PubsubForbidden => error(NOT_ALLOWED, pubsub, refusal.message),
        Code::QuotaExceeded => DaprApiError::new(Code::QuotaExceeded, refusal.message)
            .rich("DAPLET_QUOTA_EXCEEDED", Some(("pubsub", pubsub))),
        _ => failed(pubsub, topic, &refusal.message),
    }
}

/// The query's metadata, if it can be read.
fn readable(pubsub: &str, metadata: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, DaprApiError> {
    match check_metadata(&metadata) {
        Ok(()) => Ok(metadata),
        Err(e) => Err(error(METADATA, pubsub, format!("failed deserializing metadata. Error: {e}"))),
    }
}

/// Refuses what says that it is a CloudEvent and is none.
fn check_cloud_event(pubsub: &str, message: &Outgoing) -> Result<(), DaprApiError> {
    let as_it_is = raw_payload(&message.metadata).unwrap_or_default();
    let object = || serde_json::from_slice::<BTreeMap<String, &RawValue>>(&message.data).is_ok();
    if as_it_is || !is_cloud_event(&message.content_type) || object() {
        return Ok(());
    }
    Err(error(CLOUD_EVENT, pubsub, "cannot create cloudevent"))
}

/// One message; 204.
async fn one(
    State(context): State<Context>,
    Path((pubsub, topic)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    data: Bytes,
) -> Result<StatusCode, DaprApiError> {
    check(&context, &pubsub, &topic)?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    let metadata = readable(&pubsub, metadata_of(query))?;
    let message = Outgoing { entry_id: String::new(), data, content_type: content_type.to_owned(), metadata };
    check_cloud_event(&pubsub, &message)?;
    let publish = Publish { pubsub: pubsub.clone(), topic: topic.clone(), messages: vec![message] };
    let published = context.block.broker.publish(&context.caller(fields(&headers)), publish).await;
    match published.map_err(|e| refused(&pubsub, &topic, e))?.into_iter().next() {
        None => Ok(status::NO_CONTENT),
        Some((_, reason)) => Err(failed(&pubsub, &topic, &reason)),
    }
}

/// A member of an entry, whatever its case: the official clients differ.
fn member<'a>(entry: &'a BTreeMap<String, &'a RawValue>, wanted: &str) -> Option<&'a RawValue> {
    entry.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value)
}

/// An entry as a message; the id may be missing.
fn entry(entry: &BTreeMap<String, &RawValue>, common: &BTreeMap<String, String>) -> Result<Outgoing, String> {
    let text = |name: &str| member(entry, name).and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    let id = text("entryId").unwrap_or_default();
    let mut metadata = common.clone();
    if let Some(own) = member(entry, "metadata") {
        let own: Option<BTreeMap<String, String>> =
            serde_json::from_str(own.get()).map_err(|e| format!("entry {id}: metadata: {e}"))?;
        metadata.extend(own.unwrap_or_default());
    }
    outgoing(
        id,
        member(entry, "event").unwrap_or(RawValue::NULL),
        Some(text("contentType").unwrap_or_default()),
        metadata,
    )
}

/// Several messages; 204, or 500 with those that failed.
async fn bulk(
    State(context): State<Context>,
    Path((pubsub, topic)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, DaprApiError> {
    check(&context, &pubsub, &topic)?;
    let common = readable(&pubsub, metadata_of(query))?;
    let at = format!("topic {topic} pubsub {pubsub}");
    let entries: Vec<BTreeMap<String, &RawValue>> = serde_json::from_slice(&body)
        .map_err(|e| error(BODY, &pubsub, format!("error when unmarshaling the request for {at}: {e}")))?;
    let (mut messages, mut ids) = (Vec::with_capacity(entries.len()), HashSet::new());
    for parts in &entries {
        let message = entry(parts, &common).map_err(|e| {
            error(ENVELOPE, &pubsub, format!("error when marshalling cloud event envelope for {at}: {e}"))
        })?;
        if message.entry_id.is_empty() || !ids.insert(message.entry_id.clone()) {
            let reason = format!("entryId {:?} is duplicated or not present for entry", message.entry_id);
            return Err(error(EVENTS, &pubsub, format!("error marshaling events to bytes for {at}. error: {reason}")));
        }
        readable(&pubsub, message.metadata.clone())?;
        check_cloud_event(&pubsub, &message)?;
        messages.push(message);
    }
    let publish = Publish { pubsub: pubsub.clone(), topic: topic.clone(), messages };
    let published = context.block.broker.publish(&context.caller(fields(&headers)), publish).await;
    let failures = published.map_err(|e| refused(&pubsub, &topic, e))?;
    if failures.is_empty() {
        return Ok(status::NO_CONTENT.into_response());
    }
    let failures: Vec<Value> = failures.into_iter().map(|(id, error)| json!({"entryId": id, "error": error})).collect();
    let answer = json!({"failedEntries": failures, "errorCode": Code::PubsubPublishMessage.word()});
    Ok((status::AGAIN, Json(answer)).into_response())
}
