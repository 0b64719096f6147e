//! Dead letters of a topic without subscribers: they wait for a holder, which stands in for the subscriber that gave
//! them up, until a function subscribes.
use super::room::Plan;
use super::waiting::{add, list, remove};
use super::{BACKLOGS, HOLDER, Log, USED, release};
use crate::quotas::{Quota, QuotaExceeded};
use crate::store::StoreError;
use redb::{ReadableTable, WriteTransaction};

/// The outcome of publishing a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetter {
    /// The message had none.
    Absent,
    /// Subscribers of its topic get it.
    Published,
    /// It is stored until a function subscribes to its topic.
    Stored,
    /// No subscriber has room for it: it is lost.
    Refused(QuotaExceeded),
}

impl Log {
    /// The subscribers whose dead letters are stored until a function subscribes.
    pub fn owners_of_dead_letters(&self) -> Result<Vec<String>, StoreError> {
        let read = self.store.read()?;
        let used = read.open_table(USED)?;
        let names = used.range(holder("").as_str()..)?.map(|entry| Ok(entry?.0.value().to_owned()));
        let names: Vec<String> = names.collect::<Result<_, StoreError>>()?;
        let owners = names.iter().filter_map(|name| name.strip_prefix(HOLDER)).filter(|name| !name.is_empty());
        Ok(owners.map(str::to_owned).collect())
    }

    /// Removes the stored dead letters of a subscriber.
    pub async fn forget_dead_letters(&self, subscriber: &str) -> Result<(), StoreError> {
        let holder = holder(subscriber);
        let forget = move |write: &WriteTransaction| {
            for topic in topics(write, &holder)? {
                for (number, _) in list(write, (&topic, &holder))? {
                    release(write, (&topic, &holder), number)?;
                }
            }
            Ok(())
        };
        self.store.writer.write(forget).await
    }
}

/// The topics in which a holder has dead letters.
fn topics(write: &WriteTransaction, holder: &str) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for entry in write.open_table(BACKLOGS)?.iter()? {
        let key = entry?.0;
        let (topic, name) = key.value();
        if name == holder {
            found.push(topic.to_owned());
        }
    }
    Ok(found)
}

/// The holder of a subscriber's dead letters. All streams share one, since a stream never comes back for them.
fn holder(subscriber: &str) -> String {
    if Log::is_stream(subscriber) { HOLDER.to_string() } else { format!("{HOLDER}{subscriber}") }
}

/// Publishes a dead letter of a subscriber, or stores it until a function subscribes to its topic.
pub fn publish(
    write: &WriteTransaction,
    quota: &Quota,
    (topic, bytes): (&str, &[u8]),
    subscriber: &str,
) -> Result<(DeadLetter, Vec<QuotaExceeded>), StoreError> {
    let messages = [(topic, bytes)];
    let planned = match Plan::new(write, quota, &messages) {
        Ok(plan) if plan.is_wanted() => Ok((plan, DeadLetter::Published)),
        Ok(_) => Plan::holder(write, quota, &messages, holder(subscriber)).map(|plan| (plan, DeadLetter::Stored)),
        Err(error) => Err(error),
    };
    match planned {
        Ok((plan, dead_letter)) => {
            plan.append(write, &messages)?;
            Ok((dead_letter, plan.missed))
        }
        Err(StoreError::Quota(exceeded)) => Ok((DeadLetter::Refused(exceeded), Vec::new())),
        Err(error) => Err(error),
    }
}

/// Gives a subscriber the dead letters that are stored in a topic.
pub fn take_over(write: &WriteTransaction, topic: &str, subscriber: &str) -> Result<(), StoreError> {
    let holders = {
        let (first, last) = (HOLDER.to_string(), format!("{HOLDER}{}", super::LAST));
        let backlogs = write.open_table(BACKLOGS)?;
        let found = backlogs.range((topic, first.as_str())..=(topic, last.as_str()))?;
        found.map(|entry| Ok(entry?.0.value().1.to_owned())).collect::<Result<Vec<String>, StoreError>>()?
    };
    for holder in holders {
        for (number, bytes) in list(write, (topic, &holder))? {
            remove(write, (topic, &holder), number)?;
            add(write, (topic, subscriber), number, bytes)?;
        }
    }
    Ok(())
}
