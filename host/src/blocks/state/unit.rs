//! A unit of work: what it read, what it changes and what it publishes, all or nothing.
use crate::blocks::pubsub::Outgoing;
use crate::store::Change;

/// What must hold and what is to become of it, all or nothing.
#[derive(Debug, Default)]
pub struct Unit {
    /// What was read and is not written.
    pub reads: Vec<Read>,
    /// In order.
    pub changes: Vec<Change>,
    /// In order.
    pub messages: Vec<Message>,
}

/// A key that must still be as it was read.
#[derive(Debug)]
pub struct Read {
    /// The key.
    pub key: String,
    /// Its ETag; none: there was no value.
    pub etag: Option<String>,
    /// The value that was read, for stores that can only guard what they write; empty where there was none.
    pub value: Vec<u8>,
    /// What was left of its lifetime, seconds.
    pub ttl_seconds: Option<u64>,
}

/// A message and where it goes.
#[derive(Debug)]
pub struct Message {
    /// Component.
    pub pubsub: String,
    /// Topic.
    pub topic: String,
    /// The message.
    pub message: Outgoing,
}
