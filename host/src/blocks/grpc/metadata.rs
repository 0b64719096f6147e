//! What the sidecar says of itself: the same as over HTTP.
use super::{Call, proto};
use crate::blocks::http::{set_extended, subscriptions};
use crate::components::Component;
use std::sync::PoisonError;
use tonic::Status;

pub async fn get(call: Call<proto::GetMetadataRequest>) -> Result<proto::GetMetadataResponse, Status> {
    let context = &call.context;
    let component = |component: &Component| proto::RegisteredComponents {
        name: component.name.clone(),
        r#type: component.kind.clone(),
        version: component.version.clone(),
        capabilities: component.capabilities.iter().map(|word| (*word).to_owned()).collect(),
    };
    let subscription = |s: daplet_abi::load::Subscription| proto::PubsubSubscription {
        pubsub_name: s.pubsub,
        topic: s.topic,
        dead_letter_topic: s.dead_letter_topic.unwrap_or_default(),
        r#type: proto::PubsubSubscriptionType::Programmatic as i32,
        ..Default::default()
    };
    let extended = context.extended.read().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(proto::GetMetadataResponse {
        id: context.app_id.to_string(),
        registered_components: context.components.listed.iter().map(component).collect(),
        extended_metadata: extended.into_iter().collect(),
        subscriptions: subscriptions(context).map(subscription).collect(),
        runtime_version: crate::blocks::http::RUNTIME_VERSION.to_owned(),
        ..Default::default()
    })
}

pub async fn set(call: Call<proto::SetMetadataRequest>) -> Result<(), Status> {
    let proto::SetMetadataRequest { key, value } = call.message;
    set_extended(&call.context, key, value).map_err(Status::resource_exhausted)
}
