//! The keeper of functions that several replicas share in a Dapr state store.
//!
//! What the index says is so; it is changed only over the ETag it was read with. A change is made in this order, and a replica
//! that dies between two steps leaves nothing lost and nothing dangling:
//! 1. The record is written at a key that is new. Nobody reads it yet: without the next step it is garbage of an upload that
//!    was not acknowledged.
//! 2. The index names it, and lists the record that it replaces as discarded. Now the change is made, for all replicas.
//! 3. The next change, by any replica, first deletes the discarded records. The index has not named them since, and never will.
//!
//! A change whose index was overtaken is made again on the newer one, and its condition is looked at again. So of competing
//! uploads with `If-None-Match: *` one wins, and of those without a condition the later one.
//!
//! An answer that does not come leaves open whether step 2 was done: the caller gets a failure, and the next read of
//! the index tells all replicas the same.
use super::live::{Change, Live};
use super::records::{Entry, Index, Records};
use super::{Before, Command, Precondition, RegistryError};
use crate::functions::{Function, FunctionName, Record};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How often a change is tried on an index that other replicas change too.
const ATTEMPTS: usize = 100;
/// Records read at once.
const READERS: usize = 8;
/// Time between two reads of the store until the first succeeds: the start waits for it.
const SOON: Duration = Duration::from_millis(200);

/// What this replica knows about the store.
pub struct Shared {
    records: Records,
    live: Arc<Live>,
    /// The index at the last read.
    index: Index,
    /// The ETag of `index`; `None` if it was not read, or written since.
    etag: Option<String>,
    /// Whether the index has ever existed.
    seen: bool,
    /// Records that cannot be read; each is reported once.
    damaged: BTreeSet<String>,
    /// Whether the last read failed and this was reported.
    failing: bool,
}

impl Shared {
    /// Knows nothing yet.
    pub fn new(records: Records, live: Arc<Live>) -> Shared {
        let (index, damaged) = (Index::default(), BTreeSet::new());
        Shared { records, live, index, etag: None, seen: false, damaged, failing: false }
    }

