//! Jobs: what is to run, when next. A job that is due stays due until its outcome is known, so that none is lost by a crash: at least
//! once.
//!
//! Must not know: schedules, functions. Names are whole (prefixes are the caller's); what a job is stands in bytes of the caller's.
use super::{Store, StoreError};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use tokio::sync::watch;

/// Name to (due, ms since the epoch; revision; the job).
const JOBS: TableDefinition<&str, (u64, u64, &[u8])> = TableDefinition::new("jobs");
/// (due, name) of each job: what is due is found without looking at what is not.
const QUEUE: TableDefinition<(u64, &str), ()> = TableDefinition::new("jobs_due");

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
    write.open_table(JOBS)?;
    write.open_table(QUEUE)?;
    Ok(())
}

/// Replaces what there is of a name, in both tables.
fn set(write: &WriteTransaction, name: &str, next: Option<(u64, u64, &[u8])>) -> Result<bool, StoreError> {
    let (mut jobs, mut queue) = (write.open_table(JOBS)?, write.open_table(QUEUE)?);
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

fn revision(write: &WriteTransaction, name: &str) -> Result<Option<u64>, StoreError> {
    Ok(write.open_table(JOBS)?.get(name)?.map(|job| job.value().1))
}

/// The jobs in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    store: Store,
    changed: watch::Sender<u64>,
}

impl Jobs {
    /// The jobs of that store.
    pub fn new(store: Store) -> Jobs {
        Jobs { store, changed: watch::Sender::new(0) }
    }

    /// Ticks when another job may be the next.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Keeps a job, on disk when this returns; false where there is one of that name and it may not be overwritten.
    pub async fn put(&self, name: String, due: u64, bytes: Vec<u8>, overwrite: bool) -> Result<bool, StoreError> {
        let put = move |write: &WriteTransaction| {
            let before = revision(write, &name)?;
            if before.is_some() && !overwrite {
                return Ok(false);
            }
            set(write, &name, Some((due, before.map_or(0, |before| before + 1), &bytes)))?;
            Ok(true)
        };
        let put = self.store.writer.write(put).await?;
        self.changed.send_modify(|tick| *tick += 1);
        Ok(put)
    }

    /// One job.
    pub fn get(&self, name: &str) -> Result<Option<Job>, StoreError> {
        let read = self.store.read()?;
        let found = read.open_table(JOBS)?.get(name)?;
        Ok(found.map(|found| {
            let (due, revision, bytes) = found.value();
            Job { name: name.to_owned(), due, revision, bytes: bytes.to_vec() }
        }))
    }

    /// Removes a job; whether there was one.
    pub async fn remove(&self, name: String) -> Result<bool, StoreError> {
        self.store.writer.write(move |write| set(write, &name, None)).await
    }

    /// The names of all jobs.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        let read = self.store.read()?;
        let table = read.open_table(JOBS)?;
        let names = table.iter()?.map(|entry| Ok(entry?.0.value().to_owned()));
        names.collect()
    }

    /// Up to `most` jobs that are due at `now`, the longest waiting first; and, where these are all, when the next one is.
    pub fn due(&self, now: u64, most: usize) -> Result<(Vec<Job>, Option<u64>), StoreError> {
        let read = self.store.read()?;
        let (jobs, queue) = (read.open_table(JOBS)?, read.open_table(QUEUE)?);
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
            let job = jobs.get(name)?.ok_or_else(|| StoreError::Damaged(name.to_owned()))?;
            let (_, revision, bytes) = job.value();
            found.push(Job { name: name.to_owned(), due, revision, bytes: bytes.to_vec() });
        }
        Ok((found, None))
    }

    /// Records what became of a run: when it is due next with what is kept then, or that it is over. Nothing where the job has been
    /// replaced or removed meanwhile.
    pub async fn advance(&self, job: &Job, next: Option<(u64, Vec<u8>)>) -> Result<(), StoreError> {
        let (name, ours) = (job.name.clone(), job.revision);
        let change = move |write: &WriteTransaction| {
            if revision(write, &name)? == Some(ours) {
                set(write, &name, next.as_ref().map(|(due, bytes)| (*due, ours, bytes.as_slice())))?;
            }
            Ok(())
        };
        self.store.writer.write(change).await?;
        self.changed.send_modify(|tick| *tick += 1);
        Ok(())
    }
}
