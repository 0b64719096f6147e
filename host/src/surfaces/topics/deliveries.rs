//! What deliveries from the embedded log share: where messages are, who gets them, and where they go when they fail.
use crate::blocks::pubsub::embedded::topic_key;
use crate::blocks::pubsub::scopes::Brokers;
use crate::functions::{Function, Registry};
use crate::invoke::Invoker;
use crate::store::{Flights, Log};
use daplet_abi::load::Subscription;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The parts of the host that deliver.
pub struct Deliveries {
    /// Where messages are.
    pub log: Log,
    /// What may be subscribed to.
    pub brokers: Arc<Brokers>,
    /// The app-id under which this host publishes.
    pub app_id: String,
    /// Deliveries that were under way at a crash.
    pub flights: Flights,
    /// Who subscribes.
    pub registry: Arc<Registry>,
    /// Runs the functions.
    pub invoker: Invoker,
    /// Ends the deliveries.
    pub stop: CancellationToken,
}

impl Deliveries {
    /// The dead-letter topic of a subscription, if it has one; an error if the function, or this host, may not publish there.
    pub fn dead_letter_topic(
        &self,
        function: &Function,
        subscription: &Subscription,
    ) -> Result<Option<String>, String> {
        let Some(topic) = &subscription.dead_letter_topic else { return Ok(None) };
        let allowed = function.may_give_up(subscription);
        let allowed = allowed.and_then(|()| self.brokers.may_publish(&self.app_id, &subscription.pubsub, topic));
        allowed.map(|()| Some(topic.clone())).map_err(|refused| refused.message)
    }
}

/// A function's subscription to a topic of the log.
pub fn subscription(function: &Function, topic: &str) -> Option<Subscription> {
    function.record.exports.subscriptions.iter().find(|s| topic_key(&s.pubsub, &s.topic) == topic).cloned()
}
