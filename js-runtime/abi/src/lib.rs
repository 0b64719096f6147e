//! The contract between the Daplet host and its guest (QuickJS in WebAssembly): names, numbers and message shapes.
//!
//! Owns: the frame codec and the JSON heads that cross the boundary. Must not know: WasmEdge, QuickJS, HTTP libraries, I/O.
//! `docs/abi.md` is the normative text; this crate is what both sides compile against.
//!
//! # Layout
//! - [`frame`]: `u32le head length | head (JSON) | body (raw bytes)`, the one message format
//! - [`load`]: what the host tells the guest when a function is loaded, and what it reports back
//! - [`event`]: what happened outside (an HTTP request, a topic delivery)
//! - [`reply`]: what the function answered, or how it failed
//! - [`op`]: an operation that the guest submits and the completion that the host delivers
#![forbid(unsafe_code)]

pub mod event;
pub mod frame;
pub mod load;
pub mod op;
pub mod reply;

/// Import module of every host function. It carries the version: a guest of another version fails to link.
pub const IMPORT_MODULE: &str = "daplet_v1";

/// Names of the guest's exports.
pub mod exports {
    /// The linear memory, of fixed size: it never grows.
    pub const MEMORY: &str = "memory";
    /// `init() -> status`: engine, Web APIs and SDK. Once per build; what follows is the base image.
    pub const INIT: &str = "init";
    /// `load(len) -> status`: evaluates one function's module from the inbox frame ([`crate::load::LoadRequest`] + source).
    pub const LOAD: &str = "load";
    /// `handle(kind, len) -> status`: runs the handler on the event in the inbox; `kind` is an [`crate::EventKind`].
    pub const HANDLE: &str = "handle";
    /// `resume(len) -> status`: delivers the completion in the inbox ([`crate::op::Completion`]).
    pub const RESUME: &str = "resume";
    /// `control() -> pointer` to two u32 words: [`crate::CONTROL_INTERRUPT`] and [`crate::CONTROL_OUT_OF_MEMORY`].
    pub const CONTROL: &str = "control";
}

/// Names of the host functions that the guest imports.
pub mod imports {
    /// `read(ptr, len)`: copies the inbox, whose length the export call announced, into guest memory. Once per call.
    pub const READ: &str = "read";
    /// `write(ptr, len)`: emits one frame to the host ([`crate::reply::Reply`] or [`crate::load::LoadReport`]).
    pub const WRITE: &str = "write";
    /// `submit(ptr, len)`: starts an operation ([`crate::op::Operation`]); its id stands in the frame.
    pub const SUBMIT: &str = "submit";
    /// `log(level, ptr, len)`: one console line, UTF-8; `level` is a [`crate::LogLevel`].
    pub const LOG: &str = "log";
    /// `now() -> f64`: milliseconds since the Unix epoch, with fractions.
    pub const NOW: &str = "now";
    /// `random(ptr, len)`: fills the range with random bytes fit for cryptography.
    pub const RANDOM: &str = "random";
}

/// Byte offset in the control words: the host writes 1 here to make running JavaScript stop at its next check.
pub const CONTROL_INTERRUPT: u32 = 0;
/// Byte offset in the control words: the guest writes 1 here when an allocation failed, so that a trap can be named.
pub const CONTROL_OUT_OF_MEMORY: u32 = 4;

/// What `init`, `load`, `handle` and `resume` return. Any other number is a protocol violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Nothing is left to do; every frame has been written.
    Done = 0,
    /// Operations are open; `resume` must be called with a completion.
    Pending = 1,
    /// The function failed; a [`reply::Reply::Error`] frame has been written.
    JsError = 2,
}

impl Status {
    /// `None` for a number that is no status.
    pub fn from_i32(value: i32) -> Option<Status> {
        match value {
            0 => Some(Status::Done),
            1 => Some(Status::Pending),
            2 => Some(Status::JsError),
            _ => None,
        }
    }
}

/// First argument of `handle`: which head type the event frame carries, so that the guest can leave the JSON unparsed
/// until the function asks for a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum EventKind {
    /// [`event::HttpEvent`]; the body is the request body.
    Http = 0,
    /// [`event::TopicEvent`]; the body is the CloudEvent as JSON.
    Topic = 1,
    /// [`event::PlainEvent`]; the body is the job, which is due.
    Job = 2,
    /// [`event::PlainEvent`]; the body is what an input binding brought.
    Binding = 3,
    /// [`event::PlainEvent`]; the body is the configuration items that changed.
    Configuration = 4,
    /// [`event::ActorEvent`]; the body is the method's argument as JSON, or empty. It is answered as a request is.
    Actor = 5,
    /// [`event::BatchEvent`]; the body is an array of CloudEvents as JSON.
    Messages = 6,
}

impl EventKind {
    /// `None` for a number that is no kind.
    pub fn from_i32(value: i32) -> Option<EventKind> {
        use EventKind::{Actor, Binding, Configuration, Http, Job, Messages, Topic};
        [Http, Topic, Job, Binding, Configuration, Actor, Messages].into_iter().find(|kind| *kind as i32 == value)
    }
}

/// Severity of a console line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    /// `console.debug`, `console.trace`
    Debug = 0,
    /// `console.log`, `console.info` and the rest
    Info = 1,
    /// `console.warn`
    Warn = 2,
    /// `console.error`, a failed `console.assert`, an unhandled rejection
    Error = 3,
}

impl LogLevel {
    /// Unknown numbers read as [`LogLevel::Info`]: a log line is never worth a trap.
    pub fn from_i32(value: i32) -> LogLevel {
        match value {
            0 => LogLevel::Debug,
            2 => LogLevel::Warn,
            3 => LogLevel::Error,
            _ => LogLevel::Info,
        }
    }
}
