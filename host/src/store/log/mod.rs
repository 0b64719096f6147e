//! Messages: a durable log per topic, and for each subscriber the list of messages that wait for it. At least once: a
//! message waits until the outcome of its delivery is recorded on disk.
//!
//! A message is stored once and removed when it waits for no subscriber any more, so a subscriber that never finishes
//! one retains only what waits for itself. Must not know: deliveries, functions.
//!
//! # Layout
//! - [`waiting`]: what waits for a subscriber, and its totals; [`room`] bounds it
//! - [`dead_letters`]: dead letters of topics without subscribers
//! - [`earlier`]: the tables of earlier releases
mod dead_letters;
mod earlier;
mod room;
mod waiting;

pub use dead_letters::DeadLetter;
pub use waiting::Backlog;

use super::{Store, StoreError};
use crate::quotas::{Quota, QuotaExceeded};
use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};
use room::Plan;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use waiting::Subscription;

/// (topic, number) to message.
const MESSAGES: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("messages");
/// Next number of a topic.
const NEXT: TableDefinition<&str, u64> = TableDefinition::new("next");
/// (topic, subscriber) of each subscription; the number of its first message.
const CURSORS: TableDefinition<(&str, &str), u64> = TableDefinition::new("cursors");
/// (topic, subscriber, number) of each waiting message; its size in bytes.
const WAITING: TableDefinition<(&str, &str, u64), u64> = TableDefinition::new("waiting");
/// (topic, subscriber) to the number of messages that wait; without an entry none does.
const BACKLOGS: TableDefinition<(&str, &str), u64> = TableDefinition::new("waiting_messages");
/// (topic, number) to the number of subscribers that a message waits for.
const HOLDERS: TableDefinition<(&str, u64), u32> = TableDefinition::new("holders");
/// Bytes that wait for a subscriber in every topic; under [`ALL`] the bytes of all messages.
const USED: TableDefinition<&str, u64> = TableDefinition::new("waiting_bytes");
/// Used in place of a subscriber's name.
const ALL: &str = "";

/// Prefix of subscribers that are streams.
const STREAM: char = ':';
/// Prefix of holders of dead letters.
const HOLDER: char = '~';
/// Sorts after every name.
const LAST: &str = "\u{10ffff}";

/// A message that waits for a subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number in the topic.
    pub number: u64,
    /// The message as it was published.
    pub bytes: Vec<u8>,
}

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    let tables: HashSet<String> = write.list_tables()?.map(|table| table.name().to_owned()).collect();
    write.open_table(MESSAGES)?;
    write.open_table(NEXT)?;
    write.open_table(CURSORS)?;
    write.open_table(WAITING)?;
    write.open_table(BACKLOGS)?;
    write.open_table(HOLDERS)?;
    write.open_table(USED)?;
    if !tables.contains(WAITING.name()) {
        earlier::convert(write)
    } else if !tables.contains(BACKLOGS.name()) {
        waiting::recount(write)
    } else {
        Ok(())
    }
}

/// The messages in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    pub(super) store: Store,
    pub(super) quota: Quota,
    published: watch::Sender<u64>,
    /// Subscribers without room for a message, so that the log reports each once.
    full: Arc<Mutex<HashSet<String>>>,
}

impl Log {
    /// The messages in `store`, bounded by `quota`.
    pub fn new(store: Store, quota: Quota) -> Log {
        Log { store, quota, published: watch::Sender::new(0), full: Arc::default() }
    }

