//! Batches for bulk subscriptions: gathers messages that are on their way to a function, and gives them to it in one entry.
//!
//! Owns: when a batch is full or has waited long enough, and each message's outcome. Must not know: where messages come
//! from, and what follows a failure. The holder of a message waits here for its outcome as if it were delivered singly.
use super::Delivery;
use crate::blocks::pubsub::event;
use crate::blocks::pubsub::event::Event;
use crate::functions::{Function, Registry};
use crate::invoke::{InvokeError, Invoker};
use crate::origin::Origin;
use daplet_abi::event::BatchEvent;
use daplet_abi::load::BulkSubscribe;
use daplet_abi::reply::AckStatus;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

/// Events of one batch together, bytes of JSON; a single event may be larger.
const MAX_BYTES: usize = 4 << 20;

/// The outcome of a message; `None`: the function was changed or removed while it waited, so it must be looked up again.
pub type Outcome = Option<Result<AckStatus, InvokeError>>;

/// Gathers batches.
pub struct Batches {
    /// Who is live.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Once it is cancelled, batches wait for no more messages.
    pub hurry: CancellationToken,
    /// Batches that still grow.
    open: Mutex<HashMap<Key, Batch>>,
}

/// What the messages of one batch have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    function: Arc<str>,
    version: String,
    pubsub: String,
    topic: String,
    route: Option<String>,
}

struct Batch {
    function: Arc<Function>,
    entries: Vec<Entry>,
    bytes: usize,
    /// What closes it in time.
    clock: AbortHandle,
}

struct Entry {
    /// The event's.
    id: String,
    event: Vec<u8>,
    expiration: Option<jiff::Timestamp>,
    attempt: u32,
    number: u64,
    outcome: oneshot::Sender<Outcome>,
}

impl Batches {
    /// None is open yet.
    pub fn new(registry: Arc<Registry>, invoker: Invoker, hurry: CancellationToken) -> Arc<Batches> {
        Arc::new(Batches { registry, invoker, hurry, open: Mutex::default() })
    }

    /// Gives an event to the function in a batch, with others that came before it or come while it waits.
    pub async fn deliver(self: &Arc<Self>, delivery: &Delivery<'_>, bulk: BulkSubscribe, event: &Event) -> Outcome {
        let bytes = event.text().to_vec();
        let id = event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let (outcome, told) = oneshot::channel();
        let expiration = event::expiration(event);
        let (attempt, number) = (delivery.attempt, delivery.number);
        self.add(delivery, bulk, Entry { id, event: bytes, expiration, attempt, number, outcome });
        told.await.unwrap_or_else(|_| Some(Err(InvokeError::internal("the batch ended without an outcome"))))
    }

    fn add(self: &Arc<Self>, delivery: &Delivery<'_>, bulk: BulkSubscribe, entry: Entry) {
        let key = Key {
            function: Arc::clone(&delivery.function.label),
            version: delivery.function.record.version.clone(),
            pubsub: delivery.pubsub.to_owned(),
            topic: delivery.topic.to_owned(),
            route: delivery.route.clone(),
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(&key).is_some_and(|batch| batch.bytes + entry.event.len() > MAX_BYTES) {
            self.close(&mut open, &key);
        }
        let batch = open.entry(key.clone()).or_insert_with(|| Batch {
            function: Arc::clone(delivery.function),
            entries: Vec::new(),
            bytes: 0,
            clock: self.start_clock(key.clone(), Duration::from_millis(bulk.max_await_duration_ms)),
        });
        batch.bytes += entry.event.len();
        batch.entries.push(entry);
        if batch.entries.len() >= bulk.max_messages_count {
            self.close(&mut open, &key);
        }
    }

    /// Runs a batch that can take no more.
    fn close(self: &Arc<Self>, open: &mut HashMap<Key, Batch>, key: &Key) {
        if let Some(batch) = open.remove(key) {
            // Aborted at its only await: either it has not fired, or it has and waits for the lock that is held here.
            batch.clock.abort();
            let (this, key) = (Arc::clone(self), key.clone());
            tokio::spawn(async move { this.run(key, batch).await });
        }
    }

    fn start_clock(self: &Arc<Self>, key: Key, patience: Duration) -> AbortHandle {
        let this = Arc::clone(self);
        let clock = tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(patience) => {}
                () = this.hurry.cancelled() => {}
            }
            if let Some(batch) = this.take(&key, tokio::task::id()) {
                this.run(key, batch).await;
            }
        });
        clock.abort_handle()
    }

    /// The batch of that clock, which is then closed; `None` if it was closed already.
    fn take(&self, key: &Key, clock: tokio::task::Id) -> Option<Batch> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(key)?.clock.id() == clock { open.remove(key) } else { None }
    }

    /// Gives the batch to the function, if that is still the live one, and answers everyone who waits.
    async fn run(&self, key: Key, batch: Batch) {
        let live = self.registry.get(&key.function).filter(|live| live.record.version == key.version);
        if live.is_none() {
            return batch.entries.into_iter().for_each(|entry| entry.tell(None));
        }
        let now = jiff::Timestamp::now();
        let (late, mut entries): (Vec<_>, Vec<_>) =
            batch.entries.into_iter().partition(|entry| entry.expiration.is_some_and(|at| at <= now));
        for entry in late {
            let (function, topic, event) = (&*key.function, &key.topic, &entry.id);
            tracing::info!(function, topic, event, "a message expired before it was delivered");
            entry.tell(Some(Ok(AckStatus::Drop)));
        }
        if entries.is_empty() {
            return;
        }
        // Retried messages come in any order.
        entries.sort_by_key(|entry| entry.number);
        // Each event has the trace of its publisher; the batch has one of its own.
        let origin = Origin::root();
        let head = BatchEvent {
            request_id: origin.request_id.to_string(),
            traceparent: Some(origin.traceparent.to_string()),
            pubsub: key.pubsub,
            topic: key.topic,
            route: key.route,
            attempts: entries.iter().map(|entry| entry.attempt).collect(),
        };
        let mut body = Vec::with_capacity(batch.bytes + entries.len() + 1);
        for (index, entry) in entries.iter().enumerate() {
            body.push(if index == 0 { b'[' } else { b',' });
            body.extend_from_slice(&entry.event);
        }
        body.push(b']');
        match self.invoker.deliver_batch(&batch.function, &head, &body, origin.into()).await {
            Ok(statuses) => entries.into_iter().zip(statuses).for_each(|(entry, status)| entry.tell(Some(Ok(status)))),
            Err(error) => entries.into_iter().for_each(|entry| entry.tell(Some(Err(error.clone())))),
        }
    }
}

impl Entry {
    fn tell(self, outcome: Outcome) {
        let _nobody_waits = self.outcome.send(outcome);
    }
}
