//! The stores of the embedded default that surfaces and management use beside the blocks.
use crate::store::file::DatabaseFile;
use crate::store::{Configuration, Flights, Jobs, Log};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The stores. Cheap to clone.
#[derive(Clone)]
pub struct Stores {
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
