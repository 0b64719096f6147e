//! Jobs: what must run, and when next. A due job stays due until its outcome is known, so that a crash loses none: at
//! least once.
//!
//! Names are complete (callers add prefixes). The part before a separator is the job's group, which has a queue of its
//! own: a group's due jobs are found without reading those of others. Must not know: schedules, functions; the caller
//! describes a job in bytes. Reminders of actors are stored in the same way, apart from jobs.
//!
//! # Layout
//! - [`tables`]: the tables of jobs and of reminders, which every change keeps consistent
mod tables;

use super::{Store, StoreError};
use crate::quotas::Quota;
use redb::{ReadableTable, WriteTransaction};
use std::collections::VecDeque;
use tables::{ALL, JOBS, REMINDERS, Tables, counted, present, set, weight};
use tokio::sync::watch;

pub(super) use tables::create;

/// The due time of a job that waits for something other than a time; ms since the epoch.
pub const PARKED: u64 = u64::MAX;
/// Sorts after every name.
const LAST: &str = "\u{10ffff}";

/// A stored job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its complete name.
    pub name: String,
    /// When it runs next, ms since the epoch.
    pub due: u64,
    /// Differs from that of an earlier job with the same name.
    pub revision: u64,
    /// The caller's description of the job.
    pub bytes: Vec<u8>,
}

/// What to do with a due job.
pub enum Claim<P> {
    /// It begins, in this place.
    Begins(P),
    /// It waits; others of its group may begin.
    Waits,
    /// It waits, and so does its group.
    GroupWaits,
}

/// Jobs that begin, each with its place, and when the next one is due.
pub type Due<P> = (Vec<(Job, P)>, Option<u64>);

/// The jobs of one kind in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    store: Store,
    tables: Tables,
    quota: Quota,
    changed: watch::Sender<u64>,
}

impl Jobs {
    /// The jobs in `store`, within `quota`.
    pub fn new(store: Store, quota: Quota) -> Jobs {
        Jobs { store, tables: JOBS, quota, changed: watch::Sender::new(0) }
    }

    /// The reminders in `store`, within `quota`.
    pub fn reminders(store: Store, quota: Quota) -> Jobs {
        Jobs { tables: REMINDERS, ..Jobs::new(store, quota) }
    }

    /// Ticks when another job may be the next.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Stores a job, on disk when this returns; returns false if the name is taken and may not be overwritten.
    pub async fn put(&self, name: String, due: u64, bytes: Vec<u8>, overwrite: bool) -> Result<bool, StoreError> {
        let (tables, quota) = (self.tables, self.quota.clone());
        // A removed job differs from a later one with its name, so revisions must not begin again.
        let ours = uuid::Uuid::new_v4().as_u64_pair().1;
        let put = move |write: &WriteTransaction| {
            let present = present(write, tables, &name)?;
            if !overwrite && present.is_some() {
                return Ok(false);
            }
            let (old, new) = (present.map_or(0, |(_, weight)| weight), weight(&bytes));
            if new > old {
                let group = tables.group(&name);
                let own = counted(write, tables, group)? - old + new;
                let all = counted(write, tables, ALL)? - old + new;
                quota.check(group, own, all).map_err(StoreError::Quota)?;
            }
            set(write, tables, &name, Some((due, ours, &bytes)))?;
            Ok(true)
        };
        let put = self.store.writer.write(put).await?;
        self.changed.send_modify(|tick| *tick += 1);
        Ok(put)
    }

    pub fn get(&self, name: &str) -> Result<Option<Job>, StoreError> {
        let read = self.store.read()?;
        let found = read.open_table(self.tables.jobs)?.get(name)?;
        Ok(found.map(|found| job(name, found.value())))
    }

    /// Removes a job; returns whether it existed.
    pub async fn remove(&self, name: String) -> Result<bool, StoreError> {
        let tables = self.tables;
        self.store.writer.write(move |write| set(write, tables, &name, None)).await
    }

    /// How many jobs have been due since `before` or longer, counted up to `most`.
    pub fn late(&self, before: u64, most: usize) -> Result<usize, StoreError> {
        let read = self.store.read()?;
        let (counts, queue) = (read.open_table(self.tables.counts)?, read.open_table(self.tables.queue)?);
        let mut late = 0;
        for group in counts.iter()? {
            let group = group?.0;
            if late < most && group.value() != ALL {
                let line = queue.range((group.value(), 0, "")..=(group.value(), before, LAST))?;
                late += line.take(most - late).count();
            }
        }
        Ok(late)
    }

