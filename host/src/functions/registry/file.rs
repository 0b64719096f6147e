//! The keeper of this host's own functions: a table of redb. Commits are on disk before they return.
use super::live::Live;
use super::{Before, Command, Precondition, RegistryError};
use crate::functions::{Function, FunctionName, Record};
use crate::store::file::DatabaseFile;
use redb::{ReadableTable, TableDefinition, TableError};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;

const FUNCTIONS: TableDefinition<&str, &[u8]> = TableDefinition::new("functions");
/// Actor type to the function that owns its actors.
const ACTOR_OWNERS: TableDefinition<&str, &str> = TableDefinition::new("actor-owners");

macro_rules! from_redb {
    ($($kind:ident),*) => {$(
        impl From<redb::$kind> for RegistryError {
            fn from(error: redb::$kind) -> RegistryError {
                RegistryError::Database(error.into())
            }
        }
    )*};
}
from_redb!(TableError, StorageError);

/// The table. Only this keeper changes it, so it always equals what is live.
pub struct Table {
    file: Arc<DatabaseFile>,
    live: Arc<Live>,
}

impl Table {
    /// Opens the table and makes its functions live. A record that cannot be read, because it is damaged or of a newer
    /// release, puts only its own function out of service.
    pub fn open(path: &Path, cache: usize, live: Arc<Live>) -> Result<Table, RegistryError> {
        let file = Arc::new(DatabaseFile::open(path, cache)?);
        file.prepare(|write| write.open_table(FUNCTIONS).map(drop).map_err(RegistryError::from))?;
        let mut found = Vec::new();
        let read = file.read()?;
        let table = match read.open_table(FUNCTIONS) {
            Ok(table) => Some(table),
            // A new file on a full disk.
            Err(TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(error.into()),
        };
        for entry in table.as_ref().map(ReadableTable::iter).transpose()?.into_iter().flatten() {
            let (name, bytes) = entry?;
            let record = serde_json::from_slice::<Record>(bytes.value()).map_err(|e| e.to_string());
            match (FunctionName::new(name.value()).map_err(|e| e.to_string()), record) {
                (Ok(checked), Ok(record)) => found.push((checked.clone(), Some(live.function(checked, record)))),
                (Err(reason), _) | (_, Err(reason)) => {
                    let name = name.value().to_owned();
                    tracing::error!(
                        "{}; it is out of service",
                        RegistryError::Damaged { name: name.clone(), reason: reason.clone() }
                    );
                    live.set_damaged(name, reason);
                }
            }
        }
        drop(read);
        live.apply(found);
        let table = Table { file, live };
        table.load_owners()?;
        table.live.complete();
        Ok(table)
    }

    /// Reads the owners of actor types; types that were exported before owners were stored belong to their functions.
    fn load_owners(&self) -> Result<(), RegistryError> {
        self.file.prepare(|write| write.open_table(ACTOR_OWNERS).map(drop).map_err(RegistryError::from))?;
        let mut owners = Vec::new();
        let read = self.file.read()?;
        let table = match read.open_table(ACTOR_OWNERS) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for entry in table.iter()? {
            let (kind, name) = entry?;
            if let Ok(name) = FunctionName::new(name.value()) {
                owners.push((kind.value().to_owned(), name));
            }
        }
        self.live.own(owners);
        let unowned = self.live.unowned(None);
        if !unowned.is_empty() {
            // The disk is full: they are stored at the next start.
            self.own(&unowned, None).or_else(|error| if self.file.is_full() { Ok(()) } else { Err(error) })?;
        }
        Ok(())
    }

    /// Stores owners, and a record with them if there is one.
    fn own(&self, owners: &[(String, FunctionName)], record: Option<(&str, &[u8])>) -> Result<(), RegistryError> {
        self.file.write(|write| {
            if let Some((name, bytes)) = record {
                write.open_table(FUNCTIONS)?.insert(name, bytes)?;
            }
            let mut table = write.open_table(ACTOR_OWNERS)?;
            for (kind, name) in owners {
                table.insert(kind.as_str(), name.as_str())?;
            }
            Ok::<_, RegistryError>(())
        })?;
        self.live.own(owners.iter().cloned());
        Ok(())
    }

    /// The file, to ask about its disk.
    pub fn file(&self) -> Arc<DatabaseFile> {
        Arc::clone(&self.file)
    }

    /// Carries out requests until no handle is left, on a thread that may block.
    pub fn keep(self, mut commands: mpsc::Receiver<Command>) {
        // The requester may have gone; the change stays.
        while let Some(command) = commands.blocking_recv() {
            match command {
                Command::Put(function, precondition, done) => drop(done.send(self.put(function, &precondition))),
                Command::Remove(name, precondition, done) => drop(done.send(self.remove(name, &precondition))),
                Command::Refresh(done) => drop(done.send(Ok(()))),
                Command::HandOver(kind, to, done) => drop(done.send(self.hand_over(kind, to))),
            }
        }
    }

    fn check(&self, name: &FunctionName, precondition: &Precondition) -> Result<(), RegistryError> {
        let live = self.live.get(name.as_str());
        Ok(precondition.check(live.as_ref().map(|live| live.record.version.as_str()))?)
    }

    fn put(&self, function: Arc<Function>, precondition: &Precondition) -> Before {
        self.check(&function.name, precondition)?;
        self.live.check_actors(&function)?;
        let name = function.name.as_str();
        let bytes = serde_json::to_vec(&function.record)
            .map_err(|e| RegistryError::Damaged { name: name.to_owned(), reason: e.to_string() })?;
        self.own(&self.live.unowned(Some(&*function)), Some((name, &bytes)))?;
        Ok(self.live.swap((function.name.clone(), Some(function))))
    }

    fn hand_over(&self, kind: String, to: FunctionName) -> Result<(), RegistryError> {
        self.live.check_hand_over(&kind, &to)?;
        self.own(&[(kind, to)], None)
    }

    fn remove(&self, name: FunctionName, precondition: &Precondition) -> Before {
        if self.live.get(name.as_str()).is_none() && self.live.damage(name.as_str()).is_none() {
            return Ok(None);
        }
        self.check(&name, precondition)?;
        self.file.write(|write| {
            write.open_table(FUNCTIONS)?.remove(name.as_str())?;
            Ok::<_, RegistryError>(())
        })?;
        Ok(self.live.swap((name, None)))
    }
}
