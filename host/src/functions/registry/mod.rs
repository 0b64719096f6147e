//! The registry of functions. It is the truth: every snapshot can be made again from it.
//!
//! Owns: the live map, and one keeper beside it that makes changes durable, one after the other, before they go live. An
//! acknowledged upload survives a crash. Requests read only the map and never wait for the keeper.
//!
//! # Layout
//! - [`live`]: the map, and who is notified of changes
//! - [`precondition`]: which version must be live for a change to be made
//! - [`file`]: the keeper of this host's own functions (docs/decisions/008-embedded-database.md)
//! - [`shared`]: the keeper of functions that several replicas share (docs/decisions/024-shared-registry.md)
//! - [`records`]: how those are stored in a Dapr state store
mod file;
mod live;
pub mod precondition;
mod records;
mod shared;

pub use precondition::{Precondition, Unmet, Versions};

use super::{Function, FunctionName, Record};
use crate::blocks::locks::Names;
use crate::budget::Budget;
use crate::config::AbsentGrants;
use crate::dapr::{DaprError, Sidecar};
use crate::limits::Limits;
use crate::store::file::{DatabaseFile, OpenError};
use live::Live;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Changes that may wait for the keeper.
const QUEUE: usize = 64;

/// A fault of the registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be opened.
    #[error("function registry: {0}")]
    File(#[from] OpenError),
    /// The database cannot be read or written.
    #[error("function registry: {0}")]
    Database(#[from] redb::Error),
    /// A stored record cannot be read.
    #[error("function registry: the record of {name} is damaged: {reason}")]
    Damaged { name: String, reason: String },
    /// The keeper ended.
    #[error("function registry: the writer was cancelled")]
    Cancelled,
    /// The change's precondition failed.
    #[error("{0}")]
    Precondition(Unmet),
    /// The state store, or the sidecar before it, refuses the request.
    #[error("function registry: state store {store}: {reason}")]
    Store {
        store: String,
        /// The message of the store or the client.
        reason: DaprError,
    },
    /// The state store does not answer.
    #[error("function registry: state store {store} did not answer within {seconds} s")]
    Slow {
        store: String,
        /// How long this host waited.
        seconds: u64,
    },
    /// The state store has lost what this replica has seen there.
    #[error(
        "function registry: state store {store} had functions and now has none; those that were loaded go on. Restore the \
         store, or restart to begin with nothing"
    )]
    Lost { store: String },
    /// Another function exports the type already.
    #[error(
        "the actor type {kind:?} is exported by the function {owner:?} already; an actor type belongs to one function"
    )]
    ActorTaken {
        kind: String,
        /// The function that has it.
        owner: String,
    },
    /// The type's actors belong to another function.
    #[error(
        "the actors of type {kind:?} belong to the function {owner:?}, which does not export the type now; their state goes to another \
         function only by POST /actors/{kind}/owner with {{\"function\": \"NAME\"}}"
    )]
    ActorOwned {
        kind: String,
        /// The function that owns them.
        owner: String,
    },
    /// Other replicas change functions faster than this one can.
    #[error("function registry: other replicas changed functions {attempts} times meanwhile; try again")]
    Contended {
        /// How often this one tried.
        attempts: usize,
    },
}

impl From<Unmet> for RegistryError {
    fn from(unmet: Unmet) -> RegistryError {
        RegistryError::Precondition(unmet)
    }
}

impl Names for Registry {
    fn has(&self, function: &str) -> bool {
        self.live.get(function).is_some()
    }
}

/// The version that was live before a change.
type Before = Result<Option<Arc<Function>>, RegistryError>;

/// A request to the keeper.
enum Command {
    Put(Arc<Function>, Precondition, oneshot::Sender<Before>),
    Remove(FunctionName, Precondition, oneshot::Sender<Before>),
    Refresh(oneshot::Sender<Result<(), RegistryError>>),
    HandOver(String, FunctionName, oneshot::Sender<Result<(), RegistryError>>),
}

/// What every function shares.
pub struct Common {
    /// The digest that snapshot keys begin with.
    pub guest: [u8; 32],
    /// The memory budget that invocations take from.
    pub memory: Budget,
    /// The ceilings of their limits.
    pub ceilings: Limits,
    /// What a list of grants allows that an upload leaves out.
    pub absent: AbsentGrants,
}

