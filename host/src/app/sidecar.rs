//! What there is with a sidecar alone: the events that it brings, by its calls and by streams, and what it is told of functions.
use crate::budget::Purse;
use crate::dapr::Sidecar;
use crate::functions::Registry;
use crate::http::ApiError;
use crate::http::flight::counted;
use crate::invoke::Invoker;
use crate::surfaces::{actors, bindings, configuration, jobs, topics};
use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What the triggers need.
pub struct Behind {
    /// The sidecar.
    pub sidecar: Sidecar,
    /// Whose events there are.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Largest body of an event, bytes.
    pub max_body_bytes: usize,
    /// What events hold of the process's memory.
    pub memory: Purse,
    /// Callers are not told what a function threw.
    pub production: bool,
    /// Nothing that the sidecar brings is taken.
    pub safe_mode: bool,
    /// Ends the tasks.
    pub stop: CancellationToken,
}

impl Behind {
    /// Starts what follows the sidecar.
    pub fn start(&self) -> Vec<JoinHandle<()>> {
        if self.safe_mode {
            return Vec::new();
        }
        let (registry, stop) = (|| Arc::clone(&self.registry), || self.stop.clone());
        let sidecar = || self.sidecar.clone();
        let changes = configuration::sidecar::Subscriptions { sidecar: sidecar(), registry: registry(), stop: stop() };
        let declared = jobs::declared::Declared { sidecar: sidecar(), registry: registry(), stop: stop() };
        let mut running = vec![tokio::spawn(changes.run()), tokio::spawn(declared.run())];
        if self.sidecar.streams() {
            let invoker = self.invoker.clone();
            let streams =
                topics::streaming::Streams { sidecar: sidecar(), registry: registry(), invoker, stop: stop() };
            running.push(tokio::spawn(streams.run()));
        }
        running
    }

    /// What the sidecar calls, and what stands beside the functions' own paths.
    pub fn routes(&self) -> (Router, Option<bindings::sidecar::Context>) {
        let (registry, invoker) = (|| Arc::clone(&self.registry), || self.invoker.clone());
        let streams = self.sidecar.streams();
        let told = actors::sidecar::Told::default();
        tokio::spawn(actors::sidecar::watch(registry(), told.clone(), self.stop.clone()));
        let actors = actors::sidecar::Context {
            registry: registry(),
            invoker: invoker(),
            sidecar: self.sidecar.clone(),
            production: self.production,
            turns: actors::Turns::default(),
            told,
        };
        let max_body_bytes = self.max_body_bytes;
        let memory = self.memory.clone();
        let inputs = bindings::sidecar::Context { registry: registry(), invoker: invoker(), max_body_bytes, memory };
        let changes = configuration::sidecar::Context { registry: registry(), invoker: invoker() };
        let jobs = jobs::sidecar::Context { registry: registry(), invoker: invoker() };
        let batches = topics::batch::Batches::new(registry(), invoker(), self.stop.clone());
        let topics = topics::sidecar::Context { registry: registry(), batches, streams };
        let router = topics::sidecar::routes(topics)
            .merge(actors::sidecar::routes(actors))
            .merge(jobs::sidecar::routes(jobs))
            .merge(configuration::sidecar::routes(changes))
            .merge(bindings::sidecar::routes(inputs.clone()));
        let unread = |unread| ApiError::unread(unread).into_response();
        let router = counted(router, self.memory.clone(), topics::sidecar::MAX_DELIVERY, unread);
        if self.safe_mode {
            return (router.layer(axum::middleware::from_fn(decline)), None);
        }
        (router, Some(inputs))
    }
}

/// In safe mode the sidecar is told to try again later, and that the application lives.
async fn decline(request: Request, next: Next) -> Response {
    if request.uri().path() == "/healthz" {
        return next.run(request).await;
    }
    ApiError::safe_mode().into_response()
}
