//! Messages: a durable log per topic and a cursor per subscriber. At least once: a cursor moves only after the outcome of a
//! delivery is known, and it moves on disk.
//!
//! Deliveries end out of order; what ended behind a cursor that still waits is kept in a second table, so that a restart
//! delivers again only what had no outcome. A message that every subscriber is through with is removed.
use super::{Store, StoreError};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use tokio::sync::watch;

/// (topic, number) to message.
const MESSAGES: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("messages");
/// Next number of a topic.
const NEXT: TableDefinition<&str, u64> = TableDefinition::new("next");
/// (topic, subscriber) to the lowest number without an outcome.
const CURSORS: TableDefinition<(&str, &str), u64> = TableDefinition::new("cursors");
/// (topic, subscriber, number) of outcomes above the cursor.
const ENDED: TableDefinition<(&str, &str, u64), ()> = TableDefinition::new("ended");

/// What the names of subscribers that are streams begin with.
const STREAM: char = ':';

/// A message as it waits for a subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number in the topic.
    pub number: u64,
    /// As it was published.
    pub bytes: Vec<u8>,
}

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    write.open_table(MESSAGES)?;
    write.open_table(NEXT)?;
    write.open_table(CURSORS)?;
    write.open_table(ENDED)?;
    Ok(())
}

/// The messages in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    pub(super) store: Store,
    published: watch::Sender<u64>,
}

impl Log {
    /// The messages of that store.
    pub fn new(store: Store) -> Log {
        Log { store, published: watch::Sender::new(0) }
    }

    /// Ticks when there may be something new.
    pub fn published(&self) -> watch::Receiver<u64> {
        self.published.subscribe()
    }

    /// Tells the deliveries that there may be something new.
    pub(super) fn tick(&self) {
        self.published.send_modify(|tick| *tick += 1);
    }

    /// Appends messages, on disk when this returns. A topic without subscribers keeps nothing.
    pub async fn publish(&self, topic: &str, messages: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let topic = topic.to_owned();
        self.store.writer.write(move |write| append(write, &topic, &messages)).await?;
        self.tick();
        Ok(())
    }

    /// Makes sure that the subscriber has a cursor; a new one stands at the end of the log.
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
            }
            Ok(())
        };
        self.store.writer.write(change).await
    }

    /// Removes a subscriber's cursor; what only it waited for goes too.
    pub async fn unsubscribe(&self, topic: &str, subscriber: &str) -> Result<(), StoreError> {
        let (topic, subscriber) = (topic.to_owned(), subscriber.to_owned());
        let change = move |write: &WriteTransaction| {
            write.open_table(CURSORS)?.remove((topic.as_str(), subscriber.as_str()))?;
            let range = (topic.as_str(), subscriber.as_str(), 0)..=(topic.as_str(), subscriber.as_str(), u64::MAX);
            write.open_table(ENDED)?.retain_in(range, |_, ()| false)?;
            trim(write, &topic)
        };
        self.store.writer.write(change).await
    }

    /// A name for a subscriber that lives no longer than its stream; no function can have it.
    pub fn stream_subscriber() -> String {
        format!("{STREAM}{}", uuid::Uuid::new_v4())
    }

    /// Whether that is such a subscriber.
    pub fn is_stream(subscriber: &str) -> bool {
        subscriber.starts_with(STREAM)
    }

    /// Removes the cursors of streams that a crash has ended.
    pub async fn forget_streams(&self) -> Result<(), StoreError> {
        for (topic, subscriber) in self.subscriptions()? {
            if Log::is_stream(&subscriber) {
                self.unsubscribe(&topic, &subscriber).await?;
            }
        }
        Ok(())
    }

    /// Every (topic, subscriber) with a cursor.
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

    /// Messages that wait for a subscriber, from number `from` on, at most `limit`.
    pub fn waiting(&self, topic: &str, subscriber: &str, from: u64, limit: usize) -> Result<Vec<Message>, StoreError> {
        let read = self.store.read()?;
        let Some(cursor) = read.open_table(CURSORS)?.get((topic, subscriber))? else { return Ok(Vec::new()) };
        let (messages, ended) = (read.open_table(MESSAGES)?, read.open_table(ENDED)?);
        let mut found = Vec::new();
        for entry in messages.range((topic, cursor.value().max(from))..=(topic, u64::MAX))? {
            let (key, bytes) = entry?;
            let number = key.value().1;
            if ended.get((topic, subscriber, number))?.is_none() {
                found.push(Message { number, bytes: bytes.value().to_vec() });
                if found.len() == limit {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Records that a message has its outcome, and in the same commit publishes it to a dead-letter topic if one is given.
    pub async fn end(
        &self,
        topic: &str,
        subscriber: &str,
        number: u64,
        dead_letter: Option<(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let (topic, subscriber) = (topic.to_owned(), subscriber.to_owned());
        let published = dead_letter.is_some();
        let change = move |write: &WriteTransaction| {
            if let Some((topic, bytes)) = dead_letter {
                append(write, &topic, &[bytes])?;
            }
            let key = (topic.as_str(), subscriber.as_str());
            let mut cursors = write.open_table(CURSORS)?;
            // Unsubscribed meanwhile.
            let Some(start) = cursors.get(key)?.map(|cursor| cursor.value()) else { return Ok(()) };
            let mut ended = write.open_table(ENDED)?;
            let mut cursor = start;
            if number > cursor {
                ended.insert((key.0, key.1, number), ())?;
            } else if number == cursor {
                cursor += 1;
                while ended.remove((key.0, key.1, cursor))?.is_some() {
                    cursor += 1;
                }
            }
            if cursor != start {
                cursors.insert(key, cursor)?;
                drop((cursors, ended));
                trim(write, &topic)?;
            }
            Ok(())
        };
        self.store.writer.write(change).await?;
        if published {
            self.tick();
        }
        Ok(())
    }
}

pub(super) fn append(write: &WriteTransaction, topic: &str, messages: &[Vec<u8>]) -> Result<(), StoreError> {
    if write.open_table(CURSORS)?.range((topic, "")..=(topic, "\u{10ffff}"))?.next().is_none() {
        return Ok(());
    }
    let mut next = write.open_table(NEXT)?;
    let mut number = next.get(topic)?.map_or(0, |next| next.value());
    let mut table = write.open_table(MESSAGES)?;
    for message in messages {
        table.insert((topic, number), message.as_slice())?;
        number += 1;
    }
    next.insert(topic, number)?;
    Ok(())
}

/// Removes what every subscriber is through with.
fn trim(write: &WriteTransaction, topic: &str) -> Result<(), StoreError> {
    let mut lowest = u64::MAX;
    for entry in write.open_table(CURSORS)?.range((topic, "")..=(topic, "\u{10ffff}"))? {
        lowest = lowest.min(entry?.1.value());
    }
    write.open_table(MESSAGES)?.retain_in((topic, 0)..(topic, lowest), |_, _| false)?;
    Ok(())
}