    /// Ticks when there may be a new message.
    pub fn published(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Wakes the deliveries: there may be a new message.
    pub(super) fn tick(&self) {
        self.published.send_modify(|tick| *tick += 1);
    }

    /// Appends messages, on disk when this returns. A topic without subscribers stores nothing. A subscriber whose quota
    /// has no room does not get them; if no subscriber has room they are refused.
    pub async fn publish(&self, topic: &str, messages: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let (topic, quota) = (topic.to_owned(), self.quota.clone());
        let append = move |write: &WriteTransaction| {
            let messages: Vec<(&str, &[u8])> = messages.iter().map(|m| (topic.as_str(), m.as_slice())).collect();
            let plan = Plan::new(write, &quota, &messages)?;
            plan.append(write, &messages)?;
            Ok(plan.missed)
        };
        let missed = self.store.writer.write(append).await?;
        self.report(&missed);
        self.tick();
        Ok(())
    }

    /// Logs which subscribers missed messages, once until a message finds room again.
    pub(super) fn report(&self, missed: &[QuotaExceeded]) {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.retain(|name| missed.iter().any(|missed| missed.function.as_ref() == Some(name)));
        for missed in missed {
            if let Some(name) = &missed.function
                && full.insert(name.clone())
            {
                tracing::warn!(subscriber = name, "misses messages, for too many wait for it: {missed}");
            }
        }
    }

    /// Ensures that the subscriber has a subscription. A new one begins at the end of the log, or with the dead letters
    /// that wait for the first subscriber; a stream gets none of these, because it may end at any moment.
    pub async fn subscribe(&self, topic: &str, subscriber: &str) -> Result<(), StoreError> {
        if self.store.read()?.open_table(CURSORS)?.get((topic, subscriber))?.is_some() {
            return Ok(());
        }
        let (topic, subscriber) = (topic.to_owned(), subscriber.to_owned());
        let change = move |write: &WriteTransaction| {
            let mut cursors = write.open_table(CURSORS)?;
            if cursors.get((topic.as_str(), subscriber.as_str()))?.is_none() {
                let end = write.open_table(NEXT)?.get(topic.as_str())?.map_or(0, |next| next.value());
                cursors.insert((topic.as_str(), subscriber.as_str()), end)?;
                if !Log::is_stream(&subscriber) {
                    dead_letters::take_over(write, &topic, &subscriber)?;
                }
            }
            Ok(())
        };
        self.store.writer.write(change).await?;
        self.tick();
        Ok(())
    }

    /// Ends a subscription, and removes the messages that only it waited for.
    pub async fn unsubscribe(&self, topic: &str, subscriber: &str) -> Result<(), StoreError> {
        let (topic, subscriber) = (topic.to_owned(), subscriber.to_owned());
        let change = move |write: &WriteTransaction| {
            write.open_table(CURSORS)?.remove((topic.as_str(), subscriber.as_str()))?;
            for (number, _) in waiting::list(write, (&topic, &subscriber))? {
                release(write, (&topic, &subscriber), number)?;
            }
            Ok(())
        };
        self.store.writer.write(change).await
    }

    /// A name for a subscriber that exists as long as its stream; no function can have it.
    pub fn stream_subscriber() -> String {
        format!("{STREAM}{}", uuid::Uuid::new_v4())
    }

    /// Whether `name` is that of a stream.
    pub fn is_stream(subscriber: &str) -> bool {
        subscriber.starts_with(STREAM)
    }

    /// Removes the subscriptions of streams that a crash has ended.
    pub async fn forget_streams(&self) -> Result<(), StoreError> {
        for (topic, subscriber) in self.subscriptions()? {
            if Log::is_stream(&subscriber) {
                self.unsubscribe(&topic, &subscriber).await?;
            }
        }
        Ok(())
    }

    /// Every (topic, subscriber).
    pub fn subscriptions(&self) -> Result<Vec<(String, String)>, StoreError> {
        let read = self.store.read()?;
        let cursors = read.open_table(CURSORS)?;
        let names = cursors.iter()?.map(|entry| {
            let (key, _) = entry?;
            let (topic, subscriber) = key.value();
            Ok((topic.to_owned(), subscriber.to_owned()))
        });
        names.collect()
    }

    /// At most `limit` messages that wait for a subscriber, beginning with number `from`.
    pub fn waiting(&self, topic: &str, subscriber: &str, from: u64, limit: usize) -> Result<Vec<Message>, StoreError> {
        let read = self.store.read()?;
        let (waiting, messages) = (read.open_table(WAITING)?, read.open_table(MESSAGES)?);
        let mut found = Vec::new();
        for entry in waiting.range(waiting::keys((topic, subscriber), from))?.take(limit) {
            let number = entry?.0.value().2;
            let bytes =
                messages.get((topic, number))?.ok_or_else(|| StoreError::Damaged(format!("{topic} {number}")))?;
            found.push(Message { number, bytes: bytes.value().to_vec() });
        }
        Ok(found)
    }

    /// How many messages wait for each subscriber.
    pub fn backlogs(&self) -> Result<Vec<Backlog>, StoreError> {
        waiting::backlogs(&self.store.read()?, self.subscriptions()?)
    }

    /// Records a message's outcome, and in the same commit publishes it to the dead-letter topic, if one is given.
    pub async fn end(
        &self,
        topic: &str,
        subscriber: &str,
        number: u64,
        dead_letter: Option<(String, Vec<u8>)>,
    ) -> Result<DeadLetter, StoreError> {
        let (topic, subscriber, quota) = (topic.to_owned(), subscriber.to_owned(), self.quota.clone());
        let change = move |write: &WriteTransaction| {
            // Frees its room before the dead letter takes some. It may have been removed with the subscription.
            let waited = release(write, (&topic, &subscriber), number)?;
            match dead_letter.filter(|_| waited) {
                Some((topic, bytes)) => dead_letters::publish(write, &quota, (&topic, &bytes), &subscriber),
                None => Ok((DeadLetter::Absent, Vec::new())),
            }
        };
        let (dead_letter, missed) = self.store.writer.write(change).await?;
        if dead_letter == DeadLetter::Published {
            self.report(&missed);
            self.tick();
        }
        Ok(dead_letter)
    }
}

/// Removes a message from a subscriber's list, and from the log if it waits for no other; returns whether it was there.
fn release(write: &WriteTransaction, of: Subscription<'_>, number: u64) -> Result<bool, StoreError> {
    let Some(bytes) = waiting::remove(write, of, number)? else { return Ok(false) };
    let message = (of.0, number);
    let mut holders = write.open_table(HOLDERS)?;
    let left = holders.get(message)?.map_or(1, |count| count.value()).saturating_sub(1);
    if left > 0 {
        holders.insert(message, left)?;
        return Ok(true);
    }
    holders.remove(message)?;
    write.open_table(MESSAGES)?.remove(message)?;
    waiting::count(write, ALL, |used| used.saturating_sub(bytes))?;
    Ok(true)
}

pub(super) use room::Plan as Admission;

#[cfg(test)]
mod tests;
