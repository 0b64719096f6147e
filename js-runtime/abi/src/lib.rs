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
//! - [`listing`]: how the numbers and words are declared, so that TypeScript and documents can be generated from them
#![forbid(unsafe_code)]

#[macro_use]
pub mod listing;
pub mod event;
pub mod frame;
pub mod load;
pub mod op;
pub mod reply;

#[cfg(test)]
mod generated;

/// Import module of every host function. It carries the version: a guest of another version fails to link.
pub const IMPORT_MODULE: &str = "daplet_v1";

words! {
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
        /// `control() -> pointer`: where two u32 words are, [`crate::CONTROL_INTERRUPT`] and [`crate::CONTROL_OUT_OF_MEMORY`].
        pub const CONTROL: &str = "control";
    }
}

words! {
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
}

/// Byte offset in the control words: the host writes 1 here to make running JavaScript stop at its next check.
pub const CONTROL_INTERRUPT: u32 = 0;
/// Byte offset in the control words: the guest writes 1 here when an allocation failed, so that a trap can be named.
pub const CONTROL_OUT_OF_MEMORY: u32 = 4;

numbers! {
    /// What `init`, `load`, `handle` and `resume` return. Any other number is a protocol violation.
    pub enum Status found by from_i32 {
        /// Nothing is left to do; every frame has been written.
        Done = 0,
        /// Operations are open; `resume` must be called with a completion.
        Pending = 1,
        /// The function failed; a [`reply::Reply::Error`] frame has been written.
        JsError = 2,
    }
}

numbers! {
    /// First argument of `handle`: which head type the event frame carries, so that the guest can leave the JSON unparsed
    /// until the function asks for a part of it.
    pub enum EventKind found by from_i32 {
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
}

numbers! {
    /// Severity of a console line.
    #[derive(PartialOrd, Ord)]
    pub enum LogLevel found by known {
        /// `console.debug`, `console.trace`
        Debug = 0,
        /// `console.log`, `console.info` and the rest
        Info = 1,
        /// `console.warn`
        Warn = 2,
        /// `console.error`, a failed `console.assert`, an unhandled rejection
        Error = 3,
    }
}

impl LogLevel {
    /// Unknown numbers read as [`LogLevel::Info`]: a log line is never worth a trap.
    pub fn from_i32(value: i32) -> LogLevel {
        LogLevel::known(value).unwrap_or(LogLevel::Info)
    }
}

words! {
    /// Names on which the guest, the SDK and the functions agree.
    pub mod names {
        /// The SDK's module.
        pub const SDK: &str = "@daplet/sdk";
        /// The module in place of Dapr's own client for JavaScript.
        pub const CLIENT: &str = "@dapr/dapr";
        /// The module with the one primitive that starts operations. Only those two may import it.
        pub const HOST: &str = "daplet:host";
        /// `Symbol.for` this is where a bundled copy of the SDK finds that primitive on the global object.
        pub const HOST_SYMBOL: &str = "daplet.host";
        /// `Symbol.for` this is the static method of the SDK's class `Actor` that runs one turn.
        pub const ACTOR_SYMBOL: &str = "daplet.actor";
    }
}
