//! Configuration: `configuration.get`. Written by the operator, read by functions. Backends: `embedded`, `sidecar`.
pub mod embedded;
pub mod grpc;
pub mod http;
pub mod sidecar;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The store that a function means when it names none.
pub const DEFAULT_CONFIGURATION_STORE: &str = "configstore";

/// An item, as Dapr tells it. One that was removed has neither value nor version: in JSON both are absent.
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

    /// As a sidecar tells it: an empty value is left out there too, so only one without a version is gone.
    fn told(mut self) -> Item {
        if self.value.is_none() && !self.version.is_empty() {
            self.value = Some(String::new());
        }
        self
    }
}

/// Items that a sidecar told.
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

/// What a store is told beside the keys.
pub type Metadata = BTreeMap<String, String>;

/// Where configuration is kept.
pub trait ConfigurationStore: Send + Sync {
    /// The items of those keys that there are; without keys, all that the store tells.
    fn get<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        keys: &'a [String],
        metadata: &'a Metadata,
    ) -> BoxFuture<'a, Result<Items, OpError>>;
    /// Changes of those items from now on, of all items without keys; one that was removed has neither value nor version. The
    /// stream ends when the store does.
    fn watch(&self, store: &str, keys: Vec<String>) -> Result<BoxStream<'static, Items>, OpError>;
}

/// The capability.
pub struct ConfigurationCapability(pub Arc<dyn ConfigurationStore>);

#[derive(Deserialize)]
struct Arguments {
    store: Option<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    metadata: Metadata,
}

impl Capability for ConfigurationCapability {
    fn name(&self) -> &'static str {
        "configuration"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        _: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            if verb != "get" {
                return Err(unknown(&format!("configuration.{verb}")));
            }
            let Arguments { store, keys, metadata } = arguments("configuration.get", args)?;
            let store = store.as_deref().unwrap_or(DEFAULT_CONFIGURATION_STORE);
            if keys.iter().any(String::is_empty) {
                return Err(error(Code::InvalidArgument, "a configuration key cannot be empty"));
            }
            let granted = |key: &String| cx.grants.has_configuration(store, key);
            if let Some(key) = keys.iter().find(|key| !granted(key)) {
                return Err(grants::refused(&cx.function, "configuration", &format!("{store}/{key}")));
            }
            let mut items = self.0.get(cx, store, &keys, &metadata).await?;
            // Who asks for all gets what is granted.
            items.retain(|key, _| granted(key));
            let text = serde_json::to_vec(&items);
            let text = text.map_err(|e| error(Code::OperationFailed, format!("configuration.get: {e}")))?;
            Ok((json!({}), text.into()))
        })
    }
}