/// The table of functions. Cheap to share by `Arc`; the keeper ends with it.
pub struct Registry {
    live: Arc<Live>,
    keeper: mpsc::Sender<Command>,
    /// `None` if functions are shared.
    file: Option<Arc<DatabaseFile>>,
}

impl Registry {
    /// Functions in a file of this host, read with a cache of `cache` bytes.
    pub fn open(path: &Path, cache: usize, common: Common) -> Result<Registry, RegistryError> {
        let live = Arc::new(Live::new(common, "the file is not read yet"));
        let table = file::Table::open(path, cache, Arc::clone(&live))?;
        let file = Some(table.file());
        let (keeper, commands) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("daplet-registry".to_owned());
        thread.spawn(move || table.keep(commands)).map_err(redb::Error::from)?;
        Ok(Registry { live, keeper, file })
    }

    /// Functions in a state store of the sidecar, read every `poll`. Starts a task; nothing is loaded yet.
    pub fn shared(sidecar: Sidecar, store: &str, poll: Duration, common: Common) -> Registry {
        let live = Arc::new(Live::new(common, "the state store was not asked yet"));
        let (keeper, commands) = mpsc::channel(QUEUE);
        let shared = shared::Shared::new(records::Records::new(sidecar, store), Arc::clone(&live));
        tokio::spawn(shared.keep(commands, poll));
        Registry { live, keeper, file: None }
    }

    /// Makes the live version of a record.
    pub fn function(&self, name: FunctionName, record: Record) -> Arc<Function> {
        self.live.function(name, record)
    }

    /// The live version of a function.
    pub fn get(&self, name: &str) -> Option<Arc<Function>> {
        self.live.get(name)
    }

    /// The function that exports an actor type.
    pub fn actor(&self, kind: &str) -> Option<Arc<Function>> {
        self.live.actor(kind)
    }

    /// The exported actor types.
    pub fn actors(&self) -> BTreeSet<String> {
        self.live.actors()
    }

    /// The owner of each type's actors: the function that exported the type last, until an operator transfers them.
    pub fn owners(&self) -> BTreeMap<String, FunctionName> {
        self.live.owners()
    }

    /// Transfers the actors of a type to a function, durably when this returns. Only that function may export the type
    /// then.
    pub async fn hand_over(&self, kind: &str, to: FunctionName) -> Result<(), RegistryError> {
        self.ask(|done| Command::HandOver(kind.to_owned(), to, done)).await
    }

    /// Why the record of a function cannot be read; `None` if it can, or if the function does not exist.
    pub fn damage(&self, name: &str) -> Option<String> {
        self.live.damage(name)
    }

    /// The functions whose records cannot be read, and why. Only they are out of service.
    pub fn damaged(&self) -> BTreeMap<String, String> {
        self.live.damaged()
    }

    /// Whether the disk of this host's own functions is full.
    pub fn is_disk_full(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.is_full())
    }

    /// The file of this host's own functions; `None` where functions are shared.
    pub fn file(&self) -> Option<Arc<DatabaseFile>> {
        self.file.clone()
    }

    /// All functions, by name.
    pub fn list(&self) -> Vec<Arc<Function>> {
        self.live.list()
    }

    /// Ticks with each change, of this replica or another.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.live.changes()
    }

    /// Why no function was loaded yet; none once all were.
    pub fn missing(&self) -> Option<String> {
        self.live.missing()
    }

    /// Takes up what other replicas changed before this was called.
    pub async fn refresh(&self) -> Result<(), RegistryError> {
        self.ask(Command::Refresh).await
    }

    /// Stores a version if the condition holds, durably when this returns, and makes it live; the version that was.
    pub async fn put(&self, function: Arc<Function>, precondition: Precondition) -> Before {
        self.ask(|done| Command::Put(function, precondition, done)).await
    }

    /// Removes a function if the condition holds, durably when this returns; the version that was live.
    pub async fn remove(&self, name: &FunctionName, precondition: Precondition) -> Before {
        self.ask(|done| Command::Remove(name.clone(), precondition, done)).await
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, RegistryError>>) -> Command,
    ) -> Result<T, RegistryError> {
        let (done, answer) = oneshot::channel();
        self.keeper.send(command(done)).await.map_err(|_| RegistryError::Cancelled)?;
        answer.await.map_err(|_| RegistryError::Cancelled)?
    }
}
