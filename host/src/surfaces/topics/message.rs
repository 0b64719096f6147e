//! One message of the embedded log: attempts by the policy until it has an outcome, which is then recorded and logged.
use super::batch::Batches;
use super::deliveries::{Deliveries, subscription};
use super::{Delivery, expired, hand_over};
use crate::blocks::pubsub::embedded::topic_key;
use crate::blocks::pubsub::event::{Event, unwrap};
use crate::code::Code;
use crate::functions::{Function, Route, Unrouted, aside};
use crate::invoke::InvokeError;
use crate::observer;
use crate::store::flight::{Id, MOST_CRASHES};
use crate::store::{DeadLetter, Message};
use daplet_abi::load::{RetryPolicy, Subscription};
use daplet_abi::reply::AckStatus;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Retries after the first attempt, unless the subscription sets them.
const DEFAULT_RETRIES: i64 = 3;
/// First pause before a retry, unless the subscription sets it.
const DEFAULT_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause between retries (Dapr's default).
const DEFAULT_MAX_PAUSE: Duration = Duration::from_secs(60);
/// How much longer each pause is (Dapr's default).
const GROWTH: f64 = 1.5;

/// A message on its way to one subscriber.
pub struct Passage<'a> {
    /// What delivers.
    pub deliveries: &'a Deliveries,
    /// The topic in the log.
    pub topic: &'a str,
    /// The function.
    pub name: &'a str,
    /// Where it is gathered with others.
    pub batches: &'a Arc<Batches>,
    /// Ends the subscription.
    pub stop: &'a CancellationToken,
}

/// How it ended.
enum End {
    /// The function has taken it.
    Done,
    /// It is given up, for this reason; `wanted`: at the function's wish, which is worth less than a warning.
    GivenUp { function: Arc<Function>, subscription: Box<Subscription>, reason: String, wanted: bool },
}

/// What came of one attempt.
enum Attempt {
    Ended(End),
    /// It failed, for this reason.
    Failed(String),
    /// The host was busy, or the function was changed: that was no attempt.
    None(Duration),
}

