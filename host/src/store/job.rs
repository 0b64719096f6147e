//! Jobs: what must run, and when next. A due job stays due until its outcome is known, so that a crash loses none: at
//! least once.
//!
//! Names are complete (callers add prefixes). The part before a separator is the job's group, which has a queue of its
//! own: a group's due jobs are found without reading those of others. Must not know: schedules, functions; the caller
//! describes a job in bytes. Reminders of actors are stored in the same way, apart from jobs.
use super::{Store, StoreError};
use crate::quotas::Quota;
use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};
use std::collections::VecDeque;
use tokio::sync::watch;

/// The due time of a job that waits for something other than a time; ms since the epoch.
pub const PARKED: u64 = u64::MAX;
/// Sorts after every name.
const LAST: &str = "\u{10ffff}";
/// Used in place of a group's name.
const ALL: &str = "";
/// Bytes that count as one job; a larger one counts as several.
const ONE: u64 = 16 << 10;

/// The tables of one kind of job.
#[derive(Clone, Copy)]
struct Tables {
    /// Name to (due, ms since the epoch; revision; the job).
    jobs: TableDefinition<'static, &'static str, (u64, u64, &'static [u8])>,
    /// (group, due, name) of each job.
    queue: TableDefinition<'static, (&'static str, u64, &'static str), ()>,
    /// How many jobs a group has; under [`ALL`] the total.
    counts: TableDefinition<'static, &'static str, u64>,
    /// The queue of earlier releases, which had no groups.
    earlier: TableDefinition<'static, (u64, &'static str), ()>,
    /// Separates a group's name from the rest.
    separator: &'static str,
}

const JOBS: Tables = Tables {
    jobs: TableDefinition::new("jobs"),
    queue: TableDefinition::new("jobs_in_line"),
    counts: TableDefinition::new("jobs_counts"),
    earlier: TableDefinition::new("jobs_due"),
    separator: ".",
};
const REMINDERS: Tables = Tables {
    jobs: TableDefinition::new("reminders"),
    queue: TableDefinition::new("reminders_in_line"),
    counts: TableDefinition::new("reminders_counts"),
    earlier: TableDefinition::new("reminders_due"),
    separator: "||",
};

impl Tables {
    fn group<'a>(&self, name: &'a str) -> &'a str {
        name.split_once(self.separator).map_or(name, |(group, _)| group)
    }
}

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

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    for tables in [JOBS, REMINDERS] {
        write.open_table(tables.jobs)?;
        write.open_table(tables.queue)?;
        write.open_table(tables.counts)?;
        if write.list_tables()?.any(|table| table.name() == tables.earlier.name()) {
            line_up(write, tables)?;
            write.delete_table(tables.earlier)?;
        }
    }
    Ok(())
}

/// Makes the queue and the counts from the jobs.
fn line_up(write: &WriteTransaction, tables: Tables) -> Result<(), StoreError> {
    let (jobs, mut queue) = (write.open_table(tables.jobs)?, write.open_table(tables.queue)?);
    for entry in jobs.iter()? {
        let (name, job) = entry?;
        let (name, (due, _, bytes)) = (name.value(), job.value());
        queue.insert((tables.group(name), due, name), ())?;
        count(write, tables, name, 0, weight(bytes))?;
    }
    Ok(())
}

/// As how many jobs one counts.
fn weight(bytes: &[u8]) -> u64 {
    1 + bytes.len() as u64 / ONE
}

fn counted(write: &WriteTransaction, tables: Tables, group: &str) -> Result<u64, StoreError> {
    Ok(write.open_table(tables.counts)?.get(group)?.map_or(0, |count| count.value()))
}

fn count(write: &WriteTransaction, tables: Tables, name: &str, before: u64, now: u64) -> Result<(), StoreError> {
    for group in [tables.group(name), ALL] {
        let next = counted(write, tables, group)?.saturating_sub(before) + now;
        let mut counts = write.open_table(tables.counts)?;
        match next {
            0 => counts.remove(group)?.map(drop),
            next => counts.insert(group, next)?.map(drop),
        };
    }
    Ok(())
}

