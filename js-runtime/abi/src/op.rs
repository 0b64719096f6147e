//! Operations: what a function may ask of the world. The guest submits, goes on, and is resumed with the completion.
//!
//! One multiplexed `submit` instead of an import per capability: a new capability must not change the Wasm module, its
//! compiled artefact or any snapshot.
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Head of a submitted frame. The frame body carries a state value, message or request body, raw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    /// Chosen by the guest; unique within the invocation; names the completion.
    pub id: u32,
    /// `capability.verb`, such as `state.get` or `timer.start`.
    pub op: String,
    /// The operation's arguments, flat beside `id` and `op`.
    #[serde(flatten)]
    pub args: Map<String, Value>,
}

/// Head of the frame that `resume` reads. The frame body carries a value that was asked for, raw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Completion {
    /// The operation that this completes.
    pub id: u32,
    /// Either way it went.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How an operation went.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Result fields; an empty object where there is nothing to say.
    Ok(Value),
    /// A named failure; becomes a typed error in JavaScript.
    Error(OpError),
}

/// A failed operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct OpError {
    /// See [`codes`]; Dapr's own `ERR_…` codes pass through unchanged.
    pub code: String,
    /// For the developer: names the thing, the limit, the value and the setting.
    pub message: String,
    /// Anything more, such as Dapr's `details`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    #[cfg_attr(test, ts(type = "unknown"))]
    pub details: Value,
}

words! {
    /// Codes that Daplet itself gives.
    pub mod codes {
        /// An operation was submitted while the module's top level ran.
        pub const UNAVAILABLE_DURING_LOAD: &str = "UNAVAILABLE_DURING_LOAD";
        /// No capability serves that operation.
        pub const UNKNOWN_OPERATION: &str = "UNKNOWN_OPERATION";
        /// Arguments are missing or of the wrong shape.
        pub const INVALID_ARGUMENT: &str = "INVALID_ARGUMENT";
        /// The function holds no grant for that.
        pub const PERMISSION_DENIED: &str = "PERMISSION_DENIED";
        /// The ETag does not match, or first-write found a value.
        pub const ETAG_MISMATCH: &str = "ETAG_MISMATCH";
        /// Something that a unit of work read is no longer so, and the unit was not committed. Where the reply has not left, the host
        /// runs the handler again; else, and when it has done so often enough, the guest hears of it.
        pub const UNIT_CONFLICT: &str = "UNIT_CONFLICT";
        /// The named store, broker or app does not exist.
        pub const NOT_FOUND: &str = "NOT_FOUND";
        /// The sidecar or another service did not answer.
        pub const UNAVAILABLE: &str = "UNAVAILABLE";
        /// There is to be a Dapr sidecar, and it does not answer. One word with what operators see (`/readyz`).
        pub const SIDECAR_UNAVAILABLE: &str = "sidecarUnavailable";
        /// The result is larger than the caller may take: half of the function's `memoryMb`.
        pub const RESULT_TOO_LARGE: &str = "RESULT_TOO_LARGE";
        /// The invocation has as many bodies open as it may (`open_resources`).
        pub const TOO_MANY_OPEN: &str = "TOO_MANY_OPEN";
        /// A query needs more of the host than a setting allows: time (`query_ms`), or memory to sort (`query_sort_mb`).
        pub const QUERY_TOO_LARGE: &str = "QUERY_TOO_LARGE";
        /// What was to be kept would exceed a quota; the details name it. One word with what HTTP answers.
        pub const QUOTA_EXCEEDED: &str = "quotaExceeded";
        /// A job of that name exists, and it may not be overwritten.
        pub const ALREADY_EXISTS: &str = "ALREADY_EXISTS";
        /// An actor's turn called the actor itself.
        pub const ACTOR_REENTRANT: &str = "ACTOR_REENTRANT";
        /// A fault of the host.
        pub const INTERNAL: &str = "INTERNAL";
    }
}
