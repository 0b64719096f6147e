//! The verbs of functions: `state.get`, `getMany`, `put`, `delete`, `transact`, `commit`, `query`.
//!
//! Owns: key spaces and their grants. A function's keys are `f/{function}/{key}` in the store, those of a shared space
//! `s/{space}/{key}`: functions share one Dapr app-id, so the host keeps them apart. [`commit`]: units of work.
mod commit;

use super::query::Found;
use super::{Concurrency, Get, GetMany, Invalid, Query, Save, StateStore, Transact, rfc3339};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation, error};
use crate::blocks::grants;
use crate::blocks::pubsub::Broker;
use crate::code::{Code, OpError};
use crate::store::{Change, Item, Put};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;

/// The capability.
pub struct StateCapability {
    /// Where state is kept.
    pub store: Arc<dyn StateStore>,
    /// Where the messages of a unit of work go.
    pub broker: Arc<dyn Broker>,
}

/// Where a request's keys are.
#[derive(Deserialize)]
struct Place {
    #[serde(default = "super::default_store")]
    store: String,
    space: Option<String>,
}

/// The arguments of `put` and `delete`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    key: String,
    etag: Option<String>,
    concurrency: Option<String>,
    ttl_seconds: Option<i64>,
}

/// A member that is there: `null` is a value like any other.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// One entry of a transaction's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    operation: String,
    key: String,
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    etag: Option<String>,
    concurrency: Option<String>,
    ttl_seconds: Option<i64>,
}

#[async_trait]
impl Capability for StateCapability {
    fn name(&self) -> &'static str {
        "state"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        let Place { store, space } = operation.arguments()?;
        grants::require(&cx.function, "stores", cx.grants.stores.as_ref(), &store)?;
        let prefix = prefix(cx, space.as_deref())?;
        match operation.verb() {
            "get" => self.get(cx, &prefix, operation.arguments()?).await,
            "getMany" => self.get_many(cx, &prefix, operation.arguments()?).await,
            "put" => {
                let written: Written = operation.arguments()?;
                let put = Put { value: json_text(&operation.body)?, ttl_seconds: ttl(written.ttl_seconds)? };
                let etag = self.save(cx, store, written, Some(put), &prefix).await?;
                Ok((etag.map_or_else(|| json!({}), |etag| json!({ "etag": etag })), Bytes::new()))
            }
            "delete" => {
                self.save(cx, store, operation.arguments()?, None, &prefix).await?;
                Ok((json!({}), Bytes::new()))
            }
            "transact" => {
                let entries: Vec<Entry> = serde_json::from_slice(&operation.body)
                    .map_err(|e| error(Code::InvalidArgument, format!("state.transact: {e}")))?;
                let changes = entries.into_iter().map(|entry| entry.change(&prefix)).collect::<Result<_, _>>()?;
                self.store.transact(cx, Transact { store, changes }).await?;
                Ok((json!({}), Bytes::new()))
            }
            "commit" => self.commit(cx, store, &prefix, &operation.body).await,
            "query" => {
                let query = Query { store, prefix, query: operation.body };
                let Found { results, token } = self.store.query(cx, &query).await?;
                let (items, body) = listed(results.into_iter().map(|(key, item)| (key, Some(item))).collect());
                Ok((json!({"items": items, "token": token}), body))
            }
            _ => Err(operation.unknown()),
        }
    }
}

impl StateCapability {
    async fn get(&self, cx: &CallContext, prefix: &str, mut get: Get) -> OpResult {
        get.check().map_err(invalid)?;
        get.key.insert_str(0, prefix);
        Ok(match self.store.get(cx, &get).await? {
            Some(item) => (described(&item), item.value),
            None => (json!({"found": false}), Bytes::new()),
        })
    }

    async fn get_many(&self, cx: &CallContext, prefix: &str, get: GetMany) -> OpResult {
        get.check().map_err(invalid)?;
        let own = distinct(get.keys);
        let keys = own.iter().map(|key| format!("{prefix}{key}")).collect();
        let items = self.store.get_many(cx, &GetMany { keys, ..get }).await?;
        let (items, body) = listed(own.into_iter().zip(items).collect());
        Ok((json!({ "items": items }), body))
    }

