//! Loading one function: host → guest [`LoadRequest`] (frame body: the module source), guest → host [`LoadReport`].
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Head of the frame that `load` reads; the body is JavaScript (types already stripped), UTF-8, one ES module.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct LoadRequest {
    /// The function's name; `ctx.function` in JavaScript.
    pub name: String,
    /// The module's file name in stack frames, such as `hello.ts`.
    pub file: String,
    /// The function's version, an opaque word; `ctx.version` in JavaScript.
    pub version: String,
    /// `ctx.env` and the second argument of `fetch(request, env, ctx)`.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "Record<string, string>"))]
    pub env: BTreeMap<String, String>,
    /// Heap that QuickJS may use, bytes: the function's `memoryMb`.
    pub memory_bytes: u64,
}

/// Head of the frame that `load` writes when it returns [`crate::Status::Done`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct LoadReport {
    /// The handlers found in the module's exports, in the words of the developer: `fetch`, `message`, `GET`, `POST`, …
    pub handlers: Vec<String>,
    /// The module's `subscriptions` export.
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
    /// The module's `schedules` export.
    #[serde(default)]
    pub schedules: Vec<Schedule>,
    /// Names of exported classes that extend `Actor`.
    #[serde(default)]
    pub actors: Vec<String>,
    /// The module's `bindings` export: input bindings by their names.
    #[serde(default)]
    pub bindings: Vec<String>,
    /// The module's `configuration` export.
    #[serde(default)]
    pub configuration: Vec<Watch>,
}

/// One entry of `export const configuration = [...]`: items whose changes the handler is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Watch {
    /// Configuration store; `configstore` when the developer names none.
    pub store: String,
    /// None: all that the store has.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// One entry of `export const schedules = [...]`: a job that there is as long as the function says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Schedule {
    /// The job's name.
    pub name: String,
    /// When it runs, in the words of Dapr's jobs.
    pub schedule: String,
    /// What the handler is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "unknown"))]
    pub data: Option<serde_json::Value>,
}

/// One entry of `export const subscriptions = [...]`, in the words of Dapr's programmatic subscriptions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Pub/sub component; `pubsub` when the developer names none.
    pub pubsub: String,
    /// Topic name.
    pub topic: String,
    /// Where a message goes that was dropped or failed for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_topic: Option<String>,
    /// Retry policy of the embedded broker; the sidecar has its own (resiliency).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// Deliver bodies as they were published, without the CloudEvent wrapping.
    #[serde(default)]
    pub raw_payload: bool,
    /// Which events the handler is called for, and what it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<Routes>,
    /// Deliver events in batches; none: one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk_subscribe: Option<BulkSubscribe>,
}

/// How batches are gathered, in the words of Dapr's programmatic subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct BulkSubscribe {
    /// Events that one batch has at most.
    pub max_messages_count: usize,
    /// How long the first event of a batch waits for more, milliseconds.
    pub max_await_duration_ms: u64,
}

/// Routing rules, in the words of Dapr's programmatic subscriptions. The path of the rule that held is `ctx.route`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields)]
pub struct Routes {
    /// The first that holds decides.
    #[serde(default)]
    pub rules: Vec<RoutingRule>,
    /// The path when none does; without one the event is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// A condition in CEL over the variable `event`; empty: always.
    #[serde(rename = "match", default)]
    pub condition: String,
    /// What `ctx.route` then is.
    pub path: String,
}

/// How often and how soon a failed delivery is tried again; the names are those of Dapr's resiliency policies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryPolicy {
    /// `constant` or `exponential` (the default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// First (or constant) pause, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Longest pause, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_interval_ms: Option<u64>,
    /// Retries after the first attempt; -1: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<i64>,
}