impl Passage<'_> {
    /// Delivers the message until it has an outcome. If this is stopped, the message goes on waiting in the log.
    pub async fn finish(&self, message: Message) {
        let id = Id::new("message", &[self.topic, self.name], message.number);
        let mut event = String::new();
        let Some(end) = self.attempts(&message, id, &mut event).await else { return };
        if self.record(message, &end, &event).await {
            let forgotten = self.deliveries.flights.forget(id).await;
            if let Err(error) = forgotten {
                tracing::error!("{error}");
            }
        }
    }

    /// Attempts until one ends it; `None` when stopped. Passes on the event's id.
    async fn attempts(&self, message: &Message, id: Id, event_id: &mut String) -> Option<End> {
        let mut attempt = 0;
        loop {
            // The live version, which may have been replaced since the last attempt.
            let function = self.deliveries.registry.get(self.name)?;
            let subscription = subscription(&function, self.topic)?;
            let give_up = |reason: String, wanted| End::GivenUp {
                function: Arc::clone(&function),
                subscription: Box::new(subscription.clone()),
                reason,
                wanted,
            };
            if self.deliveries.flights.crashes(id) >= MOST_CRASHES {
                return Some(give_up(
                    format!("it was being delivered when the server died, {MOST_CRASHES} times"),
                    false,
                ));
            }
            attempt += 1;
            let flight = tokio::select! {
                flight = self.deliveries.flights.begin(id) => flight,
                () = self.stop.cancelled() => return None,
            };
            let read = || unwrap(&message.bytes, subscription.raw_payload, &subscription.pubsub, &subscription.topic);
            let event = aside(message.bytes.len(), read);
            event_id.clear();
            event_id.push_str(event.get("id").and_then(Value::as_str).unwrap_or_default());
            let came = self.attempt(&function, &subscription, (message.number, attempt), &event).await;
            drop((event, flight));
            let pause = match came {
                Attempt::Ended(End::Done) => return Some(End::Done),
                Attempt::Ended(End::GivenUp { reason, wanted, .. }) => return Some(give_up(reason, wanted)),
                Attempt::None(pause) => {
                    attempt -= 1;
                    pause
                }
                Attempt::Failed(reason) => match pause(subscription.retry.as_ref(), attempt) {
                    None => return Some(give_up(format!("attempt {attempt}, the last, failed: {reason}"), false)),
                    Some(pause) => {
                        let (topic, event) = (self.topic, event_id.as_str());
                        let again = pause.as_millis();
                        self.observe(observer::Delivery::Retried);
                        tracing::info!(
                            function = self.name,
                            topic,
                            event,
                            attempt,
                            "a delivery failed; again in {again} ms: {reason}"
                        );
                        pause
                    }
                },
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return None,
            }
        }
    }

    fn observe(&self, delivery: observer::Delivery) {
        self.deliveries.invoker.observer().delivery(self.topic, self.name, delivery);
    }

    async fn attempt(
        &self,
        function: &Arc<Function>,
        subscription: &Subscription,
        (number, attempt): (u64, u32),
        event: &Event,
    ) -> Attempt {
        let ended = |reason: &str, wanted| {
            let (function, subscription) = (Arc::clone(function), Box::new(subscription.clone()));
            Attempt::Ended(End::GivenUp { function, subscription, reason: reason.to_owned(), wanted })
        };
        if expired(event) {
            return ended("it expired before it was delivered", true);
        }
        let (pubsub, topic) = (subscription.pubsub.as_str(), subscription.topic.as_str());
        let route = match function.route((pubsub, topic), event).await {
            Ok(Route::Handler(route)) => route,
            Ok(Route::Nowhere) => return ended("no rule matches it, and there is no default", true),
            Err(Unrouted::Exhausted(reason)) => return ended(&reason, false),
            Err(Unrouted::Undecided(reason)) => return Attempt::Failed(reason),
        };
        let delivery = Delivery { function, pubsub, topic, attempt, route, number };
        match hand_over(self.batches, &delivery, event).await {
            None => Attempt::None(Duration::ZERO),
            Some(Ok(AckStatus::Success)) => Attempt::Ended(End::Done),
            Some(Ok(AckStatus::Drop)) => ended("the function drops it", true),
            Some(Ok(AckStatus::Retry)) => Attempt::Failed("the function asked for a retry".to_owned()),
            // The host is busy, the function has not seen the message.
            Some(Err(error)) if error.code == Code::LoadShed => Attempt::None(DEFAULT_PAUSE),
            Some(Err(error)) => Attempt::Failed(InvokeError::to_string(&error)),
        }
    }

    /// Records the outcome, and logs it if the message was given up; returns whether it was recorded.
    async fn record(&self, message: Message, end: &End, event: &str) -> bool {
        let wanted_topic = match end {
            End::Done => Ok(None),
            End::GivenUp { function, subscription, .. } => self.deliveries.dead_letter_topic(function, subscription),
        };
        let dead_letters = wanted_topic.as_ref().ok().and_then(Option::as_deref).map(|t| topic_key(pubsub_of(end), t));
        let dead_letter = dead_letters.clone().map(|topic| (topic, message.bytes));
        let ended = loop {
            match self.deliveries.log.end(self.topic, self.name, message.number, dead_letter.clone()).await {
                Ok(ended) => break ended,
                Err(error) => tracing::error!(
                    function = self.name,
                    topic = self.topic,
                    event,
                    "the outcome of a message could not be recorded yet: {error}"
                ),
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = self.stop.cancelled() => return false,
            }
        };
        let End::GivenUp { reason, wanted, .. } = end else {
            self.observe(observer::Delivery::Delivered);
            return true;
        };
        self.observe(match &ended {
            DeadLetter::Published | DeadLetter::Stored => observer::Delivery::DeadLettered,
            DeadLetter::Absent | DeadLetter::Refused(_) => observer::Delivery::Dropped,
        });
        let (function, topic, dead_letters) = (self.name, self.topic, dead_letters.unwrap_or_default());
        let (lost, fate) = match (wanted_topic, ended) {
            (Err(refused), _) => (true, format!("it is lost: {refused}")),
            (Ok(None), _) => (false, "it is dropped".to_owned()),
            (Ok(Some(_)), DeadLetter::Refused(full)) => {
                (true, format!("it is lost, for the dead-letter topic {dead_letters} has no room: {full}"))
            }
            (Ok(Some(_)), DeadLetter::Stored) => {
                (false, format!("it is stored in {dead_letters} until a function subscribes"))
            }
            (Ok(Some(_)), _) => (false, format!("it goes to the dead-letter topic {dead_letters}")),
        };
        match (lost, wanted) {
            (true, _) => tracing::error!(function, topic, event, "a message was given up: {reason}; {fate}"),
            (false, true) => tracing::info!(function, topic, event, "a message was given up: {reason}; {fate}"),
            (false, false) => tracing::warn!(function, topic, event, "a message was given up: {reason}; {fate}"),
        }
        true
    }
}

fn pubsub_of(end: &End) -> &str {
    match end {
        End::Done => "",
        End::GivenUp { subscription, .. } => &subscription.pubsub,
    }
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
