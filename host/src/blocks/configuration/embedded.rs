//! Configuration in the embedded database. Each store has items of its own in it.
use super::{ConfigurationStore, Get, Item, Items, Watch};
use crate::blocks::call::{CallContext, error, no_component};
use crate::code::{Code, OpError};
use crate::store::{Configuration, Configured, StoreError};
use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt, unfold};
use std::collections::BTreeMap;
use tokio::sync::broadcast::error::RecvError;

/// The backend: stores by their names.
pub struct Embedded(pub BTreeMap<String, Configuration>);

impl Embedded {
    fn store(&self, store: &str) -> Result<&Configuration, OpError> {
        let what = format!("configuration store {store} is");
        let absent = || no_component(Code::ConfigurationStoreNotFound, &what, self.0.keys());
        self.0.get(store).ok_or_else(absent)
    }
}

fn item(found: Configured) -> Item {
    Item::new(found.value, found.version.to_string())
}

/// The items now; a key that is not there has neither value nor version.
fn now(kept: &Configuration, keys: &[String]) -> Result<Items, StoreError> {
    let mut items: Items = keys.iter().map(|key| (key.clone(), Item::default())).collect();
    items.extend(kept.get(keys)?.into_iter().map(|(key, found)| (key, item(found))));
    Ok(items)
}

#[async_trait]
impl ConfigurationStore for Embedded {
    async fn get(&self, _: &CallContext, Get { store, keys, .. }: &Get) -> Result<Items, OpError> {
        let found = self.store(store)?.get(keys).map_err(|e| {
            tracing::error!("{e}");
            error(Code::OperationFailed, e.to_string())
        })?;
        Ok(found.into_iter().map(|(key, found)| (key, item(found))).collect())
    }

    fn watch(&self, Watch { store, keys }: Watch) -> Result<BoxStream<'static, Items>, OpError> {
        let kept = self.store(&store)?;
        let start = (kept.clone(), kept.watch(), keys);
        let next = |(kept, mut changes, keys): (
            Configuration,
            tokio::sync::broadcast::Receiver<String>,
            Vec<String>,
        )| async move {
            loop {
                let changed = match changes.recv().await {
                    Ok(key) if keys.is_empty() || keys.contains(&key) => vec![key],
                    Ok(_) => continue,
                    // Too far behind to know what has changed: every item is sent again.
                    Err(RecvError::Lagged(_)) => keys.clone(),
                    Err(RecvError::Closed) => return None,
                };
                match now(&kept, &changed) {
                    Ok(items) => return Some((items, (kept, changes, keys))),
                    Err(e) => {
                        tracing::error!("{e}");
                        return None;
                    }
                }
            }
        };
        Ok(unfold(start, next).boxed())
    }
}
