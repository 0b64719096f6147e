//! Where an event comes from: its request id, its trace, who calls, and how deep functions have called each other.
//!
//! Owns: the names of the headers that carry these, what is taken of them, what a new root is. Every way in makes an [`Origin`]; every
//! way out asks it for what goes on. Must not know: HTTP, gRPC, CloudEvents; each gives its fields by name.
use std::sync::Arc;
use uuid::Uuid;

/// Names the invocation in logs, answers and follow-up calls.
pub const REQUEST_ID: &str = "x-request-id";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// What tracing systems add to the trace context.
pub const TRACESTATE: &str = "tracestate";
/// How many functions called each other on the way here; ends endless chains.
pub const DEPTH: &str = "daplet-depth";

/// Longest request id that is taken from a caller, bytes.
const LONGEST_ID: usize = 128;

/// Where one invocation comes from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Named in logs and answers; `ctx.requestId`.
    pub request_id: Arc<str>,
    /// How the client names its request where it is not believed: a field of the log's lines, so that both logs can be compared.
    pub client_request_id: Option<Arc<str>>,
    /// W3C trace context; `ctx.traceparent`.
    pub traceparent: Arc<str>,
    /// What tracing systems add to it.
    pub tracestate: Option<Arc<str>>,
    /// The application that calls, where that is certain; `ctx.caller`.
    pub caller: Option<Arc<str>>,
    /// How many functions called each other on the way here.
    pub depth: u32,
}

impl Origin {
    /// The start of a trace.
    pub fn root() -> Origin {
        Origin {
            request_id: new_id(),
            client_request_id: None,
            traceparent: new_trace(),
            tracestate: None,
            caller: None,
            depth: 0,
        }
    }

    /// Goes on with the trace among `field`'s values, or begins one. Request id and depth are new: any client may send those headers.
    pub fn from_fields<'a>(field: impl Fn(&'static str) -> Option<&'a str>) -> Origin {
        let parent = field(TRACEPARENT);
        Origin {
            request_id: new_id(),
            client_request_id: field(REQUEST_ID).filter(|id| is_id(id)).map(Arc::from),
            traceparent: parent.filter(|parent| is_trace(parent)).map_or_else(new_trace, Arc::from),
            // Of no use without its parent.
            tracestate: parent.and_then(|_| field(TRACESTATE)).filter(|state| !state.is_empty()).map(Arc::from),
            caller: None,
            depth: 0,
        }
    }

    /// The same of a sender that is believed, which may also say the request id and the depth.
    pub fn from_believed<'a>(field: impl Fn(&'static str) -> Option<&'a str>) -> Origin {
        let depth = field(DEPTH).and_then(|depth| depth.parse().ok()).unwrap_or(0);
        let (id, origin) = (field(REQUEST_ID), Origin::from_fields(field));
        Origin { depth, ..origin }.named(id)
    }

    /// With the request id that its sender gave it, where that is valid.
    pub fn named(self, id: Option<&str>) -> Origin {
        let request_id = id.filter(|id| is_id(id)).map_or(self.request_id, Arc::from);
        Origin { request_id, client_request_id: None, ..self }
    }

    /// What an invocation that this one causes has: the same trace, one deeper, with an id of its own.
    pub fn child(&self) -> Origin {
        Origin {
            request_id: new_id(),
            client_request_id: None,
            traceparent: Arc::clone(&self.traceparent),
            tracestate: self.tracestate.clone(),
            caller: None,
            depth: self.depth + 1,
        }
    }

    /// One of several invocations by the same event: the same trace and depth, with an id of its own.
    pub fn sibling(&self) -> Origin {
        Origin { request_id: new_id(), ..self.clone() }
    }
}

fn new_id() -> Arc<str> {
    Uuid::now_v7().simple().to_string().into()
}

/// A new root of a trace, not sampled.
fn new_trace() -> Arc<str> {
    let (trace, span) = (Uuid::new_v4(), Uuid::new_v4());
    format!("00-{}-{:016x}-00", trace.simple(), span.as_u64_pair().0 | 1).into()
}

fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_trace(parent: &str) -> bool {
    let bytes = parent.as_bytes();
    bytes.len() == 55 && parent.is_ascii() && bytes[2] == b'-' && bytes[35] == b'-'
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn fields(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&'static str) -> Option<&'static str> {
        |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }

    #[test]
    fn a_trace_goes_on_and_what_is_none_begins_one() {
        let origin = Origin::from_fields(fields(&[(TRACEPARENT, TRACE), (TRACESTATE, "a=1")]));
        assert_eq!((&*origin.traceparent, origin.tracestate.as_deref()), (TRACE, Some("a=1")));
        for given in [&[][..], &[(TRACEPARENT, "abc")], &[(TRACESTATE, "a=1")]] {
            let origin = Origin::from_fields(fields(given));
            assert!(is_trace(&origin.traceparent) && *origin.traceparent != *TRACE, "{origin:?}");
            assert!(origin.tracestate.is_none(), "{origin:?}");
        }
        assert!(is_trace(&Origin::root().traceparent));
    }

    #[test]
    fn only_who_is_believed_says_id_and_depth() {
        const SAID: &[(&str, &str)] = &[(REQUEST_ID, "mine"), (DEPTH, "7")];
        let origin = Origin::from_believed(fields(SAID));
        assert_eq!((&*origin.request_id, origin.client_request_id, origin.depth), ("mine", None, 7));
        let origin = Origin::from_fields(fields(SAID));
        assert!(
            &*origin.request_id != "mine" && origin.client_request_id.as_deref() == Some("mine") && origin.depth == 0
        );
        let origin = Origin::from_believed(fields(&[(REQUEST_ID, "a b"), (DEPTH, "-1")]));
        assert!(is_id(&origin.request_id) && origin.client_request_id.is_none() && origin.depth == 0, "{origin:?}");
    }

    #[test]
    fn a_child_is_deeper_in_the_same_trace() {
        let origin = Origin::from_fields(fields(&[(TRACEPARENT, TRACE), (TRACESTATE, "a=1")]));
        let (child, sibling) = (origin.child(), origin.sibling());
        assert_eq!((&child.traceparent, &child.tracestate, child.depth), (&origin.traceparent, &origin.tracestate, 1));
        assert_eq!((&sibling.traceparent, sibling.depth), (&origin.traceparent, 0));
        assert!(child.request_id != origin.request_id && sibling.request_id != origin.request_id);
    }
}
