//! Changes of an embedded store. A function gets one change at a time; changes that come meanwhile wait and are
//! delivered together, each item with its latest value. So no function sees an older value after a newer one.
use super::{deliver, watchers};
use crate::blocks::configuration::{ConfigurationStore, Items, Watch};
use crate::code::Code;
use crate::functions::Registry;
use crate::invoke::Invoker;
use crate::origin::Origin;
use daplet_abi::reply::AckStatus;
use futures::stream::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Pauses before a failed delivery is repeated; after the last one the change is dropped.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// Delivers changes.
pub struct Changes {
    /// The store that changes.
    pub name: String,
    /// Reports its changes.
    pub store: Arc<dyn ConfigurationStore>,
    /// The functions that watch.
    pub registry: Arc<Registry>,
    /// Runs the functions.
    pub invoker: Invoker,
    /// Ends the deliveries.
    pub stop: CancellationToken,
}

/// Undelivered items by function. A function in this table has a task.
type Undelivered = Mutex<HashMap<String, Items>>;

impl Changes {
    /// Delivers until stopped, and waits for running deliveries.
    pub async fn run(self) {
        let mut changes = match self.store.watch(Watch { store: self.name.clone(), keys: Vec::new() }) {
            Ok(changes) => changes,
            Err(error) => return tracing::error!("changes of the configuration: {}", error.message),
        };
        let (shared, tasks, undelivered) = (Arc::new(self), TaskTracker::new(), Arc::new(Undelivered::default()));
        loop {
            let items = tokio::select! {
                items = changes.next() => items,
                () = shared.stop.cancelled() => break,
            };
            let Some(items) = items else { break };
            for (function, items) in watchers(&shared.registry, &shared.name, &items) {
                let name = function.name.to_string();
                let mut waiting = undelivered.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(more) = waiting.get_mut(&name) {
                    more.extend(items);
                } else {
                    waiting.insert(name.clone(), items);
                    tasks.spawn(Arc::clone(&shared).tell(name, Arc::clone(&undelivered)));
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Delivers to one function until nothing is left.
    async fn tell(self: Arc<Self>, name: String, undelivered: Arc<Undelivered>) {
        let mut failed = 0_usize;
        loop {
            let items = {
                let mut undelivered = undelivered.lock().unwrap_or_else(PoisonError::into_inner);
                match undelivered.get_mut(&name) {
                    Some(items) if !items.is_empty() => std::mem::take(items),
                    _ => {
                        undelivered.remove(&name);
                        return;
                    }
                }
            };
            // The live version, which may have been replaced, or watch less now.
            let Some(function) = self.registry.get(&name) else { continue };
            let attempt = u32::try_from(failed + 1).unwrap_or(u32::MAX);
            let outcome = deliver(&self.invoker, &function, &self.name, &items, attempt, Origin::root()).await;
            let reason = match outcome {
                Ok(AckStatus::Success | AckStatus::Drop) => {
                    failed = 0;
                    continue;
                }
                Ok(AckStatus::Retry) => "it asked for a retry".to_owned(),
                // The host is busy, the function has not seen the change: that is no attempt.
                Err(error) if error.code == Code::LoadShed => {
                    failed = failed.saturating_sub(1);
                    error.to_string()
                }
                Err(error) => error.to_string(),
            };
            let Some(pause) = PAUSES.get(failed) else {
                tracing::warn!(function = name, "a change of the configuration is given up: {reason}");
                failed = 0;
                continue;
            };
            failed += 1;
            tokio::select! {
                () = tokio::time::sleep(*pause) => {}
                () = self.stop.cancelled() => return,
            }
            let mut undelivered = undelivered.lock().unwrap_or_else(PoisonError::into_inner);
            let waiting = undelivered.entry(name.clone()).or_default();
            for (key, item) in items {
                waiting.entry(key).or_insert(item);
            }
        }
    }
}
