//! Which subscribers get the messages that are about to be appended: those of the topic whose quota has room.
//!
//! Waiting bytes count for the subscriber they wait for, not for their publisher.
use super::waiting::{self, count, used};
use super::{ALL, CURSORS, HOLDERS, LAST, MESSAGES, NEXT};
use crate::quotas::{Quota, QuotaExceeded};
use crate::store::StoreError;
use redb::{ReadableTable, WriteTransaction};
use std::collections::{BTreeMap, BTreeSet};

/// Which messages are appended for which subscribers. It is made before anything is written, because a refused write
/// must not have begun.
pub struct Plan {
    /// Subscribers by topic.
    takers: BTreeMap<String, BTreeSet<String>>,
    /// The subscribers that do not get a message, and why.
    pub missed: Vec<QuotaExceeded>,
}

impl Plan {
    /// Plans for the subscribers of the topics; refused if a topic has subscribers and none has room.
    pub fn new(write: &WriteTransaction, quota: &Quota, messages: &[(&str, &[u8])]) -> Result<Plan, StoreError> {
        let mut takers = BTreeMap::new();
        for (topic, _) in messages {
            if !takers.contains_key(*topic) {
                takers.insert((*topic).to_owned(), subscribers(write, topic)?);
            }
        }
        Plan { takers, missed: Vec::new() }.within(write, quota, messages)
    }

    /// Plans for one holder of dead letters.
    pub fn holder(
        write: &WriteTransaction,
        quota: &Quota,
        messages: &[(&str, &[u8])],
        holder: String,
    ) -> Result<Plan, StoreError> {
        let takers = messages.iter().map(|(topic, _)| ((*topic).to_owned(), BTreeSet::from([holder.clone()])));
        Plan { takers: takers.collect(), missed: Vec::new() }.within(write, quota, messages)
    }

    /// Whether there is a subscriber.
    pub fn is_wanted(&self) -> bool {
        self.takers.values().any(|takers| !takers.is_empty())
    }

    /// Removes the subscribers that have no room.
    fn within(
        mut self,
        write: &WriteTransaction,
        quota: &Quota,
        messages: &[(&str, &[u8])],
    ) -> Result<Plan, StoreError> {
        let mut more = BTreeMap::<&str, u64>::new();
        let mut stored = 0;
        for (topic, bytes) in messages {
            let takers = &self.takers[*topic];
            stored += if takers.is_empty() { 0 } else { bytes.len() as u64 };
            for taker in takers {
                *more.entry(taker).or_default() += bytes.len() as u64;
            }
        }
        if stored == 0 {
            return Ok(self);
        }
        let mut full = BTreeMap::new();
        for (taker, more) in more {
            if let Err(exceeded) = quota.check(taker, used(write, taker)?.saturating_add(more), 0) {
                full.insert(taker.to_owned(), exceeded);
            }
        }
        quota.check("", 0, used(write, ALL)?.saturating_add(stored)).map_err(StoreError::Quota)?;
        for takers in self.takers.values_mut() {
            let refused = takers.iter().find_map(|taker| full.get(taker)).cloned();
            takers.retain(|taker| !full.contains_key(taker));
            if let Some(refused) = refused.filter(|_| takers.is_empty()) {
                return Err(StoreError::Quota(refused));
            }
        }
        self.missed = full.into_values().collect();
        Ok(self)
    }

    /// Writes the messages that this plan was made for.
    pub fn append(&self, write: &WriteTransaction, messages: &[(&str, &[u8])]) -> Result<(), StoreError> {
        for (topic, bytes) in messages {
            let Some(takers) = self.takers.get(*topic).filter(|takers| !takers.is_empty()) else { continue };
            let mut next = write.open_table(NEXT)?;
            let number = next.get(*topic)?.map_or(0, |next| next.value());
            next.insert(*topic, number + 1)?;
            write.open_table(MESSAGES)?.insert((*topic, number), *bytes)?;
            let holders = u32::try_from(takers.len()).unwrap_or(u32::MAX);
            write.open_table(HOLDERS)?.insert((*topic, number), holders)?;
            let size = bytes.len() as u64;
            for taker in takers {
                waiting::add(write, (topic, taker), number, size)?;
            }
            count(write, ALL, |used| used + size)?;
        }
        Ok(())
    }
}

fn subscribers(write: &WriteTransaction, topic: &str) -> Result<BTreeSet<String>, StoreError> {
    let cursors = write.open_table(CURSORS)?;
    let names = cursors.range((topic, "")..=(topic, LAST))?.map(|entry| Ok(entry?.0.value().1.to_owned()));
    names.collect()
}
