//! Surfaces: where the outside meets functions. An outside event becomes an event of a function, its reply becomes the outside answer.
//!
//! # Layout
//! - [`requests`]: HTTP requests, and service invocation
//! - [`topics`], [`jobs`], [`bindings`], [`configuration`], [`actors`]: events of the building blocks
//! - [`management`]: uploads, configuration items, health
//! - [`embedded`], [`sidecar`]: the events of a host, with the embedded default or behind a sidecar
//! - [`failures`]: the table from failures to HTTP problems
//! - [`scheduler`] runs jobs and reminders when they are due; [`permits`] bounds what runs at once
pub mod actors;
pub mod bindings;
pub mod configuration;
pub mod embedded;
pub mod failures;
pub mod jobs;
pub mod management;
pub mod permits;
pub mod requests;
pub mod scheduler;
pub mod sidecar;
pub mod topics;

use crate::functions::Registry;
use crate::invoke::Invoker;
use crate::origin::Origin;
use axum::Router;
use daplet_abi::event::PlainEvent;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every surface needs of its host. Cheap to clone.
#[derive(Clone)]
pub struct Inside {
    /// Which functions there are.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Hide failures' details from callers.
    pub production: bool,
    /// Ends the tasks.
    pub stop: CancellationToken,
}

/// One surface, or several: the requests that it answers, and the tasks that it runs until it is stopped.
#[derive(Default)]
pub struct Surface {
    /// What is called from outside.
    pub routes: Router,
    /// Tasks that wait for events; each ends after `stop`, when what it began is done.
    pub tasks: Vec<BoxFuture<'static, ()>>,
}

impl Surface {
    /// With these routes too.
    pub fn answering(self, routes: Router) -> Surface {
        Surface { routes: self.routes.merge(routes), ..self }
    }

    /// With this task too.
    pub fn doing(mut self, task: impl Future<Output = ()> + Send + 'static) -> Surface {
        self.tasks.push(task.boxed());
        self
    }
}

/// The head of an event whose handler gets one value.
fn plain(origin: &Origin, attempt: u32) -> PlainEvent {
    let traceparent = Some(origin.traceparent.to_string());
    PlainEvent { request_id: origin.request_id.to_string(), traceparent, attempt }
}
