//! Events: single and bulk; [`subscribe`] on a stream.
mod subscribe;

use super::event::{check_metadata, is_cloud_event, raw_payload};
use super::{Outgoing, Publish, Pubsub};
use crate::blocks::api;
use crate::blocks::grpc::details::rich;
use crate::blocks::grpc::{self, Methods, failed, proto};
use crate::code::{Code, OpError};
use crate::components::Block;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap, HashSet};
use tonic::Status;

type Context = api::Context<Pubsub>;
type Call<Q> = grpc::Call<Pubsub, Q>;

/// Its methods.
pub fn methods(context: Context) -> Methods<Pubsub> {
    Methods::new(context)
        .unary("PublishEvent", one)
        .unary("BulkPublishEvent", bulk)
        .unary("BulkPublishEventAlpha1", bulk)
        .bidirectional("SubscribeTopicEventsAlpha1", subscribe::events)
}

/// A caller's fault, with Dapr's reason.
fn invalid(pubsub: &str, reason: &str, message: String) -> Status {
    rich(tonic::Code::InvalidArgument, message, reason, ("pubsub", pubsub))
}

/// Whether there is such a broker, and a topic.
fn check(context: &Context, pubsub: &str, topic: &str) -> Result<(), Status> {
    if !context.has(Block::Pubsub, pubsub) {
        let message = format!("pubsub {pubsub} is not found");
        return Err(invalid(pubsub, "DAPR_PUBSUB_NOT_FOUND", message));
    }
    if topic.is_empty() {
        let message = format!("topic is empty in pubsub {pubsub}");
        return Err(invalid(pubsub, "DAPR_PUBSUB_TOPIC_NAME_EMPTY", message));
    }
    Ok(())
}

/// Why nothing was taken, or nothing can be had.
fn refused(what: &str, error: OpError) -> Status {
    if error.code == Code::PubsubForbidden { Status::permission_denied(error.message) } else { failed(what, &error) }
}

fn content_type(given: String) -> String {
    if given.is_empty() { "text/plain".to_owned() } else { given }
}

async fn one(mut call: Call<proto::PublishEventRequest>) -> Result<(), Status> {
    let request = std::mem::take(&mut call.message);
    let (pubsub, topic) = (request.pubsub_name, request.topic);
    check(&call.context, &pubsub, &topic)?;
    let message = Outgoing {
        entry_id: String::new(),
        data: request.data.into(),
        content_type: content_type(request.data_content_type),
        metadata: request.metadata.into_iter().collect(),
    };
    readable(&pubsub, &message)?;
    let what = format!("error when publishing to topic {topic} in pubsub {pubsub}");
    let publish = Publish { pubsub: pubsub.clone(), topic, messages: vec![message] };
    let failures = call.context.block.broker.publish(&call.caller(), publish).await;
    match failures.map_err(|e| refused(&what, e))?.into_iter().next() {
        None => Ok(()),
        Some((_, reason)) => {
            let message = format!("{what}: {reason}");
            Err(rich(tonic::Code::Internal, message, "DAPR_PUBSUB_PUBLISH_MESSAGE", ("pubsub", &pubsub)))
        }
    }
}

/// Refuses metadata that cannot be read, and what says that it is a CloudEvent and is none.
fn readable(pubsub: &str, message: &Outgoing) -> Result<(), Status> {
    let raw = check_metadata(&message.metadata).and_then(|()| raw_payload(&message.metadata));
    let raw = raw.map_err(|e| {
        let message = format!("failed deserializing metadata. Error: {e}");
        invalid(pubsub, "DAPR_PUBSUB_METADATA_DESERIALIZATION", message)
    })?;
    let object = || serde_json::from_slice::<BTreeMap<String, &RawValue>>(&message.data).is_ok();
    if raw || !is_cloud_event(&message.content_type) || object() {
        return Ok(());
    }
    Err(invalid(pubsub, "DAPR_PUBSUB_CLOUD_EVENT_CREATION", "cannot create cloudevent".to_owned()))
}

/// The entries that failed; none where all were taken.
async fn bulk(mut call: Call<proto::BulkPublishRequest>) -> Result<proto::BulkPublishResponse, Status> {
    let request = std::mem::take(&mut call.message);
    let (pubsub, topic) = (request.pubsub_name, request.topic);
    check(&call.context, &pubsub, &topic)?;
    let mut ids = HashSet::new();
    if let Some(entry) = request.entries.iter().find(|e| e.entry_id.is_empty() || !ids.insert(e.entry_id.as_str())) {
        let reason = format!("entryId {:?} is duplicated or not present for entry", entry.entry_id);
        let at = format!("topic {topic} pubsub {pubsub}");
        let message = format!("error marshaling events to bytes for {at}. error: {reason}");
        return Err(invalid(&pubsub, "DAPR_PUBSUB_MARSHAL_EVENTS", message));
    }
    let merged = |own: HashMap<String, String>| request.metadata.clone().into_iter().chain(own).collect();
    let message = |entry: proto::BulkPublishRequestEntry| Outgoing {
        entry_id: entry.entry_id,
        data: entry.event.into(),
        content_type: content_type(entry.content_type),
        metadata: merged(entry.metadata),
    };
    let messages: Vec<Outgoing> = request.entries.into_iter().map(message).collect();
    messages.iter().try_for_each(|message| readable(&pubsub, message))?;
    let what = format!("error when publishing to topic {topic} in pubsub {pubsub}");
    let failures = call.context.block.broker.publish(&call.caller(), Publish { pubsub, topic, messages }).await;
    let entry = |(entry_id, error)| proto::BulkPublishResponseFailedEntry { entry_id, error };
    let failures = failures.map_err(|e| refused(&what, e))?;
    Ok(proto::BulkPublishResponse { failed_entries: failures.into_iter().map(entry).collect() })
}
