//! Jobs: what is to run, when next. A job that is due stays due until its outcome is known, so that none is lost by a crash: at least
//! once.
//!
//! Must not know: schedules, functions. Names are whole (prefixes are the caller's); what a job is stands in bytes of the caller's.
//! Reminders of actors are kept in the same way, apart from jobs.
use super::{Store, StoreError};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use tokio::sync::watch;

/// When a job is due that waits for something else than a time; ms since the epoch.
pub const PARKED: u64 = u64::MAX;

/// Where one kind of job is kept.
#[derive(Clone, Copy)]
struct Tables {
    /// Name to (due, ms since the epoch; revision; the job).
    jobs: TableDefinition<'static, &'static str, (u64, u64, &'static [u8])>,
    /// (due, name) of each job: what is due is found without looking at what is not.
    queue: TableDefinition<'static, (u64, &'static str), ()>,
}

const JOBS: Tables = Tables { jobs: TableDefinition::new("jobs"), queue: TableDefinition::new("jobs_due") };
const REMINDERS: Tables =
    Tables { jobs: TableDefinition::new("reminders"), queue: TableDefinition::new("reminders_due") };

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its whole name.
    pub name: String,
    /// When it runs next, ms since the epoch.
    pub due: u64,
    /// Differs from that of a job which had the name before.
    pub revision: u64,
    /// What the caller keeps.
    pub bytes: Vec<u8>,
}

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    for tables in [JOBS, REMINDERS] {
        write.open_table(tables.jobs)?;
        write.open_table(tables.queue)?;
    }
    Ok(())
}

/// Replaces what there is of a name, in both tables.
fn set(
    write: &WriteTransaction,
    tables: Tables,
    name: &str,
    next: Option<(u64, u64, &[u8])>,
) -> Result<bool, StoreError> {
    let (mut jobs, mut queue) = (write.open_table(tables.jobs)?, write.open_table(tables.queue)?);
    let before = match next {
        Some(job) => jobs.insert(name, job)?,
        None => jobs.remove(name)?,
    };
    let before = before.map(|job| job.value().0);
    if let Some(due) = before {
        queue.remove((due, name))?;
    }
    if let Some((due, ..)) = next {
        queue.insert((due, name), ())?;
    }
    Ok(before.is_some())
}

fn revision(write: &WriteTransaction, tables: Tables, name: &str) -> Result<Option<u64>, StoreError> {
    Ok(write.open_table(tables.jobs)?.get(name)?.map(|job| job.value().1))
}

/// The jobs of one kind in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    store: Store,
    tables: Tables,
    changed: watch::Sender<u64>,
}

impl Jobs {
    /// The jobs of that store.
    pub fn new(store: Store) -> Jobs {
        Jobs { store, tables: JOBS, changed: watch::Sender::new(0) }
    }

    /// The reminders of that store.
    pub fn reminders(store: Store) -> Jobs {
        Jobs { tables: REMINDERS, ..Jobs::new(store) }
    }

    /// Ticks when another job may be the next.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Keeps a job, on disk when this returns; false where there is one of that name and it may not be overwritten.
    pub async fn put(&self, name: String, due: u64, bytes: Vec<u8>, overwrite: bool) -> Result<bool, StoreError> {
        let tables = self.tables;
        // A job that was removed is another one than that which has its name later: counting would begin anew.
        let ours = uuid::Uuid::new_v4().as_u64_pair().1;
        let put = move |write: &WriteTransaction| {
            if !overwrite && revision(write, tables, &name)?.is_some() {
                return Ok(false);
            }
            set(write, tables, &name, Some((due, ours, &bytes)))?;
            Ok(true)
        };
        let put = self.store.writer.write(put).await?;
        self.changed.send_modify(|tick| *tick += 1);
        Ok(put)
    }

    /// One job.
    pub fn get(&self, name: &str) -> Result<Option<Job>, StoreError> {
        let read = self.store.read()?;
        let found = read.open_table(self.tables.jobs)?.get(name)?;
        Ok(found.map(|found| job(name, found.value())))
    }

    /// Removes a job; whether there was one.
    pub async fn remove(&self, name: String) -> Result<bool, StoreError> {
        let tables = self.tables;
        self.store.writer.write(move |write| set(write, tables, &name, None)).await
    }

    /// The names of all jobs.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        let read = self.store.read()?;
        let table = read.open_table(self.tables.jobs)?;
        let names = table.iter()?.map(|entry| Ok(entry?.0.value().to_owned()));
        names.collect()
    }

    /// The jobs whose names begin so, by name.
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

    /// Removes the jobs whose names begin so, at once.
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

    /// The names of the jobs that are [`PARKED`].
    pub fn parked(&self) -> Result<Vec<String>, StoreError> {
        let read = self.store.read()?;
        let queue = read.open_table(self.tables.queue)?;
        let names = queue.range((PARKED, "")..)?.map(|entry| Ok(entry?.0.value().1.to_owned()));
        names.collect()
    }

    /// Up to `most` jobs that are due at `now` and that `claim` wants, the longest waiting first; and, where these are all, when
    /// the next one is.
    pub fn due(
        &self,
        now: u64,
        most: usize,
        mut claim: impl FnMut(&str) -> bool,
    ) -> Result<(Vec<Job>, Option<u64>), StoreError> {
        let read = self.store.read()?;
        let (jobs, queue) = (read.open_table(self.tables.jobs)?, read.open_table(self.tables.queue)?);
        let mut found = Vec::new();
        for entry in queue.iter()? {
            let entry = entry?;
            let (due, name) = entry.0.value();
            if due > now {
                return Ok((found, Some(due)));
            }
            if found.len() == most {
                break;
            }
            let kept = jobs.get(name)?.ok_or_else(|| StoreError::Damaged(name.to_owned()))?;
            if claim(name) {
                found.push(job(name, kept.value()));
            }
        }
        Ok((found, None))
    }

    /// Records what became of a run: when it is due next with what is kept then, or that it is over. Nothing where the job has been
    /// replaced or removed meanwhile.
    pub async fn advance(&self, job: &Job, next: Option<(u64, Vec<u8>)>) -> Result<(), StoreError> {
        let (tables, name, ours) = (self.tables, job.name.clone(), job.revision);
        let change = move |write: &WriteTransaction| {
            if revision(write, tables, &name)? == Some(ours) {
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
