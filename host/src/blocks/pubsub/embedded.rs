//! The embedded brokers: messages are wrapped and appended to the durable log. Each broker has topics of its own.
use super::event::{Envelope, wrap};
use super::{Broker, Brokers, Failed, Outgoing, Publish};
use crate::blocks::call::{CallContext, error, from_store};
use crate::code::{Code, OpError};
use crate::store::Log;
use async_trait::async_trait;
use std::sync::Arc;

/// The backend.
pub struct Embedded {
    /// The log.
    pub log: Log,
    /// This host, which publishes every message.
    pub app_id: String,
    /// The brokers of this host.
    pub brokers: Arc<Brokers>,
}

/// The name of a topic in the log.
pub fn topic_key(pubsub: &str, topic: &str) -> String {
    format!("{pubsub}/{topic}")
}

/// A message as the log has it: its topic's name there, and its bytes.
pub fn wrapped(
    cx: &CallContext,
    app_id: &str,
    pubsub: &str,
    topic: &str,
    message: &Outgoing,
) -> Result<(String, Vec<u8>), OpError> {
    let envelope = Envelope { app_id, pubsub, topic, trace: cx.trace() };
    let bytes = wrap(message, &envelope).map_err(|reason| error(Code::PubsubPublishMessage, reason))?;
    Ok((topic_key(pubsub, topic), bytes))
}

#[async_trait]
impl Broker for Embedded {
    async fn publish(&self, cx: &CallContext, publish: Publish) -> Result<Vec<Failed>, OpError> {
        let Publish { pubsub, topic, messages } = publish;
        let (pubsub, topic) = (pubsub.as_str(), topic.as_str());
        self.brokers.may_publish(&self.app_id, pubsub, topic)?;
        let envelope = Envelope { app_id: &self.app_id, pubsub, topic, trace: cx.trace() };
        let (mut kept, mut failed) = (Vec::new(), Vec::new());
        for message in messages {
            match wrap(&message, &envelope) {
                Ok(bytes) => kept.push(bytes),
                Err(reason) => failed.push((message.entry_id, reason)),
            }
        }
        if !kept.is_empty() {
            self.log.publish(&topic_key(pubsub, topic), kept).await.map_err(|e| from_store(&e))?;
        }
        Ok(failed)
    }
}
