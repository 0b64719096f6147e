//! The lines for requests of HTTP, where the access log is on (target `daplet::access`), and for slow invocations
//! (target `daplet::slow`).
use super::{Invocation, Observer, trigger};
use crate::code::Code;
use std::time::Duration;

/// The longest path that is logged, bytes. A query is left out: it may hold secrets.
const MAX_PATH: usize = 1 << 10;

/// A request of HTTP that has its answer.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub path: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// Why it failed.
    pub code: Option<&'a Code>,
    /// The function, or what was called as one.
    pub function: &'a str,
    /// The version that answered.
    pub version: Option<&'a str>,
    /// Its id.
    pub request_id: &'a str,
    /// From its arrival.
    pub took: Duration,
}

impl Observer {
    /// Whether [`Observer::answered`] does anything.
    pub fn logs_access(&self) -> bool {
        self.0.settings.access_log
    }

    /// A request has its answer.
    pub fn answered(&self, answered: &Answered<'_>) {
        if !self.logs_access() {
            return;
        }
        let Answered { method, path, status, code, function, version, request_id, took } = *answered;
        let end = (0..=path.len().min(MAX_PATH)).rev().find(|end| path.is_char_boundary(*end)).unwrap_or_default();
        let (path, code, ms) = (&path[..end], code.map(Code::word), milliseconds(took));
        tracing::info!(target: "daplet::access", function, version, request_id, method, path, status, code, ms, "request");
    }

    /// Writes the line for an invocation that took long.
    pub(super) fn slow(&self, done: &Invocation<'_>) {
        if self.0.settings.slow.is_none_or(|slow| done.took < slow) {
            return;
        }
        let Invocation { function, version, request_id, code, took, queued, cpu, .. } = *done;
        let (trigger, code, ms) = (trigger(done.trigger), code.map_or("ok", Code::word), milliseconds(took));
        let (queued_ms, cpu_ms) = (milliseconds(queued), milliseconds(cpu));
        tracing::warn!(target: "daplet::slow", function, version, request_id, trigger, code, ms, queued_ms, cpu_ms, "slow invocation");
    }
}

/// With three digits after the point.
fn milliseconds(took: Duration) -> f64 {
    took.as_micros() as f64 / 1e3
}