    async fn save(
        &self,
        cx: &CallContext,
        store: String,
        written: Written,
        put: Option<Put>,
        prefix: &str,
    ) -> Result<Option<String>, OpError> {
        let Written { key, etag, concurrency, .. } = written;
        if key.is_empty() {
            return Err(invalid(Invalid::NoKey));
        }
        let change = change(prefix, &key, put, etag, concurrency.as_deref())?;
        self.store.save(cx, Save { store, change }).await
    }
}

impl Entry<'_> {
    fn change(self, prefix: &str) -> Result<Change, OpError> {
        let put = match (self.operation.as_str(), self.value) {
            ("upsert", Some(value)) => {
                Some(Put { value: value.get().as_bytes().to_vec(), ttl_seconds: ttl(self.ttl_seconds)? })
            }
            ("upsert", None) => {
                return Err(error(Code::InvalidArgument, format!("upsert of {:?} has no value", self.key)));
            }
            ("delete", _) => None,
            (other, _) => {
                let message = format!("a transaction can \"upsert\" and \"delete\", not {other:?}");
                return Err(error(Code::InvalidArgument, message));
            }
        };
        change(prefix, &self.key, put, self.etag, self.concurrency.as_deref())
    }
}

fn change(
    prefix: &str,
    key: &str,
    put: Option<Put>,
    etag: Option<String>,
    concurrency: Option<&str>,
) -> Result<Change, OpError> {
    let unknown = |word: &str| Err(invalid(Invalid::Concurrency(word.to_owned())));
    let concurrency = match concurrency {
        Some("") => unknown(""),
        word => Concurrency::parse(word.unwrap_or_default()).map_err(invalid),
    };
    let first_write = concurrency? == Concurrency::FirstWrite;
    super::check_among(key).map_err(invalid)?;
    Ok(Change { key: format!("{prefix}{key}"), put, etag, first_write })
}

/// What is wrong, in the words of functions.
fn invalid(reason: Invalid) -> OpError {
    let message = match reason {
        Invalid::NoKey => "a state key cannot be empty".to_owned(),
        Invalid::Reserved(key) => format!("the state key {key:?} contains \"||\", which Dapr keeps for itself"),
        Invalid::Concurrency(other) => format!("concurrency is \"first-write\" or \"last-write\", not {other:?}"),
        Invalid::Lifetime(text) => format!("ttlSeconds is {text}, but must be above 0, or -1 for ever"),
    };
    error(Code::InvalidArgument, message)
}

fn prefix(cx: &CallContext, space: Option<&str>) -> Result<String, OpError> {
    let Some(space) = space else { return Ok(format!("f/{}/", cx.function)) };
    if cx.grants.spaces.iter().any(|granted| granted == space) {
        return Ok(format!("s/{space}/"));
    }
    Err(grants::refused(&cx.function, "spaces", space))
}

/// `-1`, 0 and absence mean for ever, as in Dapr.
fn ttl(seconds: Option<i64>) -> Result<Option<u64>, OpError> {
    match seconds {
        None | Some(-1 | 0) => Ok(None),
        Some(seconds) => match u64::try_from(seconds) {
            Ok(seconds) => Ok(Some(seconds)),
            Err(_) => Err(invalid(Invalid::Lifetime(seconds.to_string()))),
        },
    }
}

fn json_text(body: &[u8]) -> Result<Vec<u8>, OpError> {
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(_) => Ok(body.to_vec()),
        Err(e) => Err(error(Code::InvalidArgument, format!("the value is no JSON text: {e}"))),
    }
}

fn described(item: &Item) -> Value {
    let mut head = json!({"found": true, "etag": item.etag});
    if let Some(at) = item.expires {
        head["ttlExpireTime"] = json!(rfc3339(at));
    }
    head
}

/// Each key once, where it stands first.
fn distinct(keys: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::with_capacity(keys.len());
    keys.into_iter().filter(|key| seen.insert(key.clone())).collect()
}

/// Values in one body, and what tells where each is. Each is dropped as soon as it is copied.
fn listed(items: Vec<(String, Option<Item>)>) -> (Vec<Value>, Bytes) {
    let size = items.iter().filter_map(|(_, item)| item.as_ref().map(|item| item.value.len())).sum();
    let mut body = Vec::with_capacity(size);
    let list = |(key, item): (String, Option<Item>)| match item {
        Some(item) => {
            body.extend_from_slice(&item.value);
            json!({"key": key, "found": true, "etag": item.etag, "length": item.value.len()})
        }
        None => json!({"key": key, "found": false, "length": 0}),
    };
    let items = items.into_iter().map(list).collect();
    (items, body.into())
}
