//! Configuration: items that the operator writes and functions read.
//!
//! Owns: the requests, and what a store does with them. Must not know: who asks, where items are kept.
pub mod component;
pub mod embedded;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod sidecar;

use super::call::CallContext;
use crate::code::OpError;
use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The store that a function means when it names none.
pub const DEFAULT_CONFIGURATION_STORE: &str = "configstore";

/// An item in Dapr's form. One that was removed has neither value nor version: in JSON both are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// A text.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub value: Option<String>,
    /// Changes with the value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The store's own words on it.
    #[serde(deserialize_with = "or_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Item {
    /// An item of a store.
    pub fn new(value: String, version: String) -> Item {
        Item { value: Some(value), version, ..Item::default() }
    }

    /// As a sidecar reports it: an empty value is left out there too, so only one without a version is gone.
    fn told(mut self) -> Item {
        if self.value.is_none() && !self.version.is_empty() {
            self.value = Some(String::new());
        }
        self
    }
}

/// Items that a sidecar reported.
pub fn told(items: Items) -> Items {
    items.into_iter().map(|(key, item)| (key, item.told())).collect()
}

/// An empty text without a version stands for an item that is gone; gRPC has no other way to say so.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|value| !value.is_empty()))
}

/// Dapr writes `null` for no metadata.
fn or_empty<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Items by their keys.
pub type Items = BTreeMap<String, Item>;

/// What a store gets beside the keys.
pub type Metadata = BTreeMap<String, String>;

/// Reads items: `configuration.get`.
#[derive(Clone, Debug, Deserialize)]
pub struct Get {
    /// The store.
    #[serde(default = "default_store")]
    pub store: String,
    /// The keys; without any, all that the store reports.
    #[serde(default)]
    pub keys: Vec<String>,
    /// What the store is given beside the keys.
    #[serde(default)]
    pub metadata: Metadata,
}

/// Waits for changes of items.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The store.
    pub store: String,
    /// The keys; without any, all items.
    pub keys: Vec<String>,
}

fn default_store() -> String {
    DEFAULT_CONFIGURATION_STORE.to_owned()
}

/// Dapr's words for a store that does not exist.
fn unknown_store(store: &str) -> String {
    format!("configuration store {store} not found")
}

/// Where configuration is kept.
#[async_trait]
pub trait ConfigurationStore: Send + Sync {
    /// The items of those keys that exist.
    async fn get(&self, cx: &CallContext, get: &Get) -> Result<Items, OpError>;
    /// Changes from now on; an item that was removed has neither value nor version. The stream ends when the store does.
    fn watch(&self, watch: Watch) -> Result<BoxStream<'static, Items>, OpError>;
}
