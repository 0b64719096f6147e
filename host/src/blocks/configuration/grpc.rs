//! Configuration: get, and the stream of changes.
use super::{ConfigurationStore, Get, Item, Items, Watch, unknown_store};
use crate::blocks::api;
use crate::blocks::grpc::{self, Messages, Methods, proto};
use crate::components::Block;
use ::dapr::dapr::proto::common::v1::ConfigurationItem;
use futures::stream::StreamExt;
use std::collections::HashMap;
use tonic::Status;

type Context = api::Context<dyn ConfigurationStore>;
type Call<Q> = grpc::Call<dyn ConfigurationStore, Q>;

/// Its methods.
pub fn methods(context: Context) -> Methods<dyn ConfigurationStore> {
    Methods::new(context)
        .unary("GetConfiguration", get)
        .unary("GetConfigurationAlpha1", get)
        .streaming("SubscribeConfiguration", subscribe)
        .streaming("SubscribeConfigurationAlpha1", subscribe)
        .unary("UnsubscribeConfiguration", unsubscribe)
}

fn check_store(context: &Context, store: &str) -> Result<(), Status> {
    if context.has(Block::Configuration, store) { Ok(()) } else { Err(Status::invalid_argument(unknown_store(store))) }
}

fn items(found: Items) -> HashMap<String, ConfigurationItem> {
    let item = |Item { value, version, metadata }: Item| ConfigurationItem {
        value: value.unwrap_or_default(),
        version,
        metadata: metadata.into_iter().collect(),
    };
    found.into_iter().map(|(key, found)| (key, item(found))).collect()
}

async fn get(call: Call<proto::GetConfigurationRequest>) -> Result<proto::GetConfigurationResponse, Status> {
    let cx = call.caller();
    let proto::GetConfigurationRequest { store_name: store, keys, metadata } = call.message;
    check_store(&call.context, &store)?;
    let get = Get { store, keys, metadata: metadata.into_iter().collect() };
    let found = call.context.block.get(&cx, &get).await;
    let Get { store, keys, .. } = &get;
    let failed =
        |message| Status::internal(format!("failed to get {keys:?} from Configuration store {store}: {message}"));
    found.map(|found| proto::GetConfigurationResponse { items: items(found) }).map_err(|e| failed(e.message))
}

type Changes = Messages<proto::SubscribeConfigurationResponse>;

/// First the subscription's id alone, as Dapr sends it, then each change. The subscription ends with its stream.
async fn subscribe(call: Call<proto::SubscribeConfigurationRequest>) -> Result<Changes, Status> {
    let proto::SubscribeConfigurationRequest { store_name: store, keys, .. } = call.message;
    check_store(&call.context, &store)?;
    let changes = call.context.block.watch(Watch { store, keys }).map_err(|e| Status::internal(e.message))?;
    let id = uuid::Uuid::new_v4().to_string();
    let told = move |found: Items| proto::SubscribeConfigurationResponse { id: id.clone(), items: items(found) };
    let first = told(Items::new());
    let changes = changes.take_until(call.context.stop.clone().cancelled_owned());
    Ok(futures::stream::iter([first]).chain(changes.map(told)).map(Ok).boxed())
}

/// A subscription is its stream: who closes it has unsubscribed.
async fn unsubscribe(
    call: Call<proto::UnsubscribeConfigurationRequest>,
) -> Result<proto::UnsubscribeConfigurationResponse, Status> {
    check_store(&call.context, &call.message.store_name)?;
    let message = format!("subscription {} ends when its stream is closed", call.message.id);
    Ok(proto::UnsubscribeConfigurationResponse { ok: true, message })
}
