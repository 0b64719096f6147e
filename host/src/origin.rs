//! Where an event comes from: its request id, its trace, who calls, and how deep functions have called each other.
//!
//! Owns: the names of the headers that carry these, which of their values are valid, how a new trace begins. Every way in
//! makes an [`Origin`]; every way out asks it for what goes on. Must not know: HTTP, gRPC, CloudEvents; each gives its
//! fields by name.
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

    /// Goes on with the trace among `field`'s values, or begins one. Request id and depth are new: any client may send
    /// those headers.
    pub fn from_fields<'a>(field: impl Fn(&'static str) -> Option<&'a str>) -> Origin {
        let parent = field(TRACEPARENT).and_then(trace);
        // It belongs to the trace of the sender (W3C Trace Context §3.3): a new trace has none.
        let state = parent.as_ref().and_then(|_| field(TRACESTATE)).filter(|state| !state.is_empty());
        Origin {
            request_id: new_id(),
            client_request_id: field(REQUEST_ID).filter(|id| is_id(id)).map(Arc::from),
            traceparent: parent.unwrap_or_else(new_trace),
            tracestate: state.map(Arc::from),
            caller: None,
            depth: 0,
        }
    }

    /// The same for a trusted sender, which may also set the request id and the depth.
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

/// The first `traceparent` of a new trace, not sampled.
fn new_trace() -> Arc<str> {
    let (trace, span) = (Uuid::new_v4(), Uuid::new_v4());
    format!("00-{}-{:016x}-00", trace.simple(), span.as_u64_pair().0 | 1).into()
}

fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// The trace that `parent` names, as version 00 writes it; `None` if it is invalid (W3C Trace Context §3.2).
fn trace(parent: &str) -> Option<Arc<str>> {
    let mut fields = parent.splitn(5, '-');
    let [version, trace, span, flags] =
        [2, 32, 16, 2].map(|length| fields.next().filter(|field| is_hex(field, length)));
    let (version, trace, span, flags, more) = (version?, trace?, span?, flags?, fields.next());
    let is_zero = |id: &str| id.bytes().all(|digit| digit == b'0');
    if version == "ff" || is_zero(trace) || is_zero(span) {
        return None;
    }
    match (version, more) {
        ("00", None) => Some(parent.into()),
        ("00", Some(_)) => None,
        // Version 00 knows only these fields of a later one, and only the flag of sampling (§3.2.4).
        _ => {
            let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
            Some(format!("00-{trace}-{span}-{sampled:02x}").into())
        }
    }
}

fn is_hex(field: &str, length: usize) -> bool {
    field.len() == length && field.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn fields(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&'static str) -> Option<&'static str> {
        |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }

    /// The double that the SDK offers is tested with the same cases.
    #[test]
    fn a_valid_trace_goes_on_and_an_invalid_one_is_replaced() {
        #[derive(serde::Deserialize)]
        struct Case {
            about: String,
            traceparent: String,
            becomes: Option<String>,
        }
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../tests/cases/traceparent.json")).unwrap();
        assert!(cases.len() > 20);
        for Case { about, traceparent, becomes } in &cases {
            let field = |name| match name {
                TRACEPARENT => Some(traceparent.as_str()),
                TRACESTATE => Some("a=1"),
                _ => None,
            };
            let origin = Origin::from_fields(field);
            let seen = (trace(&origin.traceparent).is_some(), origin.tracestate.as_deref());
            assert_eq!(seen, (true, becomes.as_ref().map(|_| "a=1")), "{about}: {origin:?}");
            match becomes {
                Some(becomes) => assert_eq!(*origin.traceparent, **becomes, "{about}"),
                None => assert_ne!(*origin.traceparent, **traceparent, "{about}"),
            }
        }
        let without_parent = Origin::from_fields(fields(&[(TRACESTATE, "a=1")]));
        assert!(without_parent.tracestate.is_none(), "{without_parent:?}");
        assert!(trace(&Origin::root().traceparent).is_some());
    }

    #[test]
    fn only_a_trusted_sender_sets_id_and_depth() {
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
