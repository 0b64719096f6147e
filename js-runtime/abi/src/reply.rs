//! Heads of the frames that the guest writes while it handles an event.
use serde::{Deserialize, Serialize};

/// Head of a frame written by `handle` or `resume`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Reply {
    /// An HTTP answer; the frame body is the response body. The invocation may stay pending after it (`ctx.waitUntil`).
    Response {
        /// HTTP status, 200–599.
        status: u16,
        /// Reason phrase; empty for the usual one.
        #[serde(default, rename = "statusText", skip_serializing_if = "String::is_empty")]
        status_text: String,
        /// Header pairs in order.
        headers: Vec<(String, String)>,
        /// The number of the body where it is a stream; the frame has no body then. An even number passes on a body that the host
        /// gave; an odd one, which the guest chooses, is written by the operation `body.write`, and the invocation lasts until
        /// `body.close`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<u32>,
    },
    /// The answer to a topic delivery, or to a batch as a whole. The frame has no body.
    Ack {
        /// What becomes of the message, or of each of the batch.
        status: AckStatus,
    },
    /// The answer to a batch whose events fared differently. The frame has no body.
    Acks {
        /// What becomes of each message, in the order of the batch.
        statuses: Vec<AckStatus>,
    },
    /// The function failed. The frame has no body.
    Error(JsError),
}

/// Dapr's words for the outcome of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "UPPERCASE")]
pub enum AckStatus {
    /// Done; do not deliver again.
    Success,
    /// Deliver again by the retry policy.
    Retry,
    /// Give up at once; goes to the dead-letter topic if there is one.
    Drop,
}

/// A JavaScript failure as data: what was thrown, where in the developer's file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JsError {
    /// Outcome word: see [`codes`]. `exception` when the function threw.
    pub code: String,
    /// `error.name`, or the type of a thrown non-Error.
    pub name: String,
    /// `error.message`, or the thrown value as text.
    pub message: String,
    /// Innermost frame first; frames inside the runtime are left out.
    #[serde(default)]
    pub stack: Vec<StackFrame>,
    /// `error.cause`, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// One stack frame in the developer's own source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackFrame {
    /// Function name; empty for an anonymous one.
    pub function: String,
    /// File as given in [`crate::load::LoadRequest::file`].
    pub file: String,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// Column, from 1; 0 when unknown.
    pub column: u32,
}

impl JsError {
    /// The frames as a log shows them, one a line: `at function (file:line:column)`.
    pub fn stack_text(&self) -> String {
        self.stack.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

impl std::fmt::Display for StackFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let StackFrame { function, file, line, column } = self;
        match function.is_empty() {
            true => write!(f, "at {file}:{line}:{column}"),
            false => write!(f, "at {function} ({file}:{line}:{column})"),
        }
    }
}

words! {
    /// Outcome words, the same string in the response, the log and the metric. They are workerd's where it has one.
    pub mod codes {
        /// The function threw, rejected or returned something that is no answer.
        pub const EXCEPTION: &str = "exception";
        /// More CPU time than `cpuMs`.
        pub const EXCEEDED_CPU: &str = "exceededCpu";
        /// More heap than `memoryMb`.
        pub const EXCEEDED_MEMORY: &str = "exceededMemory";
        /// More time on the clock than `wallMs`.
        pub const EXCEEDED_WALL_TIME: &str = "exceededWallTime";
        /// More operations than `operations`.
        pub const EXCEEDED_OPERATIONS: &str = "exceededOperations";
        /// A response larger than `responseBytes`.
        pub const EXCEEDED_RESPONSE: &str = "exceededResponse";
        /// The promise that the handler returned can never settle: nothing is left that could settle it.
        pub const NEVER_SETTLED: &str = "neverSettled";
        /// No function of that name.
        pub const SCRIPT_NOT_FOUND: &str = "scriptNotFound";
        /// The caller went away.
        pub const CANCELED: &str = "canceled";
        /// Too many requests at once.
        pub const LOAD_SHED: &str = "loadShed";
        /// A fault of the host.
        pub const INTERNAL_ERROR: &str = "internalError";
    }
}
