//! The tables of one kind of job: the jobs, the queue of each group, and how many there are.
use crate::store::StoreError;
use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};

/// Used in place of a group's name.
pub const ALL: &str = "";
/// Bytes that count as one job; a larger job counts as several.
const ONE: u64 = 16 << 10;

/// The tables of one kind of job.
#[derive(Clone, Copy)]
pub struct Tables {
    /// Name to (due, ms since the epoch; revision; the job).
    pub jobs: TableDefinition<'static, &'static str, (u64, u64, &'static [u8])>,
    /// (group, due, name) of each job.
    pub queue: TableDefinition<'static, (&'static str, u64, &'static str), ()>,
    /// How many jobs a group has; under [`ALL`] the total.
    pub counts: TableDefinition<'static, &'static str, u64>,
    /// The queue of earlier releases, which had no groups.
    pub earlier: TableDefinition<'static, (u64, &'static str), ()>,
    /// Separates a group's name from the rest.
    pub separator: &'static str,
}

/// Jobs of functions.
pub const JOBS: Tables = Tables {
    jobs: TableDefinition::new("jobs"),
    queue: TableDefinition::new("jobs_in_line"),
    counts: TableDefinition::new("jobs_counts"),
    earlier: TableDefinition::new("jobs_due"),
    separator: ".",
};
/// Reminders of actors.
pub const REMINDERS: Tables = Tables {
    jobs: TableDefinition::new("reminders"),
    queue: TableDefinition::new("reminders_in_line"),
    counts: TableDefinition::new("reminders_counts"),
    earlier: TableDefinition::new("reminders_due"),
    separator: "||",
};

impl Tables {
    /// The group of a job, by its name.
    pub fn group<'a>(&self, name: &'a str) -> &'a str {
        name.split_once(self.separator).map_or(name, |(group, _)| group)
    }
}

/// Creates the tables, and fills those that an earlier release did not have.
pub fn create(write: &WriteTransaction) -> Result<(), StoreError> {
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

/// How many jobs this one counts as.
pub fn weight(bytes: &[u8]) -> u64 {
    1 + bytes.len() as u64 / ONE
}

/// How many jobs a group has.
pub fn counted(write: &WriteTransaction, tables: Tables, group: &str) -> Result<u64, StoreError> {
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
pub fn set(
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
pub fn present(write: &WriteTransaction, tables: Tables, name: &str) -> Result<Option<(u64, u64)>, StoreError> {
    Ok(write.open_table(tables.jobs)?.get(name)?.map(|job| (job.value().1, weight(job.value().2))))
}
