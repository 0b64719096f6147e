//! What the blocks share of Dapr's gRPC API.
//!
//! Owns: how a block's methods are served: messages, memory and callers; gRPC's status of a failed operation. Must not know: any block,
//! the HTTP API. The messages are those of the crate `dapr`, made from Dapr's own protocol files; a method that no block has answers
//! UNIMPLEMENTED with its name.
//!
//! # Layout
//! - [`flight`]: what calls take of the memory budget
//! - [`details`]: reasons of failures
pub mod details;
pub mod flight;

use super::api::{Context, Shared};
use super::call::CallContext;
use crate::code::OpError;
use crate::http::wire::fields;
pub use ::dapr::dapr::proto::runtime::v1 as proto;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use flight::{counted, held};
use futures::stream::BoxStream;
use tonic::metadata::MetadataMap;
use tonic::server::Grpc;
use tonic::{Request as Message, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

/// The messages of an answer.
pub type Messages<A> = BoxStream<'static, Result<A, Status>>;

/// One call: what it asks for, and who asks.
pub struct Call<B: ?Sized, Q> {
    /// What serves it.
    pub context: Context<B>,
    /// What came with it.
    pub metadata: MetadataMap,
    /// What it asks for: a message, or a stream of them.
    pub message: Q,
}

impl<B: ?Sized, Q> Call<B, Q> {
    fn new(context: Context<B>, message: Message<Q>) -> Call<B, Q> {
        let (metadata, _, message) = message.into_parts();
        Call { context, metadata, message }
    }

    /// The caller as blocks know callers.
    pub fn caller(&self) -> CallContext {
        self.context.caller(fields(self.metadata.as_ref()))
    }
}

/// The methods of a block, by their names.
pub struct Methods<B: ?Sized> {
    context: Context<B>,
    methods: Vec<(&'static str, MethodRouter)>,
}

impl<B: ?Sized + Send + Sync + 'static> Methods<B> {
    /// None yet.
    pub fn new(context: Context<B>) -> Methods<B> {
        Methods { context, methods: Vec::new() }
    }

    /// The routes of these methods.
    pub fn router(self) -> Router {
        let add = |router: Router, (name, method)| router.route(&format!("/dapr.proto.runtime.v1.Dapr/{name}"), method);
        self.methods.into_iter().fold(Router::new(), add)
    }

    fn add(mut self, name: &'static str, method: MethodRouter) -> Methods<B> {
        self.methods.push((name, method));
        self
    }

    /// Adds a method with one message in and one out.
    pub fn unary<Q, A, F>(
        self,
        name: &'static str,
        serve: impl Fn(Call<B, Q>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + 'static,
        F: Future<Output = Result<A, Status>> + Send + 'static,
    {
        let context = self.context.clone();
        let method = post(move |request: Request| async move {
            let (request, _until_answered) =
                counted(request, &context.memory, context.max_api_body_bytes, Some(context.patience));
            let answer = transport::<Q, A>(&context).unary(service(&context, serve), request).await;
            held(answer, &context.memory)
        });
        self.add(name, method)
    }

    /// Adds a method with one message in and a stream of messages out.
    pub fn streaming<Q, A, F>(
        self,
        name: &'static str,
        serve: impl Fn(Call<B, Q>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + 'static,
        F: Future<Output = Result<Messages<A>, Status>> + Send + 'static,
    {
        let context = self.context.clone();
        let method = post(move |request: Request| async move {
            let (request, _until_begun) =
                counted(request, &context.memory, context.max_api_body_bytes, Some(context.patience));
            let answer = transport::<Q, A>(&context).server_streaming(service(&context, serve), request).await;
            held(answer, &context.memory)
        });
        self.add(name, method)
    }

    /// Adds a method with streams both ways.
    pub fn bidirectional<Q, A, F>(
        self,
        name: &'static str,
        serve: impl Fn(Call<B, Streaming<Q>>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + 'static,
        F: Future<Output = Result<Messages<A>, Status>> + Send + 'static,
    {
        let context = self.context.clone();
        let method = post(move |request: Request| async move {
            let (request, _held_by_the_body) = counted(request, &context.memory, context.max_api_body_bytes, None);
            let answer = transport::<Q, A>(&context).streaming(service(&context, serve), request).await;
            held(answer, &context.memory)
        });
        self.add(name, method)
    }
}

/// Decodes calls and encodes answers. A message may be as large as a body of HTTP.
fn transport<Q, A>(context: &Shared) -> Grpc<ProstCodec<A, Q>>
where
    Q: prost::Message + Default + 'static,
    A: prost::Message + 'static,
{
    Grpc::new(ProstCodec::default()).max_decoding_message_size(context.max_api_body_bytes)
}

/// `serve` in the form that tonic calls.
fn service<B, Q, A, F>(
    context: &Context<B>,
    serve: impl Fn(Call<B, Q>) -> F + Send,
) -> impl Service<Message<Q>, Response = tonic::Response<A>, Error = Status, Future: Send> + Send
where
    B: ?Sized + Send + Sync + 'static,
    Q: Send,
    F: Future<Output = Result<A, Status>> + Send,
{
    let context = context.clone();
    service_fn(move |message: Message<Q>| {
        let answer = serve(Call::new(context.clone(), message));
        async move { answer.await.map(tonic::Response::new) }
    })
}

/// Answers a method that no block has.
pub async fn unserved(request: Request) -> Response {
    let method = request.uri().path().rsplit('/').next().unwrap_or_default();
    Status::unimplemented(format!("{method} is not served without a Dapr sidecar; set DAPR_GRPC_PORT to use one"))
        .into_http::<tonic::body::Body>()
        .into_response()
}

/// A failed operation. Dapr tells a lost race as ABORTED.
pub fn failed(what: &str, error: &OpError) -> Status {
    let message = format!("{what}: {}", error.message);
    Status::new(tonic::Code::from(error.code.grpc() as i32), message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::budget::Budget;
    use crate::functions::{Common, Registry};
    use crate::http::timed::Patience;
    use std::sync::Arc;
    use std::time::Duration;

    /// Calls with one message and with streams alike.
    #[test]
    fn a_call_carries_its_trace() {
        let folder = tempfile::tempdir().unwrap();
        let common = Common {
            guest: [0; 32],
            memory: Budget::new(u64::MAX),
            ceilings: crate::limits::Limits::default(),
            absent: crate::config::AbsentGrants::Open,
        };
        let registry = Registry::open(&folder.path().join("functions.redb"), 1 << 20, common).unwrap();
        let shared = super::super::api::Shared {
            components: Arc::default(),
            registry: Arc::new(registry),
            app_id: "app".into(),
            max_api_body_bytes: 1,
            max_body_bytes: 1,
            patience: Patience { within: Duration::from_secs(1), rate: 0 },
            memory: Budget::new(u64::MAX).purse(),
            max_answer_bytes: 1,
            stop: tokio_util::sync::CancellationToken::new(),
        };
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let mut message = Message::new(());
        message.metadata_mut().insert("traceparent", trace.parse().unwrap());
        message.metadata_mut().insert("tracestate", "a=1".parse().unwrap());
        let call = Call::<(), ()>::new(Context::new(&Arc::new(()), &Arc::new(shared)), message);
        let caller = call.caller();
        let origin = &caller.origin;
        assert_eq!(
            (&*caller.function, &*origin.traceparent, origin.tracestate.as_deref()),
            ("app", trace, Some("a=1"))
        );
    }
}
