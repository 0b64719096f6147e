//! Configuration in the embedded database. One store, under one name.
use super::{ConfigurationStore, DEFAULT_CONFIGURATION_STORE, Item, Items, Metadata};
use crate::capabilities::{CallContext, error};
use crate::store::{Configuration, Configured, StoreError};
use daplet_abi::op::{OpError, codes};
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt, unfold};
use tokio::sync::broadcast::error::RecvError;

/// The backend.
pub struct Embedded(pub Configuration);

fn check(store: &str) -> Result<(), OpError> {
    if store == DEFAULT_CONFIGURATION_STORE {
        return Ok(());
    }
    let message = format!(
        "configuration store {store} is not found; without a Dapr sidecar there is one, named \"{DEFAULT_CONFIGURATION_STORE}\""
    );
    Err(error("ERR_CONFIGURATION_STORE_NOT_FOUND", message))
}

fn item(found: Configured) -> Item {
    Item { value: found.value, version: found.version.to_string(), ..Item::default() }
}

/// The items now; a key that is not there has neither value nor version.
fn now(kept: &Configuration, keys: &[String]) -> Result<Items, StoreError> {
    let mut items: Items = keys.iter().map(|key| (key.clone(), Item::default())).collect();
    items.extend(kept.get(keys)?.into_iter().map(|(key, found)| (key, item(found))));
    Ok(items)
}

impl ConfigurationStore for Embedded {
    fn get<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        keys: &'a [String],
        _: &'a Metadata,
    ) -> BoxFuture<'a, Result<Items, OpError>> {
        Box::pin(async move {
            check(store)?;
            let found = self.0.get(keys).map_err(|e| {
                tracing::error!("{e}");
                error(codes::INTERNAL, e.to_string())
            })?;
            Ok(found.into_iter().map(|(key, found)| (key, item(found))).collect())
        })
    }

    fn watch(&self, store: &str, keys: Vec<String>) -> Result<BoxStream<'static, Items>, OpError> {
        check(store)?;
        let start = (self.0.clone(), self.0.watch(), keys);
        let next = |(kept, mut changes, keys): (
            Configuration,
            tokio::sync::broadcast::Receiver<String>,
            Vec<String>,
        )| async move {
            loop {
                let changed = match changes.recv().await {
                    Ok(key) if keys.is_empty() || keys.contains(&key) => vec![key],
                    Ok(_) => continue,
                    // Too far behind to know what has changed: all is told again.
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
