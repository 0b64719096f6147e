//! Handles of the embedded default's database that triggers and management share with the blocks.
use crate::store::file::DatabaseFile;
use crate::store::{Configuration, Flights, Jobs, Log};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The parts of the database that triggers and management use.
#[derive(Clone)]
pub struct Kept {
    /// Messages.
    pub log: Log,
    /// Configuration items by their stores.
    pub items: BTreeMap<String, Configuration>,
    /// Jobs.
    pub jobs: Jobs,
    /// Reminders of actors.
    pub reminders: Jobs,
    /// The file of all of them.
    pub file: Arc<DatabaseFile>,
    /// What is being delivered or run.
    pub flights: Flights,
}
