//! The observer: everything that happens passes it once, and becomes metrics and log lines.
//!
//! Owns: counters and histograms, their names and labels, the audit log, the access log and the line for slow requests. Must not
//! know: what a function, a store or a queue is. Modules that do report events here, or are asked at a scrape ([`Readings`]).
//!
//! # Layout
//! - [`series`]: the counters that events add to; [`histogram`] for durations, [`bounded`] for a limited number of names
//! - [`readings`]: values that are read at a scrape
//! - [`exposition`]: all of it as Prometheus' text
//! - [`audit`]: the line for each change of a function
//! - [`access`]: the lines for requests and for slow invocations
mod access;
mod audit;
mod bounded;
mod exposition;
mod histogram;
mod readings;
mod series;

pub use access::Answered;
pub use audit::{Change, Changed, Source};
pub use exposition::Format;
pub use readings::{Labels, Readings};
pub use series::Delivery;

use crate::code::Code;
use bounded::Bounded;
use daplet_abi::EventKind;
use histogram::{FINE, Histogram};
use series::{OfFunction, OfOperation, OfSubscription, Outcomes, trigger};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Operations that get series of their own; there are fewer, but a function may name any.
const MOST_OPERATIONS: usize = 128;

/// How much is observed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Functions with metrics of their own.
    pub functions: usize,
    /// Whether each request gets a line in the log.
    pub access_log: bool,
    /// Requests that take longer get a line in the log.
    pub slow: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { functions: 200, access_log: false, slow: None }
    }
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Observer(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    settings: Settings,
    functions: Bounded<OfFunction>,
    operations: Bounded<OfOperation>,
    subscriptions: Bounded<OfSubscription>,
    /// Refusals by the limit that refused.
    sheds: Bounded<AtomicU64>,
    /// Requests that were refused before they became invocations.
    refused: Outcomes,
    queue: Histogram,
    restore: Histogram,
    javascript: Histogram,
    changes: [AtomicU64; 3],
}

/// An invocation that has its reply, or none.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The function.
    pub function: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The id in log lines and answers.
    pub request_id: &'a str,
    /// What called it.
    pub trigger: EventKind,
    /// Why an invocation has no reply.
    pub code: Option<&'a Code>,
    /// The limit that refused it.
    pub limit: Option<&'static str>,
    /// From the event's arrival.
    pub took: Duration,
    /// The part of that in which it waited for a worker.
    pub queued: Duration,
    /// CPU time until then.
    pub cpu: Duration,
}

impl Default for Observer {
    fn default() -> Observer {
        Observer::new(Settings::default())
    }
}

impl Observer {
    /// An observer that has seen nothing.
    pub fn new(settings: Settings) -> Observer {
        Observer(Arc::new(Seen {
            functions: Bounded::new(settings.functions),
            operations: Bounded::new(MOST_OPERATIONS),
            subscriptions: Bounded::new(settings.functions),
            sheds: Bounded::new(16),
            refused: Outcomes::default(),
            settings,
            queue: Histogram::new(FINE),
            restore: Histogram::new(FINE),
            javascript: Histogram::new(FINE),
            changes: Default::default(),
        }))
    }

    /// An invocation has its reply, or failed.
    pub fn invocation(&self, done: &Invocation<'_>) {
        let series = self.0.functions.get(done.function);
        series.outcomes[done.trigger as usize].add(done.code);
        series.took.observe(done.took);
        if let (Some(limit), true) = (done.limit, done.code.is_some_and(Code::is_busy)) {
            self.shed(limit);
        }
        self.slow(done);
    }

    /// A request for a function was refused before it became an invocation.
    pub fn refused(&self, code: &Code) {
        self.0.refused.add(Some(code));
    }

    /// The server refused work for lack of room; `limit` is the setting or the function's limit.
    pub fn shed(&self, limit: &str) {
        self.0.sheds.get(limit).fetch_add(1, Relaxed);
    }

    /// An invocation waited so long for a worker.
    pub fn queued(&self, waited: Duration) {
        self.0.queue.observe(waited);
    }

    /// One entry into the guest: CPU time of the JavaScript, and time to set the memory up before it and to restore it after it.
    pub fn entry(&self, javascript: Duration, restore: Duration) {
        self.0.javascript.observe(javascript);
        self.0.restore.observe(restore);
    }

    /// An operation has its result, or failed.
    pub fn operation(&self, name: &str, code: Option<&Code>, took: Duration) {
        // A name that no block serves is the function's invention.
        let name = if code == Some(&Code::UnknownOperation) { bounded::OTHER } else { name };
        let series = self.0.operations.get(name);
        series.outcomes.add(code);
        series.took.observe(took);
    }

    /// A message had one attempt.
    pub fn delivery(&self, topic: &str, function: &str, delivery: Delivery) {
        self.0.subscriptions.get(&subscription(topic, function)).add(delivery);
    }

    /// Forgets functions that are gone, where their number has reached the cap.
    pub fn make_room(&self, live: impl Fn(&str) -> bool) {
        self.0.functions.make_room(&live);
        self.0.subscriptions.make_room(|name| live(parts(name).1));
    }
}

/// A subscription's name in the table; no topic and no function's name has a line break.
fn subscription(topic: &str, function: &str) -> String {
    format!("{topic}\n{function}")
}

fn parts(subscription: &str) -> (&str, &str) {
    subscription.split_once('\n').unwrap_or((subscription, subscription))
}
