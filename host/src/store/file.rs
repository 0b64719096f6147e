//! A database file that survives faults of its disk, and is checked when it is opened.
//!
//! After one failed read or write redb refuses everything until the file is opened again. This module does that, so that
//! a full disk fails the writes made meanwhile and nothing else.
//!
//! If the last commit's pages are damaged, redb returns to the commit before, as after a crash in the middle of a
//! commit. So each commit is counted in the database, and afterwards in a file beside it, the mark. The mark is never
//! ahead of what was acknowledged, so it tells the two cases apart. Must not know: what is stored.
use crate::private;
use redb::{
    Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction,
};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

const COMMITS: TableDefinition<(), u64> = TableDefinition::new("commits");

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the database {} cannot be opened: {reason}; {advice}", path.display())]
pub struct OpenError {
    path: PathBuf,
    reason: Box<redb::Error>,
    advice: &'static str,
}

impl OpenError {
    fn new(path: &Path, reason: redb::Error) -> OpenError {
        let advice = match &reason {
            redb::Error::DatabaseAlreadyOpen => "another process uses it: stop that, or choose another --data-dir",
            redb::Error::Io(error) if error.raw_os_error().is_some() => {
                "the data folder (--data-dir) must be writable and have space left"
            }
            _ => "restore it from a backup, or move it away to start without what it holds",
        };
        OpenError { path: path.to_owned(), reason: Box::new(reason), advice }
    }
}

/// A database file. Transactions are durable when committed.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    mark: Mark,
    cache: usize,
    /// `None` while it could not be opened again.
    open: RwLock<Option<Database>>,
    /// Whether the last write failed because the disk is full.
    full: AtomicBool,
}

impl DatabaseFile {
    /// Opens or creates a file, with a cache of `cache` bytes. Checks every page: redb would believe a damaged one.
    pub fn open(path: &Path, cache: usize) -> Result<DatabaseFile, OpenError> {
        let start = || {
            let mark = Mark::open(path)?;
            let database = open(path, &mark, cache)?;
            let open = RwLock::new(Some(database));
            Ok(DatabaseFile { path: path.to_owned(), mark, cache, open, full: AtomicBool::new(false) })
        };
        start().map_err(|e| OpenError::new(path, e))
    }

    /// Creates tables with `make`. On a full disk it goes on without: what is stored can be read.
    pub fn prepare<E: From<redb::Error>>(
        &self,
        make: impl FnOnce(&WriteTransaction) -> Result<(), E>,
    ) -> Result<(), E> {
        self.write(make).or_else(|error| if self.full.load(Ordering::Relaxed) { Ok(()) } else { Err(error) })
    }

    /// Whether the disk was full at the last write. If it was, a small write finds out whether there is room again.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed) && self.write(|_| Ok::<_, redb::Error>(())).is_err()
    }

    /// Its size; 0 where that cannot be seen.
    pub fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |data| data.len())
    }

    /// Begins a reading transaction.
    pub fn read(&self) -> Result<ReadTransaction, redb::Error> {
        self.with(|database| Ok(database.begin_read()?))
    }

    /// Runs `change` in a writing transaction and commits it. An error of `change` undoes it.
    pub fn write<T, E: From<redb::Error>>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.with(|database| Ok(database.begin_write()?)).inspect_err(|e| self.note(e))?;
        let result = change(&transaction)?;
        let commits = count(&transaction).map_err(redb::Error::from).inspect_err(|e| self.note(e))?;
        transaction.commit().map_err(|error| {
            // Opens it now rather than at the next write: reads fail until then.
            let _with_the_next_transaction = self.with(|database| Ok(database.begin_write()?.abort()?));
            let error = redb::Error::from(error);
            self.note(&error);
            error
        })?;
        self.full.store(false, Ordering::Relaxed);
        self.mark.set(commits);
        Ok(result)
    }

    /// Notes that the disk is full.
    fn note(&self, error: &redb::Error) {
        if is_full(error) && !self.full.swap(true, Ordering::Relaxed) {
            let path = self.path.display();
            tracing::error!("the disk of {path} is full: reads go on, writes are refused until there is room");
        }
    }

    /// Runs `body` on the database; if a fault had made it unusable, opens it again and runs `body` once more.
    fn with<T>(&self, body: impl Fn(&Database) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        let tried = |database: Option<&Database>| match database.map(&body) {
            None | Some(Err(redb::Error::PreviousIo | redb::Error::Io(_) | redb::Error::DatabaseClosed)) => None,
            Some(result) => Some(result),
        };
        if let Some(result) = tried(self.open.read().unwrap_or_else(PoisonError::into_inner).as_ref()) {
            return result;
        }
        let mut slot = self.open.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have opened it meanwhile.
        if let Some(result) = tried(slot.as_ref()) {
            return result;
        }
        *slot = None;
        let database = open(&self.path, &self.mark, self.cache).inspect_err(|e| self.note(e))?;
        tracing::warn!("the database {} was opened again after a fault", self.path.display());
        let result = body(&database);
        *slot = Some(database);
        result
    }
}

/// Whether a fault means that the disk or its quota is full.
pub fn is_full(error: &redb::Error) -> bool {
    let kinds = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge];
    matches!(error, redb::Error::Io(error) if kinds.contains(&error.kind()))
}

fn open(path: &Path, mark: &Mark, cache: usize) -> Result<Database, redb::Error> {
    drop(private::file(path)?);
    let database = Builder::new().set_check_integrity_on_open(true).set_cache_size(cache).create(path)?;
    let commits = match database.begin_read()?.open_table(COMMITS) {
        Ok(table) => table.get(())?.map_or(0, |commits| commits.value()),
        Err(TableError::TableDoesNotExist(_)) => 0,
        Err(error) => return Err(error.into()),
    };
    let acknowledged = mark.get()?;
    if commits < acknowledged {
        return Err(redb::Error::Corrupted(format!(
            "its latest commits are damaged ({commits} of {acknowledged} are left; to go on with these, remove {})",
            mark.path.display()
        )));
    }
    Ok(database)
}

/// Counts one more commit.
fn count(transaction: &WriteTransaction) -> Result<u64, TableError> {
    let mut table = transaction.open_table(COMMITS)?;
    let commits = table.get(())?.map_or(0, |commits| commits.value()) + 1;
    table.insert((), commits)?;
    Ok(commits)
}

/// The file beside the database that holds how many commits were acknowledged, or a smaller number.
#[derive(Debug)]
struct Mark {
    path: PathBuf,
    file: File,
}

impl Mark {
    fn open(database: &Path) -> Result<Mark, redb::Error> {
        let path = database.with_extension("mark");
        let file = private::file(&path)?;
        Ok(Mark { path, file })
    }

    /// A power failure may have left nothing readable: then nothing is known.
    fn get(&self) -> Result<u64, redb::Error> {
        let mut text = [0; 20];
        let length = self.file.read_at(&mut text, 0)?;
        Ok(std::str::from_utf8(&text[..length]).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0))
    }

    /// Not synced to the disk, which may hold an older number.
    fn set(&self, commits: u64) {
        let _an_older_one_holds = self.file.write_all_at(format!("{commits:020}").as_bytes(), 0);
    }
}