    /// The names of all jobs.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        let read = self.store.read()?;
        let table = read.open_table(self.tables.jobs)?;
        let names = table.iter()?.map(|entry| Ok(entry?.0.value().to_owned()));
        names.collect()
    }

    /// The jobs whose names begin with `prefix`, by name.
    pub fn beginning(&self, prefix: &str) -> Result<Vec<Job>, StoreError> {
        let read = self.store.read()?;
        let table = read.open_table(self.tables.jobs)?;
        let mut found = Vec::new();
        for entry in table.range(prefix..)? {
            let (name, kept) = entry?;
            if !name.value().starts_with(prefix) {
                break;
            }
            found.push(job(name.value(), kept.value()));
        }
        Ok(found)
    }

    /// Removes the jobs whose names begin with `prefix`, in one commit.
    pub async fn remove_beginning(&self, prefix: String) -> Result<(), StoreError> {
        let tables = self.tables;
        let remove = move |write: &WriteTransaction| {
            let mut names = Vec::new();
            for entry in write.open_table(tables.jobs)?.range(prefix.as_str()..)? {
                let name = entry?.0.value().to_owned();
                if !name.starts_with(&prefix) {
                    break;
                }
                names.push(name);
            }
            names.iter().try_for_each(|name| set(write, tables, name, None).map(drop))
        };
        self.store.writer.write(remove).await
    }

    /// Every group that has jobs, and when its first one is due.
    fn groups(&self, read: &redb::ReadTransaction) -> Result<Vec<(u64, String)>, StoreError> {
        let queue = read.open_table(self.tables.queue)?;
        let (mut groups, mut after) = (Vec::new(), String::new());
        while let Some(entry) = queue.range((after.as_str(), 0, "")..)?.next() {
            let entry = entry?.0;
            let (group, due, _) = entry.value();
            groups.push((due, group.to_owned()));
            // The name that sorts directly after this one.
            after = format!("{group}\0");
        }
        Ok(groups)
    }

    /// The names of the jobs that are [`PARKED`].
    pub fn parked(&self) -> Result<Vec<String>, StoreError> {
        let read = self.store.read()?;
        let queue = read.open_table(self.tables.queue)?;
        let mut names = Vec::new();
        for (_, group) in self.groups(&read)? {
            for entry in queue.range((group.as_str(), PARKED, "")..=(group.as_str(), PARKED, LAST))? {
                names.push(entry?.0.value().2.to_owned());
            }
        }
        Ok(names)
    }

    /// The jobs that are due at `now` and begin: one of each group in turn, the group that has waited longest first. And
    /// when the next of the other jobs is due.
    pub fn due<P>(&self, now: u64, mut claim: impl FnMut(&str) -> Claim<P>) -> Result<Due<P>, StoreError> {
        let read = self.store.read()?;
        let (jobs, queue) = (read.open_table(self.tables.jobs)?, read.open_table(self.tables.queue)?);
        let mut groups = self.groups(&read)?;
        groups.sort_unstable();
        let next = groups.iter().map(|(due, _)| *due).find(|due| *due > now);
        let mut lines = VecDeque::new();
        for (_, group) in groups.iter().take_while(|(due, _)| *due <= now) {
            lines.push_back(queue.range((group.as_str(), 0, "")..=(group.as_str(), now, LAST))?);
        }
        let mut found = Vec::new();
        while let Some(mut line) = lines.pop_front() {
            while let Some(entry) = line.next() {
                let entry = entry?.0;
                let name = entry.value().2;
                match claim(name) {
                    Claim::Begins(place) => {
                        let kept = jobs.get(name)?.ok_or_else(|| StoreError::Damaged(name.to_owned()))?;
                        found.push((job(name, kept.value()), place));
                        lines.push_back(line);
                        break;
                    }
                    Claim::Waits => {}
                    Claim::GroupWaits => break,
                }
            }
        }
        Ok((found, next))
    }

    /// Records the outcome of a run: when it is due next, with its new description, or that it has ended. Does nothing
    /// if the job was replaced or removed meanwhile.
    pub async fn advance(&self, job: &Job, next: Option<(u64, Vec<u8>)>) -> Result<(), StoreError> {
        let (tables, name, ours) = (self.tables, job.name.clone(), job.revision);
        let change = move |write: &WriteTransaction| {
            if present(write, tables, &name)?.is_some_and(|(revision, _)| revision == ours) {
                set(write, tables, &name, next.as_ref().map(|(due, bytes)| (*due, ours, bytes.as_slice())))?;
            }
            Ok(())
        };
        self.store.writer.write(change).await?;
        self.changed.send_modify(|tick| *tick += 1);
        Ok(())
    }
}

fn job(name: &str, (due, revision, bytes): (u64, u64, &[u8])) -> Job {
    Job { name: name.to_owned(), due, revision, bytes: bytes.to_vec() }
}

#[cfg(test)]
mod tests;