    /// Carries out requests, and reads the store in between, until no handle is left.
    pub async fn keep(mut self, mut commands: mpsc::Receiver<Command>, poll: Duration) {
        let mut next = Instant::now();
        loop {
            // The requester may have gone; the change stays.
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    None => return,
                    Some(Command::Put(function, condition, done)) => drop(done.send(self.put(function, &condition).await)),
                    Some(Command::Remove(name, condition, done)) => drop(done.send(self.remove(name, &condition).await)),
                    Some(Command::Refresh(done)) => drop(done.send(self.refresh().await)),
                    Some(Command::HandOver(kind, to, done)) => drop(done.send(self.hand_over(&kind, &to).await)),
                },
                () = tokio::time::sleep_until(next) => drop(self.refresh().await),
            }
            let pause = if self.live.missing().is_some() { poll.min(SOON) } else { poll };
            next = Instant::now() + pause;
        }
    }

    /// Applies what the store has now.
    async fn refresh(&mut self) -> Result<(), RegistryError> {
        let done = self.follow().await;
        match &done {
            Ok(()) => {
                if self.live.missing().is_some() {
                    let (count, store) = (self.live.list().len(), self.records.store());
                    tracing::info!("{count} functions were loaded from state store {store}");
                    self.live.complete();
                } else if self.failing {
                    tracing::info!("state store {} has functions for all replicas again", self.records.store());
                }
            }
            Err(error) => {
                self.live.lacks(&error.to_string());
                if !self.failing {
                    tracing::warn!("{error}; trying again");
                }
            }
        }
        self.failing = done.is_err();
        done
    }

    async fn follow(&mut self) -> Result<(), RegistryError> {
        let mut looked = None;
        loop {
            let Some((index, etag)) = self.records.index().await? else {
                if self.seen {
                    return Err(RegistryError::Lost { store: self.records.store().to_owned() });
                }
                return Ok(());
            };
            self.seen = true;
            let (changes, absent) = self.changes(&index).await?;
            // A deleted record was replaced, and the index names its successor, unless it has not changed.
            if absent.is_empty() || looked.as_ref() == Some(&etag) {
                for name in absent {
                    self.out_of_service(name, "it is not there".to_owned());
                }
                self.live.apply(changes);
                self.live.own(owners(&index));
                (self.index, self.etag) = (index, Some(etag));
                return Ok(());
            }
            looked = Some(etag);
        }
    }

    /// Compares what is live with the index; also returns the functions whose records are missing.
    async fn changes(&mut self, index: &Index) -> Result<(Vec<Change>, Vec<String>), RegistryError> {
        let gone = self.index.functions.keys().filter(|name| !index.functions.contains_key(*name));
        let mut changes: Vec<Change> =
            gone.filter_map(|name| FunctionName::new(name).ok()).map(|name| (name, None)).collect();
        let known = &self.index.functions;
        let differ = index.functions.iter().filter(|(name, entry)| known.get(*name) != Some(entry));
        let differ: Vec<(String, Entry)> = differ.map(|(name, entry)| (name.clone(), entry.clone())).collect();
        let read = stream::iter(differ).map(|(name, entry)| {
            let records = self.records.clone();
            async move {
                match records.record(&entry.record).await {
                    Err(RegistryError::Damaged { reason, .. }) => Ok((name, entry, Err(reason))),
                    found => found.map(|record| (name, entry, Ok(record))),
                }
            }
        });
        let read: Vec<(String, Entry, Result<Option<Record>, String>)> =
            read.buffer_unordered(READERS).try_collect().await?;
        let mut absent = Vec::new();
        for (name, entry, record) in read {
            let named = FunctionName::new(&name).map_err(|e| e.to_string());
            match named.and_then(|named| Ok((named, record?))) {
                Ok((named, Some(record))) => {
                    let function = self.live.function(named.clone(), record);
                    changes.push((named, Some(function)));
                }
                Ok((_, None)) => absent.push(name),
                // A newer version may have written it: the other functions go on.
                Err(reason) if self.damaged.insert(entry.record.clone()) => {
                    self.out_of_service(name, reason);
                }
                Err(_) => {}
            }
        }
        Ok((changes, absent))
    }

    /// Keeps a version that was live before.
    fn out_of_service(&self, name: String, reason: String) {
        tracing::error!("{}", RegistryError::Damaged { name: name.clone(), reason: reason.clone() });
        if self.live.get(&name).is_none() {
            self.live.set_damaged(name, reason);
        }
    }

    async fn put(&mut self, function: Arc<Function>, precondition: &Precondition) -> Before {
        let entry = Entry::new(&function.name, &function.record.version);
        let done = self.put_at(&entry, &function, precondition).await;
        if let Err(
            RegistryError::Precondition(_)
            | RegistryError::Contended { .. }
            | RegistryError::ActorTaken { .. }
            | RegistryError::ActorOwned { .. },
        ) = &done
        {
            // A failure leaves only garbage.
            drop(self.records.delete(&entry.record).await);
        }
        done
    }

    async fn put_at(&mut self, entry: &Entry, function: &Arc<Function>, precondition: &Precondition) -> Before {
        let name = function.name.as_str();
        let mut written = false;
        for _ in 0..ATTEMPTS {
            let before = self.live.get(name);
            self.refresh().await?;
            let known = self.index.functions.get(name);
            // A sidecar that retries by itself may report its own first try as a conflict.
            if known == Some(entry) {
                return Ok(before);
            }
            precondition.check(known.map(|known| known.version.as_str()))?;
            self.live.check_actors(function)?;
            if !written {
                self.records.add(&entry.record, &function.record).await?;
                written = true;
            }
            if self.change(name, Some((entry.clone(), &**function))).await? {
                return Ok(self.live.swap((function.name.clone(), Some(Arc::clone(function)))));
            }
        }
        Err(RegistryError::Contended { attempts: ATTEMPTS })
    }

    async fn remove(&mut self, name: FunctionName, precondition: &Precondition) -> Before {
        for _ in 0..ATTEMPTS {
            let before = self.live.get(name.as_str());
            self.refresh().await?;
            let Some(known) = self.index.functions.get(name.as_str()) else { return Ok(None) };
            precondition.check(Some(&known.version))?;
            if self.change(name.as_str(), None).await? {
                self.live.swap((name, None));
                return Ok(before);
            }
        }
        Err(RegistryError::Contended { attempts: ATTEMPTS })
    }

    /// Writes the index with one function changed; returns false if another replica has changed it.
    async fn change(&mut self, name: &str, new: Option<(Entry, &Function)>) -> Result<bool, RegistryError> {
        let mut next = self.index.clone();
        let unowned = self.live.unowned(new.as_ref().map(|(_, function)| *function));
        next.owners.extend(unowned.into_iter().map(|(kind, owner)| (kind, owner.to_string())));
        let replaced = match new {
            Some((entry, _)) => next.functions.insert(name.to_owned(), entry),
            None => next.functions.remove(name),
        };
        let mut kept = Vec::new();
        for key in std::mem::take(&mut next.discarded) {
            if self.records.delete(&key).await.is_err() {
                kept.push(key);
            }
        }
        next.discarded = kept;
        next.discarded.extend(replaced.map(|entry| entry.record));
        self.set_index(next).await
    }

    /// Transfers the actors of a type to a function, for every replica.
    async fn hand_over(&mut self, kind: &str, to: &FunctionName) -> Result<(), RegistryError> {
        for _ in 0..ATTEMPTS {
            self.refresh().await?;
            self.live.check_hand_over(kind, to)?;
            let mut next = self.index.clone();
            next.owners.insert(kind.to_owned(), to.to_string());
            if self.set_index(next).await? {
                return Ok(());
            }
        }
        Err(RegistryError::Contended { attempts: ATTEMPTS })
    }

    /// Writes the index over the one that was read; returns false if another replica has changed it.
    async fn set_index(&mut self, next: Index) -> Result<bool, RegistryError> {
        let done = self.records.set_index(&next, self.etag.as_deref()).await?;
        if done {
            self.live.own(owners(&next));
            (self.index, self.seen) = (next, true);
        }
        self.etag = None;
        Ok(done)
    }
}

/// The owners that the index names; an invalid function name owns nothing here.
fn owners(index: &Index) -> Vec<(String, FunctionName)> {
    let named = index.owners.iter().map(|(kind, name)| Some((kind.clone(), FunctionName::new(name).ok()?)));
    named.flatten().collect()
}
