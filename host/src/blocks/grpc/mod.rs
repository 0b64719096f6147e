//! Dapr's gRPC API over the embedded default: what [`super::http`] serves by HTTP, for clients that speak only this.
//!
//! Owns: the table of methods, gRPC's statuses. Must not know: how state and messages are kept. The messages are those of the
//! crate `sidecar`, made from Dapr's own protocol files; what is not in the table answers UNIMPLEMENTED with its name.
//!
//! # Layout
//! - each block's `grpc` serves its methods
//! - [`flight`]: what calls take of the memory budget
//! - [`details`]: reasons of failures
//! - [`metadata`]: what the sidecar says of itself
pub mod details;
pub mod flight;
mod metadata;

use crate::blocks::actors::grpc::{self as actors, reminders};
use crate::blocks::bindings::grpc as binding;
use crate::blocks::call::CallContext;
use crate::blocks::configuration::grpc as configuration;
use crate::blocks::crypto::grpc as crypto;
use crate::blocks::http::Context;
use crate::blocks::invoke::grpc as invoke;
use crate::blocks::jobs::grpc as jobs;
use crate::blocks::locks::grpc as lock;
use crate::blocks::pubsub::grpc::{self as publish, subscribe};
use crate::blocks::secrets::grpc as secrets;
use crate::blocks::state::grpc as state;
use crate::code::OpError;
pub use ::dapr::dapr::proto::runtime::v1 as proto;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use flight::{counted, held};
use futures::stream::BoxStream;
use tonic::Status;
use tonic::metadata::MetadataMap;

/// One call: what it asks for, and who asks.
pub struct Call<T> {
    /// What serves it.
    pub context: Context,
    /// What came with it.
    pub metadata: MetadataMap,
    /// What it asks for.
    pub message: T,
}

impl<T> Call<T> {
    /// The caller as capabilities know callers.
    pub fn caller(&self) -> CallContext {
        let mut headers = axum::http::HeaderMap::new();
        for name in [crate::http::wire::TRACEPARENT, crate::http::wire::TRACESTATE] {
            let value = self.metadata.get(name.as_str()).and_then(|value| value.to_str().ok()?.parse().ok());
            headers.extend(value.map(|value| (name, value)));
        }
        self.context.caller(&headers)
    }
}

/// Dapr's gRPC API.
pub fn routes(context: &Context) -> Router {
    let methods: Vec<(&str, MethodRouter)> = vec![
        ("GetState", unary(context, state::get)),
        ("GetBulkState", unary(context, state::get_bulk)),
        ("SaveState", unary(context, state::save)),
        ("DeleteState", unary(context, state::delete)),
        ("DeleteBulkState", unary(context, state::delete_bulk)),
        ("ExecuteStateTransaction", unary(context, state::transact)),
        ("QueryStateAlpha1", unary(context, state::query)),
        ("PublishEvent", unary(context, publish::one)),
        ("BulkPublishEvent", unary(context, publish::bulk)),
        ("BulkPublishEventAlpha1", unary(context, publish::bulk)),
        ("SubscribeTopicEventsAlpha1", bidirectional(context, subscribe::events)),
        ("GetSecret", unary(context, secrets::get)),
        ("GetBulkSecret", unary(context, secrets::get_bulk)),
        ("GetConfiguration", unary(context, configuration::get)),
        ("GetConfigurationAlpha1", unary(context, configuration::get)),
        ("SubscribeConfiguration", streaming(context, configuration::subscribe)),
        ("SubscribeConfigurationAlpha1", streaming(context, configuration::subscribe)),
        ("UnsubscribeConfiguration", unary(context, configuration::unsubscribe)),
        ("TryLockAlpha1", unary(context, lock::lock)),
        ("UnlockAlpha1", unary(context, lock::unlock)),
        ("ScheduleJob", unary(context, jobs::schedule)),
        ("ScheduleJobAlpha1", unary(context, jobs::schedule)),
        ("GetJob", unary(context, jobs::get)),
        ("GetJobAlpha1", unary(context, jobs::get)),
        ("DeleteJob", unary(context, jobs::delete)),
        ("DeleteJobAlpha1", unary(context, jobs::delete)),
        ("InvokeActor", unary(context, actors::call)),
        ("GetActorState", unary(context, actors::get)),
        ("ExecuteActorStateTransaction", unary(context, actors::save)),
        ("RegisterActorReminder", unary(context, reminders::set)),
        ("GetActorReminder", unary(context, reminders::get)),
        ("UnregisterActorReminder", unary(context, reminders::delete)),
        ("ListActorReminders", unary(context, reminders::list)),
        ("UnregisterActorRemindersByType", unary(context, reminders::delete_all)),
        ("RegisterActorTimer", unary(context, reminders::set_timer)),
        ("UnregisterActorTimer", unary(context, reminders::delete_timer)),
        ("EncryptAlpha1", bidirectional(context, crypto::encrypt)),
        ("DecryptAlpha1", bidirectional(context, crypto::decrypt)),
        ("InvokeBinding", unary(context, binding::invoke)),
        ("InvokeService", unary(context, invoke::service)),
        ("GetMetadata", unary(context, metadata::get)),
        ("SetMetadata", unary(context, metadata::set)),
    ];
    let add = |router: Router, (name, method)| router.route(&format!("/dapr.proto.runtime.v1.Dapr/{name}"), method);
    methods.into_iter().fold(Router::new(), add).fallback(unserved)
}

