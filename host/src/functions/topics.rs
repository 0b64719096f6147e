//! What a function's grants allow its subscriptions: topics to subscribe to, and dead-letter topics, which it publishes
//! to.
use super::Function;
use crate::blocks::grants::require;
use crate::code::OpError;
use daplet_abi::load::Subscription;

impl Function {
    /// Refuses a topic that it may not subscribe to.
    pub fn may_subscribe(&self, subscription: &Subscription) -> Result<(), OpError> {
        let topic = format!("{}/{}", subscription.pubsub, subscription.topic);
        require(self.name.as_str(), "subscribe", self.grants.subscribe.as_ref(), &topic)
    }

    /// Refuses a dead-letter topic that it may not publish to.
    pub fn may_give_up(&self, subscription: &Subscription) -> Result<(), OpError> {
        let Some(topic) = &subscription.dead_letter_topic else { return Ok(()) };
        let topic = format!("{}/{topic}", subscription.pubsub);
        require(self.name.as_str(), "topics", self.grants.topics.as_ref(), &topic)
    }
}

/// Checks all subscriptions of an upload.
pub fn check(function: &Function) -> Result<(), String> {
    for (index, subscription) in function.record.exports.subscriptions.iter().enumerate() {
        let named = |member: &str, e: &OpError| format!("subscriptions[{index}].{member}: {}", e.message);
        function.may_subscribe(subscription).map_err(|e| named("topic", &e))?;
        function.may_give_up(subscription).map_err(|e| named("deadLetterTopic", &e))?;
    }
    Ok(())
}
