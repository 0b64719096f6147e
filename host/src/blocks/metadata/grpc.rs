//! `GetMetadata`, `SetMetadata`.
use super::{Metadata, RUNTIME_VERSION, subscriptions};
use crate::blocks::api::Context;
use crate::blocks::grpc::{self, Methods, proto};
use crate::components::Component;
use tonic::Status;

type Call<Q> = grpc::Call<Metadata, Q>;

/// Its methods.
pub fn methods(context: Context<Metadata>) -> Methods<Metadata> {
    Methods::new(context).unary("GetMetadata", get).unary("SetMetadata", set)
}

async fn get(call: Call<proto::GetMetadataRequest>) -> Result<proto::GetMetadataResponse, Status> {
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
    // Actors are not counted: each turn has a heap of its own.
    let actors = context.registry.actors().into_iter();
    let actors = actors.map(|r#type| proto::ActiveActorsCount { r#type, count: 0 }).collect();
    Ok(proto::GetMetadataResponse {
        id: context.app_id.to_string(),
        actor_runtime: Some(proto::ActorRuntime {
            runtime_status: proto::actor_runtime::ActorRuntimeStatus::Running as i32,
            active_actors: actors,
            host_ready: true,
            placement: String::new(),
        }),
        registered_components: context.components.listed.iter().map(component).collect(),
        extended_metadata: context.block.entries().into_iter().collect(),
        subscriptions: subscriptions(context).map(subscription).collect(),
        runtime_version: RUNTIME_VERSION.to_owned(),
        ..Default::default()
    })
}

async fn set(call: Call<proto::SetMetadataRequest>) -> Result<(), Status> {
    let proto::SetMetadataRequest { key, value } = call.message;
    call.context.block.set(key, value).map_err(Status::resource_exhausted)
}