async fn unserved(request: Request) -> Response {
    let method = request.uri().path().rsplit('/').next().unwrap_or_default();
    Status::unimplemented(format!("{method} is not served without a Dapr sidecar; set DAPR_GRPC_PORT to use one"))
        .into_http::<tonic::body::Body>()
        .into_response()
}

/// A method with one message in and one out.
fn unary<Q, A, F>(context: &Context, serve: impl Fn(Call<Q>) -> F + Clone + Send + Sync + 'static) -> MethodRouter
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + 'static,
    F: Future<Output = Result<A, Status>> + Send + 'static,
{
    let context = context.clone();
    post(move |request: Request| async move {
        let (limit, memory) = (context.max_body_bytes, context.memory.clone());
        let (request, _until_answered) = counted(request, &memory, limit, Some(context.patience));
        let service = tower::service_fn(move |request: tonic::Request<Q>| {
            let (metadata, _, message) = request.into_parts();
            let answer = serve(Call { context: context.clone(), metadata, message });
            async move { answer.await.map(tonic::Response::new) }
        });
        let codec = tonic_prost::ProstCodec::<A, Q>::default();
        let answer = tonic::server::Grpc::new(codec).max_decoding_message_size(limit).unary(service, request).await;
        held(answer, &memory)
    })
}

/// A method with one message in and a stream of messages out.
fn streaming<Q, A, F>(context: &Context, serve: impl Fn(Call<Q>) -> F + Clone + Send + Sync + 'static) -> MethodRouter
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + 'static,
    F: Future<Output = Result<BoxStream<'static, Result<A, Status>>, Status>> + Send + 'static,
{
    let context = context.clone();
    post(move |request: Request| async move {
        let (limit, memory) = (context.max_body_bytes, context.memory.clone());
        let (request, _until_begun) = counted(request, &memory, limit, Some(context.patience));
        let service = tower::service_fn(move |request: tonic::Request<Q>| {
            let (metadata, _, message) = request.into_parts();
            let answer = serve(Call { context: context.clone(), metadata, message });
            async move { answer.await.map(tonic::Response::new) }
        });
        let codec = tonic_prost::ProstCodec::<A, Q>::default();
        let mut grpc = tonic::server::Grpc::new(codec).max_decoding_message_size(limit);
        held(grpc.server_streaming(service, request).await, &memory)
    })
}

/// A method with streams both ways.
fn bidirectional<Q, A, F>(
    context: &Context,
    serve: impl Fn(Context, tonic::Streaming<Q>) -> F + Clone + Send + Sync + 'static,
) -> MethodRouter
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + 'static,
    F: Future<Output = Result<BoxStream<'static, Result<A, Status>>, Status>> + Send + 'static,
{
    let context = context.clone();
    post(move |request: Request| async move {
        let (limit, memory) = (context.max_body_bytes, context.memory.clone());
        let (request, _held_by_the_body) = counted(request, &memory, limit, None);
        let service = tower::service_fn(move |request: tonic::Request<tonic::Streaming<Q>>| {
            let answer = serve(context.clone(), request.into_inner());
            async move { answer.await.map(tonic::Response::new) }
        });
        let codec = tonic_prost::ProstCodec::<A, Q>::default();
        let mut grpc = tonic::server::Grpc::new(codec).max_decoding_message_size(limit);
        held(grpc.streaming(service, request).await, &memory)
    })
}

/// A failed operation. Dapr tells a lost race as ABORTED.
pub fn failed(what: &str, error: &OpError) -> Status {
    let message = format!("{what}: {}", error.message);
    Status::new(tonic::Code::from(error.code.grpc() as i32), message)
}
