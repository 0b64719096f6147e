//! Events that a sidecar brings, by its calls and by streams, and the topics, types and jobs of functions that it learns.
use super::{Inside, Surface, actors, bindings, configuration, jobs, topics};
use crate::budget::Purse;
use crate::dapr::Sidecar;
use crate::http::ApiError;
use crate::http::flight::counted;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// What the surface is made of.
pub struct SidecarEvents<'a> {
    /// The host.
    pub inside: &'a Inside,
    /// The sidecar.
    pub sidecar: &'a Sidecar,
    /// Largest body of an event, bytes.
    pub max_api_body_bytes: usize,
    /// What events hold of the process's memory.
    pub memory: Purse,
    /// Nothing that the sidecar brings is taken.
    pub safe_mode: bool,
}

impl SidecarEvents<'_> {
    /// What the sidecar calls and what follows it; and what stands beside the functions' own paths.
    pub fn surface(&self) -> (Surface, Option<bindings::sidecar::Context>) {
        let Inside { registry, invoker, production, stop } = self.inside;
        let (registry, invoker, stop) = (|| Arc::clone(registry), || invoker.clone(), || stop.clone());
        let known_types = actors::sidecar::KnownTypes::default();
        let watch = actors::sidecar::watch(registry(), known_types.clone(), stop());
        let actors = actors::sidecar::Context {
            registry: registry(),
            invoker: invoker(),
            sidecar: self.sidecar.clone(),
            production: *production,
            turns: actors::Turns::default(),
            known_types,
        };
        let (max_api_body_bytes, memory) = (self.max_api_body_bytes, self.memory.clone());
        let inputs =
            bindings::sidecar::Context { registry: registry(), invoker: invoker(), max_api_body_bytes, memory };
        let changes = configuration::sidecar::Context { registry: registry(), invoker: invoker() };
        let jobs = jobs::sidecar::Context { registry: registry(), invoker: invoker() };
        let batches = topics::batch::Batches::new(registry(), invoker(), stop());
        let topics = topics::sidecar::Context { registry: registry(), batches, streams: self.sidecar.streams() };
        let called = topics::sidecar::routes(topics)
            .merge(actors::sidecar::routes(actors))
            .merge(jobs::sidecar::routes(jobs))
            .merge(configuration::sidecar::routes(changes))
            .merge(bindings::sidecar::routes(inputs.clone()));
        let unread = |unread| ApiError::unread(unread).into_response();
        let called = counted(called, self.memory.clone(), topics::sidecar::MAX_DELIVERY, unread);
        if self.safe_mode {
            return (Surface::default().answering(called.layer(from_fn(decline))).doing(watch), None);
        }
        (self.followed().answering(called).doing(watch), Some(inputs))
    }

    /// What follows the sidecar.
    fn followed(&self) -> Surface {
        let Inside { registry, invoker, stop, .. } = self.inside;
        let (registry, stop, sidecar) = (|| Arc::clone(registry), || stop.clone(), || self.sidecar.clone());
        let changes = configuration::sidecar::Subscriptions { sidecar: sidecar(), registry: registry(), stop: stop() };
        let declared = jobs::declared::Declared { sidecar: sidecar(), registry: registry(), stop: stop() };
        let surface = Surface::default().doing(changes.run()).doing(declared.run());
        if !self.sidecar.streams() {
            return surface;
        }
        let (sidecar, registry, invoker, stop) = (sidecar(), registry(), invoker.clone(), stop());
        surface.doing(topics::streaming::Streams { sidecar, registry, invoker, stop }.run())
    }
}

/// In safe mode a sidecar gets only its health check answered; it tries everything else again later.
async fn decline(request: Request, next: Next) -> Response {
    if request.uri().path() == "/healthz" {
        return next.run(request).await;
    }
    ApiError::safe_mode().into_response()
}
