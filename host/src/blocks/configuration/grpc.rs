//! Configuration: get, and the stream of changes.
use super::http::unknown_store;
use super::{Item, Items};
use crate::blocks::grpc::{Call, proto};
use crate::blocks::http::Context;
use ::dapr::dapr::proto::common::v1::ConfigurationItem;
use futures::stream::{BoxStream, StreamExt};
use std::collections::HashMap;
use tonic::Status;

fn check_store(context: &Context, store: &str) -> Result<(), Status> {
    unknown_store(context, store).map_or(Ok(()), |message| Err(Status::invalid_argument(message)))
}

fn items(found: Items) -> HashMap<String, ConfigurationItem> {
    let item = |Item { value, version, metadata }: Item| ConfigurationItem {
        value: value.unwrap_or_default(),
        version,
        metadata: metadata.into_iter().collect(),
    };
    found.into_iter().map(|(key, found)| (key, item(found))).collect()
}

pub async fn get(call: Call<proto::GetConfigurationRequest>) -> Result<proto::GetConfigurationResponse, Status> {
    let cx = call.caller();
    let proto::GetConfigurationRequest { store_name: store, keys, metadata } = call.message;
    check_store(&call.context, &store)?;
    let found = call.context.configuration.get(&cx, &store, &keys, &metadata.into_iter().collect()).await;
    let failed =
        |message| Status::internal(format!("failed to get {keys:?} from Configuration store {store}: {message}"));
    found.map(|found| proto::GetConfigurationResponse { items: items(found) }).map_err(|e| failed(e.message))
}

/// What the stream yields.
pub type Changes = BoxStream<'static, Result<proto::SubscribeConfigurationResponse, Status>>;

/// First the subscription's id alone, as Dapr sends it, then each change. The subscription ends with its stream.
pub async fn subscribe(call: Call<proto::SubscribeConfigurationRequest>) -> Result<Changes, Status> {
    let proto::SubscribeConfigurationRequest { store_name: store, keys, .. } = call.message;
    check_store(&call.context, &store)?;
    let changes = call.context.configuration.watch(&store, keys).map_err(|e| Status::internal(e.message))?;
    let id = uuid::Uuid::new_v4().to_string();
    let told = move |found: Items| proto::SubscribeConfigurationResponse { id: id.clone(), items: items(found) };
    let first = told(Items::new());
    let changes = changes.take_until(call.context.stop.cancelled_owned());
    Ok(futures::stream::iter([first]).chain(changes.map(told)).map(Ok).boxed())
}

/// A subscription is its stream: who closes it has unsubscribed.
pub async fn unsubscribe(
    call: Call<proto::UnsubscribeConfigurationRequest>,
) -> Result<proto::UnsubscribeConfigurationResponse, Status> {
    check_store(&call.context, &call.message.store_name)?;
    let message = format!("subscription {} ends when its stream is closed", call.message.id);
    Ok(proto::UnsubscribeConfigurationResponse { ok: true, message })
}
