//! Publishing, single and bulk.
//!
//! Owns: the request, and what a broker does with it. `event` wraps messages as Dapr does, `scopes` says which topics may be used. Must
//! not know: who asks, where messages are kept.
pub mod component;
pub mod embedded;
pub mod event;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod scopes;
pub mod sidecar;

pub use message::{Outgoing, outgoing};
pub use scopes::{Brokers, Scopes};

mod message;

use super::call::CallContext;
use crate::code::OpError;
use crate::store::Log;
use async_trait::async_trait;
use std::sync::Arc;

/// The broker of a request that names none.
pub const DEFAULT_PUBSUB: &str = "pubsub";

/// Publishes messages: `pubsub.publish`, `pubsub.publishMany`.
#[derive(Clone, Debug)]
pub struct Publish {
    /// The broker.
    pub pubsub: String,
    /// The topic.
    pub topic: String,
    /// The messages, in their order.
    pub messages: Vec<Outgoing>,
}

/// An entry of a batch that was not published, and why.
pub type Failed = (String, String);

/// Where messages go.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Publishes messages, durably; returns the entries that failed.
    async fn publish(&self, cx: &CallContext, publish: Publish) -> Result<Vec<Failed>, OpError>;
}

/// The brokers of this host.
#[derive(Clone)]
pub struct Pubsub {
    /// Where messages go.
    pub broker: Arc<dyn Broker>,
    /// Where they are kept, unless a sidecar has them.
    pub log: Option<Log>,
}
