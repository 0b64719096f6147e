//! Workflows: starting, steering and watching instances. There is no embedded engine.
pub mod guest;
pub mod sidecar;

use super::call::CallContext;
use crate::code::OpError;
use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;

/// The component that is Dapr's own engine.
pub const DEFAULT_ENGINE: &str = "dapr";

/// What is asked of an engine: `workflow.start`, `get`, `raise`, `pause`, `resume`, `terminate`, `purge`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The engine.
    pub component: String,
    /// Name of the workflow to start.
    pub workflow: String,
    /// The instance; the engine names one that starts without.
    pub instance: String,
    /// Name of the event to raise.
    pub event: String,
    /// What is asked.
    #[serde(skip)]
    pub verb: Verb,
    /// The input of a workflow, the data of an event.
    #[serde(skip)]
    pub data: Bytes,
}

impl Default for Request {
    fn default() -> Request {
        let (workflow, instance, event) = Default::default();
        let component = DEFAULT_ENGINE.to_owned();
        Request { component, workflow, instance, event, verb: Verb::default(), data: Bytes::new() }
    }
}

/// What can be asked of an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verb {
    /// Start an instance.
    Start,
    /// Report an instance.
    #[default]
    Get,
    /// Raise an event.
    Raise,
    /// Stop for now.
    Pause,
    /// Go on.
    Resume,
    /// Stop for good.
    Terminate,
    /// Forget an instance that has ended.
    Purge,
}

impl Verb {
    /// The verb of that name.
    pub fn parse(name: &str) -> Option<Verb> {
        Some(match name {
            "start" => Verb::Start,
            "get" => Verb::Get,
            "raise" => Verb::Raise,
            "pause" => Verb::Pause,
            "resume" => Verb::Resume,
            "terminate" => Verb::Terminate,
            "purge" => Verb::Purge,
            _ => return None,
        })
    }
}

impl Request {
    /// Refuses a request without what its verb needs; the error is the name of that.
    pub fn check(&self) -> Result<(), &'static str> {
        let needed: &[(&'static str, &str)] = match self.verb {
            Verb::Start => &[("workflow", &self.workflow)],
            Verb::Raise => &[("instance", &self.instance), ("event", &self.event)],
            _ => &[("instance", &self.instance)],
        };
        needed.iter().find(|(_, value)| value.is_empty()).map_or(Ok(()), |(name, _)| Err(*name))
    }
}

/// What runs workflows.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The engine's answer, JSON or nothing.
    async fn ask(&self, cx: &CallContext, request: Request) -> Result<Bytes, OpError>;
}