/// Replaces the entries of a name in every table.
fn set(
    write: &WriteTransaction,
    tables: Tables,
    name: &str,
    next: Option<(u64, u64, &[u8])>,
) -> Result<bool, StoreError> {
    let before = {
        let mut jobs = write.open_table(tables.jobs)?;
        let before = match next {
            Some(job) => jobs.insert(name, job)?,
            None => jobs.remove(name)?,
        };
        before.map(|job| (job.value().0, weight(job.value().2)))
    };
    let (group, mut queue) = (tables.group(name), write.open_table(tables.queue)?);
    if let Some((due, _)) = before {
        queue.remove((group, due, name))?;
    }
    if let Some((due, ..)) = next {
        queue.insert((group, due, name), ())?;
    }
    let (old, new) = (before.map_or(0, |(_, weight)| weight), next.map_or(0, |(.., bytes)| weight(bytes)));
    if old != new {
        count(write, tables, name, old, new)?;
    }
    Ok(before.is_some())
}

/// Revision and weight of the job with that name.
fn present(write: &WriteTransaction, tables: Tables, name: &str) -> Result<Option<(u64, u64)>, StoreError> {
    Ok(write.open_table(tables.jobs)?.get(name)?.map(|job| (job.value().1, weight(job.value().2))))
}

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
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::quotas::Quotas;

    fn open(quota: Quota) -> (Jobs, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Jobs::new(Store::open(&folder.path().join("s.redb"), 1 << 20).unwrap(), quota), folder)
    }

    #[tokio::test]
    async fn groups_take_turns() {
        let (jobs, _folder) = open(Quotas::unlimited().jobs);
        for (name, due) in [("a.1", 1), ("a.2", 1), ("a.3", 1), ("b.1", 5), ("ab.1", 4), ("c.1", 9)] {
            assert!(jobs.put(name.to_owned(), due, Vec::new(), false).await.unwrap());
        }
        let names = |claim: &mut dyn FnMut(&str) -> Claim<()>| {
            let (found, next) = jobs.due(5, claim).unwrap();
            (found.into_iter().map(|(job, ())| job.name).collect::<Vec<_>>(), next)
        };
        let all = names(&mut |_| Claim::Begins(()));
        assert_eq!(all, (["a.1", "ab.1", "b.1", "a.2", "a.3"].map(str::to_owned).to_vec(), Some(9)));
        let few = names(&mut |name| if name == "a.1" { Claim::Waits } else { Claim::Begins(()) });
        assert_eq!(few.0, ["a.2", "ab.1", "b.1", "a.3"]);
        let without = names(&mut |name| if name.starts_with("a.") { Claim::GroupWaits } else { Claim::Begins(()) });
        assert_eq!(without.0, ["ab.1", "b.1"]);
    }

    #[tokio::test]
    async fn a_group_has_at_most_its_quota() {
        let mut quota = Quotas::default().jobs;
        (quota.function, quota.total) = (2, 3);
        let (jobs, _folder) = open(quota);
        let put = async |name: &str, size: usize| jobs.put(name.to_owned(), 1, vec![0; size], true).await;
        let refused = |put: Result<bool, StoreError>| match put {
            Err(StoreError::Quota(exceeded)) => (exceeded.function, exceeded.limit, exceeded.actual),
            other => panic!("{other:?}"),
        };
        put("a.1", 0).await.unwrap();
        put("a.2", 0).await.unwrap();
        put("a.2", 0).await.unwrap();
        assert_eq!(refused(put("a.3", 0).await), (Some("a".to_owned()), 2, 3));
        assert_eq!(refused(put("a.2", 20_000).await), (Some("a".to_owned()), 2, 3));
        put("b.1", 0).await.unwrap();
        assert_eq!(refused(put("c.1", 0).await), (None, 3, 4));
        jobs.remove("a.1".to_owned()).await.unwrap();
        put("c.1", 0).await.unwrap();
        jobs.remove_beginning("a.".to_owned()).await.unwrap();
        put("b.1", 20_000).await.unwrap();
    }
}
