//! Deliveries from the embedded log: one task per subscription, several messages in flight, retries that delay no other
//! message.
//!
//! A message leaves the log only when it has an outcome. When the server stops, what is in flight may finish; the rest stays.
use super::batch::Batches;
use super::deliveries::{Deliveries, subscription};
use super::message::Passage;
use crate::blocks::pubsub::embedded::topic_key;
use crate::code::Code;
use crate::store::{Log, Message, StoreError};
use crate::surfaces::permits::Permits;
use daplet_abi::load::{BulkSubscribe, Subscription};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages, or batches, of one subscription that are delivered at once.
const IN_FLIGHT: usize = 16;
/// Room for each of these, KiB: the largest message, or the largest batch.
const PLACE: u32 = 4 << 10;
/// Room for messages that are delivered at once to all functions, KiB of memory.
const ROOM: u64 = 256 << 10;
/// What a message takes of it at least, KiB.
const LEAST: u64 = 16;

/// (topic in the log, function)
type Key = (String, String);

impl Deliveries {
    /// Follows the registry until stopped: each subscription has a cursor and a task, and no other has.
    pub async fn run(self) {
        let (shared, room) = (Arc::new(self), Permits::new(ROOM));
        let (tasks, mut running) = (TaskTracker::new(), HashMap::<Key, CancellationToken>::new());
        let mut told = HashSet::new();
        let mut changes = shared.registry.changes();
        loop {
            if let Err(error) = shared.reconcile((&tasks, &room), &mut running, &mut told).await {
                tracing::error!("subscriptions: {error}; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
                changes.mark_changed();
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { break },
                () = shared.stop.cancelled() => break,
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    async fn reconcile(
        self: &Arc<Self>,
        (tasks, room): (&TaskTracker, &Permits),
        running: &mut HashMap<Key, CancellationToken>,
        told: &mut HashSet<Key>,
    ) -> Result<(), StoreError> {
        // Cursors first: an upload stores its function before its cursors, so a cursor's function is found below.
        let cursors = self.log.subscriptions()?;
        let mut wanted = HashSet::new();
        for function in self.registry.list() {
            for subscription in &function.record.exports.subscriptions {
                let key = (topic_key(&subscription.pubsub, &subscription.topic), function.name.to_string());
                let allowed = self.brokers.may_subscribe(&subscription.pubsub, &subscription.topic);
                if let Err(refused) = allowed.and_then(|()| function.may_subscribe(subscription)) {
                    if told.insert(key) {
                        tracing::warn!(function = function.name.as_str(), "gets no messages: {}", refused.message);
                    }
                    continue;
                }
                if wanted.insert(key.clone()) && !running.contains_key(&key) {
                    self.log.subscribe(&key.0, &key.1).await?;
                    let stop = self.stop.child_token();
                    running.insert(key.clone(), stop.clone());
                    tasks.spawn(Arc::clone(self).follow(key, room.clone(), stop));
                }
            }
        }
        running.retain(|key, stop| {
            let keep = wanted.contains(key);
            if !keep {
                stop.cancel();
            }
            keep
        });
        for (topic, function) in cursors.into_iter().filter(|(_, subscriber)| !Log::is_stream(subscriber)) {
            // The function may have come back meanwhile. A missing broker may come back too; if the broker exists and the
            // topic is forbidden, the messages would wait for ever.
            let found = self.registry.get(&function).and_then(|function| subscription(&function, &topic));
            let forbidden = |s: &Subscription| {
                self.brokers
                    .may_subscribe(&s.pubsub, &s.topic)
                    .is_err_and(|refused| refused.code == Code::PubsubForbidden)
            };
            if found.as_ref().is_none_or(forbidden) {
                self.log.unsubscribe(&topic, &function).await?;
            }
        }
        for function in self.log.owners_of_dead_letters()? {
            if self.registry.get(&function).is_none() && self.registry.missing().is_none() {
                self.log.forget_dead_letters(&function).await?;
            }
        }
        Ok(())
    }

    /// One subscription: takes what waits, delivers it, waits for more.
    async fn follow(self: Arc<Self>, (topic, function): Key, room: Permits, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(IN_FLIGHT * PLACE as usize));
        let batches = Batches::new(Arc::clone(&self.registry), self.invoker.clone(), stop.clone());
        let tasks = TaskTracker::new();
        let mut published = self.log.published();
        let mut next = 0;
        while !stop.is_cancelled() {
            published.mark_unchanged();
            let messages = match self.log.waiting(&topic, &function, next, IN_FLIGHT) {
                Ok(messages) => messages,
                Err(error) => {
                    tracing::error!("topic {topic}: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let more = messages.len() == IN_FLIGHT;
            for message in messages {
                let live = self.registry.get(&function);
                let bulk = live.and_then(|live| subscription(&live, &topic)?.bulk_subscribe);
                let place = async {
                    let own = Arc::clone(&places).acquire_many_owned(share(bulk, &message)).await;
                    (own, room.take(&function, weight(&message.bytes)).await)
                };
                let place = tokio::select! {
                    place = place => place,
                    () = stop.cancelled() => break,
                };
                next = message.number + 1;
                let (this, topic, function, batches, stop) =
                    (Arc::clone(&self), topic.clone(), function.clone(), Arc::clone(&batches), stop.clone());
                let mut delivery = Box::pin(async move {
                    let (deliveries, topic, name) = (&*this, topic.as_str(), function.as_str());
                    Passage { deliveries, topic, name, batches: &batches, stop: &stop }.finish(message).await;
                    drop(place);
                });
                // Begun here, messages come into their batch in the log's order.
                if bulk.is_none() || futures::poll!(&mut delivery).is_pending() {
                    tasks.spawn(delivery);
                }
            }
            if !more {
                tokio::select! {
                    changed = published.changed() => if changed.is_err() { break },
                    () = stop.cancelled() => break,
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }
}

/// What a message takes of the room: a place, or of bulk its part of one, by number or by size.
fn share(bulk: Option<BulkSubscribe>, message: &Message) -> u32 {
    let Some(bulk) = bulk else { return PLACE };
    let by_number = PLACE / u32::try_from(bulk.max_messages_count.max(1)).unwrap_or(PLACE);
    let by_size = u32::try_from(message.bytes.len() >> 10).unwrap_or(PLACE);
    by_number.max(by_size).clamp(1, PLACE)
}

/// What a message takes of the memory that all deliveries share, KiB: its bytes, and what they become when they are read. A small
/// object takes a hundred times its text.
fn weight(bytes: &[u8]) -> u64 {
    let of = |byte: &u8| match byte {
        b'{' => 640,
        b'[' | b',' => 48,
        _ => 1,
    };
    (bytes.iter().map(of).sum::<u64>() >> 10).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_a_place_by_number_or_by_size() {
        let of = |count, bytes| {
            let bulk = BulkSubscribe { max_messages_count: count, max_await_duration_ms: 1 };
            share(Some(bulk), &Message { number: 0, bytes: vec![0; bytes] })
        };
        assert_eq!([of(1, 1), of(4, 1), of(1000, 1)], [PLACE, PLACE / 4, 4]);
        assert_eq!([of(100, 1 << 20), of(100, 9 << 20), of(usize::MAX, 0)], [1 << 10, PLACE, 1]);
        assert_eq!(share(None, &Message { number: 0, bytes: Vec::new() }), PLACE);
    }

    #[test]
    fn a_message_weighs_what_it_becomes() {
        let objects = format!("[{}]", vec![r#"{"a":1}"#; 10_000].join(","));
        assert!(weight(objects.as_bytes()) > 80 * (objects.len() as u64 >> 10), "{}", weight(objects.as_bytes()));
        assert_eq!((weight(b"{}"), weight(&vec![b'a'; 1 << 20])), (LEAST, 1 << 10));
    }
}
