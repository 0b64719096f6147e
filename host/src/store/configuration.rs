//! Configuration items: texts with a version, and a notice of each change. Versions count all changes, so each is
//! unique.
//!
//! One store may hold several configurations, each in a table of its own.
use super::{Store, StoreError};
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::broadcast;

/// The table of the configuration without a name.
const CONFIGURATION: &str = "configuration";
const VERSIONS: TableDefinition<(), u64> = TableDefinition::new("configuration_versions");
/// How many changes a watcher may be behind; one that is further behind reads all items again.
const BACKLOG: usize = 256;

/// An item's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    pub value: String,
    /// Grows with each change.
    pub version: u64,
}

pub(super) fn create(write: &WriteTransaction) -> Result<(), StoreError> {
    write.open_table(items(CONFIGURATION))?;
    write.open_table(VERSIONS)?;
    Ok(())
}

/// Key to version and value.
fn items(table: &str) -> TableDefinition<'_, &'static str, (u64, &'static str)> {
    TableDefinition::new(table)
}

/// A configuration in a [`Store`]. Cheap to clone.
#[derive(Clone)]
pub struct Configuration {
    store: Store,
    table: Arc<str>,
    changed: broadcast::Sender<String>,
}

impl Configuration {
    /// The store's configuration without a name.
    pub fn new(store: Store) -> Configuration {
        Configuration { store, table: CONFIGURATION.into(), changed: broadcast::Sender::new(BACKLOG) }
    }

    /// The configuration with that name.
    pub async fn named(store: Store, name: &str) -> Result<Configuration, StoreError> {
        let table: Arc<str> = format!("{CONFIGURATION}/{name}").into();
        let made = Arc::clone(&table);
        let make = move |write: &WriteTransaction| {
            write.open_table(items(&made))?;
            Ok(())
        };
        store.writer.write(make).await?;
        Ok(Configuration { store, table, changed: broadcast::Sender::new(BACKLOG) })
    }

    /// The existing items of those keys, as of one moment; without keys, all items.
    pub fn get(&self, keys: &[String]) -> Result<BTreeMap<String, Configured>, StoreError> {
        let read = self.store.read()?;
        let table = read.open_table(items(&self.table))?;
        let item = |(version, value): (u64, &str)| Configured { value: value.to_owned(), version };
        let mut there = BTreeMap::new();
        for key in keys {
            if let Some(found) = table.get(key.as_str())? {
                there.insert(key.clone(), item(found.value()));
            }
        }
        if keys.is_empty() {
            for entry in table.iter()? {
                let (key, found) = entry?;
                there.insert(key.value().to_owned(), item(found.value()));
            }
        }
        Ok(there)
    }

    /// Sets an item; returns its new version, and whether it is new.
    pub async fn put(&self, key: &str, value: String) -> Result<(Configured, bool), StoreError> {
        let (name, table) = (key.to_owned(), Arc::clone(&self.table));
        let change = move |write: &WriteTransaction| {
            let version = next(write)?;
            let created = write.open_table(items(&table))?.insert(name.as_str(), (version, value.as_str()))?.is_none();
            Ok((Configured { value, version }, created))
        };
        let done = self.store.writer.write(change).await?;
        self.tell(key);
        Ok(done)
    }

    /// Removes an item; returns whether it existed.
    pub async fn remove(&self, key: &str) -> Result<bool, StoreError> {
        let (name, table) = (key.to_owned(), Arc::clone(&self.table));
        let change =
            move |write: &WriteTransaction| Ok(write.open_table(items(&table))?.remove(name.as_str())?.is_some());
        let removed = self.store.writer.write(change).await?;
        if removed {
            self.tell(key);
        }
        Ok(removed)
    }

    /// The keys that change from now on.
    pub fn watch(&self) -> broadcast::Receiver<String> {
        self.changed.subscribe()
    }

    fn tell(&self, key: &str) {
        let _nobody_watches = self.changed.send(key.to_owned());
    }
}

fn next(write: &WriteTransaction) -> Result<u64, StoreError> {
    let mut versions = write.open_table(VERSIONS)?;
    let version = versions.get(())?.map_or(0, |last| last.value()) + 1;
    versions.insert((), version)?;
    Ok(version)
}
