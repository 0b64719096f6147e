//! The list of messages that wait for a subscriber, and its totals.
//!
//! Owns: the entries of [`WAITING`], with the bytes of a subscriber and the number of messages of a subscription, which
//! every change of the list keeps right. Must not know: the messages themselves, and who subscribes.
use super::{BACKLOGS, USED, WAITING};
use crate::store::StoreError;
use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A topic and a subscriber, as the keys of the tables have them.
pub type Subscription<'a> = (&'a str, &'a str);

/// How many messages wait for a subscriber in a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The topic.
    pub topic: String,
    /// Who gets the messages.
    pub subscriber: String,
    /// How many wait, those that are being delivered among them.
    pub messages: u64,
}

/// The keys of what waits for a subscriber, beginning with number `from`.
pub fn keys<'a>((topic, subscriber): Subscription<'a>, from: u64) -> RangeInclusive<(&'a str, &'a str, u64)> {
    (topic, subscriber, from)..=(topic, subscriber, u64::MAX)
}

/// Adds a message of that size to a subscriber's list.
pub fn add(write: &WriteTransaction, of: Subscription<'_>, number: u64, bytes: u64) -> Result<(), StoreError> {
    write.open_table(WAITING)?.insert((of.0, of.1, number), bytes)?;
    count(write, of.1, |used| used + bytes)?;
    change(write, BACKLOGS, of, |messages| messages + 1)
}

/// Removes a message from a subscriber's list; returns its size if it was there.
pub fn remove(write: &WriteTransaction, of: Subscription<'_>, number: u64) -> Result<Option<u64>, StoreError> {
    let removed = write.open_table(WAITING)?.remove((of.0, of.1, number))?.map(|bytes| bytes.value());
    if let Some(bytes) = removed {
        count(write, of.1, |used| used.saturating_sub(bytes))?;
        change(write, BACKLOGS, of, |messages| messages.saturating_sub(1))?;
    }
    Ok(removed)
}

/// The numbers and sizes of the messages that wait for a subscriber.
pub fn list(write: &WriteTransaction, of: Subscription<'_>) -> Result<Vec<(u64, u64)>, StoreError> {
    let waiting = write.open_table(WAITING)?;
    let entries = waiting.range(keys(of, 0))?.map(|entry| {
        let (key, bytes) = entry?;
        Ok((key.value().2, bytes.value()))
    });
    entries.collect()
}

/// The number of messages that wait for each of these subscriptions.
pub fn backlogs(read: &ReadTransaction, subscriptions: Vec<(String, String)>) -> Result<Vec<Backlog>, StoreError> {
    let counts = read.open_table(BACKLOGS)?;
    let counted = subscriptions.into_iter().map(|(topic, subscriber)| {
        let messages = counts.get((topic.as_str(), subscriber.as_str()))?.map_or(0, |count| count.value());
        Ok(Backlog { topic, subscriber, messages })
    });
    counted.collect()
}

/// Counts the messages of every list: earlier releases did not.
pub fn recount(write: &WriteTransaction) -> Result<(), StoreError> {
    let mut counts = BTreeMap::<(String, String), u64>::new();
    for entry in write.open_table(WAITING)?.iter()? {
        let key = entry?.0;
        let (topic, subscriber, _) = key.value();
        *counts.entry((topic.to_owned(), subscriber.to_owned())).or_default() += 1;
    }
    let mut table = write.open_table(BACKLOGS)?;
    for ((topic, subscriber), messages) in counts {
        table.insert((topic.as_str(), subscriber.as_str()), messages)?;
    }
    Ok(())
}

/// Bytes that count for a subscriber, or for all.
pub fn used(write: &WriteTransaction, name: &str) -> Result<u64, StoreError> {
    Ok(write.open_table(USED)?.get(name)?.map_or(0, |used| used.value()))
}

/// Changes the bytes that count for a subscriber, or for all.
pub fn count(write: &WriteTransaction, name: &str, next: impl FnOnce(u64) -> u64) -> Result<(), StoreError> {
    change(write, USED, name, next)
}

/// Changes a number; zero has no entry.
fn change<'k, K: Key + 'static>(
    write: &WriteTransaction,
    table: TableDefinition<'_, K, u64>,
    key: K::SelfType<'k>,
    next: impl FnOnce(u64) -> u64,
) -> Result<(), StoreError> {
    let mut table = write.open_table(table)?;
    let next = next(table.get(&key)?.map_or(0, |number| number.value()));
    match next {
        0 => table.remove(&key)?.map(drop),
        next => table.insert(&key, next)?.map(drop),
    };
    Ok(())
}
