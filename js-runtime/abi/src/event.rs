//! Heads of the frames that `handle` reads.
use serde::{Deserialize, Serialize};

/// Head for [`crate::EventKind::Http`]; the frame body is the request body.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct HttpEvent {
    /// `ctx.requestId`; the same word in logs and in the `x-request-id` response header.
    pub request_id: String,
    /// W3C trace context of this invocation; `ctx.traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// App-id of the Dapr application that calls, where that can be trusted; `ctx.caller`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// HTTP method as received.
    pub method: String,
    /// Absolute URL with the origin that the client named; its path is the function's own.
    pub url: String,
    /// The path that led to the function on an origin that it shares, such as `/hello`; empty on an origin of its own; `ctx.mount`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mount: String,
    /// Header pairs in order; names in lower case; repeated names stay repeated.
    pub headers: Vec<(String, String)>,
    /// The number of the request's body where it comes as a stream, by the operation `body.read`; the frame has no body then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
}

/// Head for the kinds whose handler is given one value: [`crate::EventKind::Job`], [`crate::EventKind::Binding`] and
/// [`crate::EventKind::Configuration`]. The frame body is that value as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct PlainEvent {
    /// `ctx.requestId`.
    pub request_id: String,
    /// W3C trace context of this invocation; `ctx.traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// `ctx.attempt`: 1 at first; counts up with each retry. 0 when unknown (sidecar).
    #[serde(default)]
    pub attempt: u32,
}

/// Head for [`crate::EventKind::Actor`]: one turn of one actor. The frame body is the method's argument as JSON, or empty.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct ActorEvent {
    /// `ctx.requestId`.
    pub request_id: String,
    /// W3C trace context of this turn; `ctx.traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The actor's type: the name that its class is exported by.
    #[serde(rename = "type")]
    pub kind: String,
    /// The actor's id.
    pub id: String,
    /// The method.
    pub method: String,
}

/// Head for [`crate::EventKind::Topic`]; the frame body is the CloudEvent as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct TopicEvent {
    /// `ctx.requestId`.
    pub request_id: String,
    /// W3C trace context of this delivery; `ctx.traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Component that delivered it.
    pub pubsub: String,
    /// Topic that the function subscribed to.
    pub topic: String,
    /// Path of the routing rule that held; `ctx.route`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// 1 for the first delivery; counts up with each retry. 0 when unknown (sidecar).
    #[serde(default)]
    pub attempt: u32,
}

/// Head for [`crate::EventKind::Messages`]: a batch of a topic's events. The frame body is an array of CloudEvents as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct BatchEvent {
    /// `ctx.requestId`.
    pub request_id: String,
    /// W3C trace context of this invocation, which is new: each event has its own; `ctx.traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Component that delivered them.
    pub pubsub: String,
    /// Topic that the function subscribed to.
    pub topic: String,
    /// Path of the routing rule that held for all of them; `ctx.route`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Of each event: 1 for its first delivery; counts up with each retry. 0 when unknown (sidecar). `ctx.attempts`.
    pub attempts: Vec<u32>,
}
