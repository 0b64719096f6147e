//! The tables of releases that did not count messages: a cursor per subscriber (the lowest number without an outcome)
//! and the outcomes above it.
use super::waiting::{self, count};
use super::{ALL, CURSORS, HOLDERS, MESSAGES};
use crate::store::StoreError;
use redb::{ReadableTable, TableDefinition, WriteTransaction};

const ENDED: TableDefinition<(&str, &str, u64), ()> = TableDefinition::new("ended");

/// Lists the waiting messages, and removes those that wait for no subscriber.
pub fn convert(write: &WriteTransaction) -> Result<(), StoreError> {
    let mut waiting = Vec::new();
    {
        let (cursors, messages, ended) =
            (write.open_table(CURSORS)?, write.open_table(MESSAGES)?, write.open_table(ENDED)?);
        for entry in cursors.iter()? {
            let (key, cursor) = entry?;
            let (topic, subscriber) = key.value();
            for message in messages.range((topic, cursor.value())..=(topic, u64::MAX))? {
                let (key, bytes) = message?;
                let number = key.value().1;
                if ended.get((topic, subscriber, number))?.is_none() {
                    waiting.push((topic.to_owned(), subscriber.to_owned(), number, bytes.value().len() as u64));
                }
            }
        }
    }
    write.delete_table(ENDED)?;
    for (topic, subscriber, number, bytes) in waiting {
        waiting::add(write, (&topic, &subscriber), number, bytes)?;
        let mut holders = write.open_table(HOLDERS)?;
        let before = holders.get((topic.as_str(), number))?.map_or(0, |count| count.value());
        holders.insert((topic.as_str(), number), before + 1)?;
        if before == 0 {
            count(write, ALL, |used| used + bytes)?;
        }
    }
    let holders = write.open_table(HOLDERS)?;
    let mut failed = None;
    write.open_table(MESSAGES)?.retain(|key, _| match holders.get(key) {
        Ok(found) => found.is_some(),
        Err(error) => {
            failed = Some(error);
            true
        }
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}
