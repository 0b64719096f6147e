//! The counters that events add to.
use super::histogram::{COARSE, FINE, Histogram};
use crate::code::Code;
use daplet_abi::EventKind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Every kind of event, by its number.
pub const TRIGGERS: [EventKind; 7] = [
    EventKind::Http,
    EventKind::Topic,
    EventKind::Job,
    EventKind::Binding,
    EventKind::Configuration,
    EventKind::Actor,
    EventKind::Messages,
];

/// What an event is called in metrics and log lines.
pub fn trigger(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Http => "http",
        EventKind::Topic => "topic",
        EventKind::Job => "job",
        EventKind::Binding => "binding",
        EventKind::Configuration => "configuration",
        EventKind::Actor => "actor",
        EventKind::Messages => "messages",
    }
}

/// Outcomes by code, and successes. The memory is taken with the first one.
#[derive(Debug, Default)]
pub struct Outcomes(OnceLock<Box<[AtomicU64]>>);

impl Outcomes {
    /// Counts one; `None` is a success.
    pub fn add(&self, code: Option<&Code>) {
        let counters = self.0.get_or_init(|| (0..=Code::COUNT).map(|_| AtomicU64::new(0)).collect());
        counters[code.map_or(Code::COUNT, Code::index)].fetch_add(1, Relaxed);
    }

    /// (label, count) of every outcome that there was.
    pub fn read(&self) -> Vec<(&'static str, u64)> {
        let Some(counters) = self.0.get() else { return Vec::new() };
        let labels = Code::KNOWN.iter().map(Code::label).chain(["foreign", "ok"]);
        labels.zip(counters.iter().map(|counter| counter.load(Relaxed))).filter(|(_, count)| *count > 0).collect()
    }
}

/// Of one function.
#[derive(Debug)]
pub struct OfFunction {
    /// By trigger.
    pub outcomes: [Outcomes; TRIGGERS.len()],
    /// From the event's arrival to its reply.
    pub took: Histogram,
}

impl Default for OfFunction {
    fn default() -> OfFunction {
        OfFunction { outcomes: Default::default(), took: Histogram::new(COARSE) }
    }
}

/// Of one operation, such as `state.get`.
#[derive(Debug)]
pub struct OfOperation {
    /// By code.
    pub outcomes: Outcomes,
    /// From its start to its result.
    pub took: Histogram,
}

impl Default for OfOperation {
    fn default() -> OfOperation {
        OfOperation { outcomes: Outcomes::default(), took: Histogram::new(FINE) }
    }
}

/// What came of one attempt to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The function took it.
    Delivered,
    /// It failed and will be tried again.
    Retried,
    /// It was given up and is gone.
    Dropped,
    /// It was given up and is in its dead-letter topic.
    DeadLettered,
}

impl Delivery {
    /// Every outcome with its label.
    pub const ALL: [(Delivery, &str); 4] = [
        (Delivery::Delivered, "delivered"),
        (Delivery::Retried, "retried"),
        (Delivery::Dropped, "dropped"),
        (Delivery::DeadLettered, "deadLettered"),
    ];
}

/// Of one subscription.
#[derive(Debug, Default)]
pub struct OfSubscription([AtomicU64; Delivery::ALL.len()]);

impl OfSubscription {
    /// Counts one.
    pub fn add(&self, delivery: Delivery) {
        self.0[delivery as usize].fetch_add(1, Relaxed);
    }

    /// How many there were.
    pub fn read(&self, delivery: Delivery) -> u64 {
        self.0[delivery as usize].load(Relaxed)
    }
}
