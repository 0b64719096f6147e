//! Deliveries from the embedded log: one task per subscription, several messages in flight, retries that hold up nobody.
//!
//! A message leaves the log only when it has an outcome. When the server stops, what is in flight may finish; the rest stays.
use super::batch::Batches;
use super::{Delivery, expired, hand_over};
use crate::capabilities::pubsub::embedded::topic_key;
use crate::capabilities::pubsub::event::unwrap;
use crate::capabilities::pubsub::scopes::{Brokers, FORBIDDEN};
use crate::functions::{Function, Registry, Route};
use crate::invoke::{InvokeError, Invoker};
use crate::store::{Log, Message, StoreError};
use daplet_abi::load::{BulkSubscribe, RetryPolicy, Subscription};
use daplet_abi::reply::{AckStatus, codes};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages, or batches, of one subscription that are delivered at once.
const IN_FLIGHT: usize = 16;
/// Room for each of those, KiB: the largest message, or the largest batch.
const PLACE: u32 = 4 << 10;
/// Retries after the first attempt, when the subscription says nothing.
const DEFAULT_RETRIES: i64 = 3;
/// First pause before a retry, when the subscription says nothing.
const DEFAULT_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause between retries (Dapr's default).
const DEFAULT_MAX_PAUSE: Duration = Duration::from_secs(60);
/// How much longer each pause is (Dapr's default).
const GROWTH: f64 = 1.5;

/// What delivers.
pub struct Deliveries {
    /// Where messages are.
    pub log: Log,
    /// What may be subscribed to.
    pub brokers: Arc<Brokers>,
    /// Who subscribes.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Ends it.
    pub stop: CancellationToken,
}

/// (topic in the log, function)
type Key = (String, String);

impl Deliveries {
    /// Follows the registry until stopped: each subscription has a cursor and a task, and no other has.
    pub async fn run(self) {
        let shared = Arc::new(self);
        let (tasks, mut running) = (TaskTracker::new(), HashMap::<Key, CancellationToken>::new());
        let mut told = HashSet::new();
        let mut changes = shared.registry.changes();
        loop {
            if let Err(error) = shared.reconcile(&tasks, &mut running, &mut told).await {
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
        tasks: &TaskTracker,
        running: &mut HashMap<Key, CancellationToken>,
        told: &mut HashSet<Key>,
    ) -> Result<(), StoreError> {
        // Cursors first: an upload stores its function before its cursors, so one that is seen here has its function below.
        let cursors = self.log.subscriptions()?;
        let mut wanted = HashSet::new();
        for function in self.registry.list() {
            for subscription in &function.record.exports.subscriptions {
                let key = (topic_key(&subscription.pubsub, &subscription.topic), function.name.to_string());
                if let Err(refused) = self.brokers.may_subscribe(&subscription.pubsub, &subscription.topic) {
                    if told.insert(key) {
                        tracing::warn!(function = function.name.as_str(), "gets no messages: {}", refused.message);
                    }
                    continue;
                }
                if wanted.insert(key.clone()) && !running.contains_key(&key) {
                    self.log.subscribe(&key.0, &key.1).await?;
                    let stop = self.stop.child_token();
                    running.insert(key.clone(), stop.clone());
                    tasks.spawn(Arc::clone(self).follow(key, stop));
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
            // It may have come back meanwhile. A broker that is not there may come back too; where it is and the topic is forbidden, what
            // waits would wait for ever.
            let found = self.registry.get(&function).and_then(|function| subscription(&function, &topic));
            let forbidden = |s: &Subscription| {
                self.brokers.may_subscribe(&s.pubsub, &s.topic).is_err_and(|refused| refused.code == FORBIDDEN)
            };
            if found.as_ref().is_none_or(forbidden) {
                self.log.unsubscribe(&topic, &function).await?;
            }
        }
        Ok(())
    }

    /// One subscription: takes what waits, delivers it, waits for more.
    async fn follow(self: Arc<Self>, (topic, function): Key, stop: CancellationToken) {
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
                let bulk = self.bulk(&topic, &function);
                let place = tokio::select! {
                    place = Arc::clone(&places).acquire_many_owned(share(bulk, &message)) => place,
                    () = stop.cancelled() => break,
                };
                next = message.number + 1;
                let (this, topic, function, batches, stop) =
                    (Arc::clone(&self), topic.clone(), function.clone(), Arc::clone(&batches), stop.clone());
                let mut delivery = Box::pin(async move {
                    this.see_through(&topic, &function, message, &batches, &stop).await;
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

    fn bulk(&self, topic: &str, name: &str) -> Option<BulkSubscribe> {
        self.registry.get(name).and_then(|function| subscription(&function, topic)?.bulk_subscribe)
    }

    /// One message: attempts by the policy until it has an outcome, which is then recorded.
    async fn see_through(
        &self,
        topic: &str,
        name: &str,
        message: Message,
        batches: &Arc<Batches>,
        stop: &CancellationToken,
    ) {
        let mut attempt = 0;
        let dead_letter = loop {
            // The live version, which may have been replaced since the last attempt.
            let found =
                self.registry.get(name).and_then(|function| subscription(&function, topic).map(|s| (function, s)));
            let Some((function, subscription)) = found else { return };
            let event = unwrap(&message.bytes, subscription.raw_payload, &subscription.pubsub, &subscription.topic);
            let to_dead_letter = subscription.dead_letter_topic.as_ref().map(|t| topic_key(&subscription.pubsub, t));
            if expired(&event) {
                tracing::info!(function = name, topic, "a message expired before it was delivered");
                break to_dead_letter;
            }
            attempt += 1;
            let place = (subscription.pubsub.as_str(), subscription.topic.as_str());
            let outcome = match function.route(place, &event) {
                Ok(Route::Handler(route)) => {
                    let (pubsub, topic) = place;
                    let number = message.number;
                    let delivery = Delivery { function: &function, pubsub, topic, attempt, route, number };
                    match hand_over(batches, &delivery, &event).await {
                        Some(outcome) => outcome,
                        None => {
                            attempt -= 1;
                            continue;
                        }
                    }
                }
                Ok(Route::Nowhere) => Ok(AckStatus::Drop),
                Err(reason) => Err(InvokeError::internal(format!("no route for it: {reason}"))),
            };
            let retry = match outcome {
                Ok(AckStatus::Success) => break None,
                Ok(AckStatus::Drop) => break to_dead_letter,
                Ok(AckStatus::Retry) => "the function asked for a retry".to_owned(),
                // The host is busy, the function has not seen the message: that is no attempt.
                Err(error) if error.code == codes::LOAD_SHED => {
                    attempt -= 1;
                    tokio::select! {
                        () = tokio::time::sleep(DEFAULT_PAUSE) => continue,
                        () = stop.cancelled() => return,
                    }
                }
                Err(error) => error.to_string(),
            };
            let Some(pause) = pause(subscription.retry.as_ref(), attempt) else {
                let end = if to_dead_letter.is_some() { "goes to the dead-letter topic" } else { "is dropped" };
                tracing::warn!(function = name, topic, attempt, "a message {end}: {retry}");
                break to_dead_letter;
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        };
        let dead_letter = dead_letter.map(|topic| (topic, message.bytes));
        while let Err(error) = self.log.end(topic, name, message.number, dead_letter.clone()).await {
            tracing::error!(function = name, topic, "the outcome of a message could not be recorded yet: {error}");
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

fn subscription(function: &Function, topic: &str) -> Option<Subscription> {
    function.record.exports.subscriptions.iter().find(|s| topic_key(&s.pubsub, &s.topic) == topic).cloned()
}

/// What a message takes of the room: a place, or of bulk its part of one, by number or by size.
fn share(bulk: Option<BulkSubscribe>, message: &Message) -> u32 {
    let Some(bulk) = bulk else { return PLACE };
    let by_number = PLACE / u32::try_from(bulk.max_messages_count.max(1)).unwrap_or(PLACE);
    let by_size = u32::try_from(message.bytes.len() >> 10).unwrap_or(PLACE);
    by_number.max(by_size).clamp(1, PLACE)
}

/// The pause after attempt number `attempt` failed; none when no further one is due.
fn pause(policy: Option<&RetryPolicy>, attempt: u32) -> Option<Duration> {
    let max_retries = policy.and_then(|p| p.max_retries).unwrap_or(DEFAULT_RETRIES);
    if max_retries >= 0 && i64::from(attempt) > max_retries {
        return None;
    }
    let first = policy.and_then(|p| p.duration_ms).map_or(DEFAULT_PAUSE, Duration::from_millis);
    if policy.and_then(|p| p.policy.as_deref()) == Some("constant") {
        return Some(first);
    }
    let longest = policy.and_then(|p| p.max_interval_ms).map_or(DEFAULT_MAX_PAUSE, Duration::from_millis);
    Some(first.mul_f64(GROWTH.powi(i32::try_from(attempt.min(64)).unwrap_or(64) - 1)).min(longest))
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
    fn pauses_grow_and_end() {
        let ms = |policy: Option<&RetryPolicy>, attempt| pause(policy, attempt).map(|p| p.as_millis());
        assert_eq!([1, 2, 3, 4].map(|attempt| ms(None, attempt)), [Some(500), Some(750), Some(1125), None]);
        let constant = RetryPolicy {
            policy: Some("constant".to_owned()),
            duration_ms: Some(10),
            max_retries: Some(-1),
            ..RetryPolicy::default()
        };
        assert_eq!([1, 50].map(|attempt| ms(Some(&constant), attempt)), [Some(10), Some(10)]);
        let none = RetryPolicy { max_retries: Some(0), ..RetryPolicy::default() };
        assert_eq!(ms(Some(&none), 1), None);
        let capped = RetryPolicy { max_interval_ms: Some(600), max_retries: Some(-1), ..RetryPolicy::default() };
        assert_eq!(ms(Some(&capped), 1_000), Some(600));
    }
}
