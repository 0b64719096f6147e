//! State in a store of the Dapr sidecar.
//!
//! Owns: one meaning of ETags and first writes, whatever the store. Stores differ (seen in components-contrib 1.18): redis lets a
//! first write replace a value that was not itself a first write, refuses an unguarded write after one, and calls both a fault
//! of the store.
use super::query::Found;
use super::unit::{Message, Read};
use super::{Commit, Consistency, Get, GetMany, Query, Save, StateStore, Transact};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::code::{Code, OpError};
use crate::dapr::{DaprError, Sidecar};
use crate::store::{Change, Item, Put};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The backend.
pub struct Dapr(pub Sidecar);

/// What Dapr takes for a save and for an upsert.
#[derive(Serialize)]
struct SaveItem<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    metadata: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    options: Value,
}

#[derive(Deserialize)]
struct BulkItem<'a> {
    key: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    etag: Option<String>,
    error: Option<String>,
}

impl<'a> SaveItem<'a> {
    fn new(change: &'a Change) -> Result<SaveItem<'a>, OpError> {
        let value = match &change.put {
            Some(put) => Some(serde_json::from_slice(&put.value).map_err(|e| broken(&e))?),
            None => None,
        };
        let ttl = change.put.as_ref().and_then(|put| put.ttl_seconds);
        let guarded = change.first_write || change.etag.is_some();
        Ok(SaveItem {
            key: &change.key,
            value,
            etag: change.etag.as_deref().filter(|etag| !etag.is_empty()),
            metadata: ttl.map_or(Value::Null, |seconds| json!({"ttlInSeconds": seconds.to_string()})),
            options: if guarded { json!({"concurrency": "first-write"}) } else { Value::Null },
        })
    }
}

fn broken(e: &serde_json::Error) -> OpError {
    error(Code::OperationFailed, format!("the sidecar's JSON: {e}"))
}

/// How often an unguarded write is tried again while others write the key.
const OVERWRITES: usize = 100;

fn mismatch(e: DaprError) -> OpError {
    if e.is_mismatch() { error(Code::EtagMismatch, e.to_string()) } else { from_dapr(e) }
}

impl Dapr {
    async fn found(&self, cx: &CallContext, store: &str, key: &str) -> Result<Option<Item>, OpError> {
        self.get(cx, &Get::new(store, key.to_owned())).await
    }

    async fn save_guarded(&self, cx: &CallContext, store: &str, change: &Change) -> Result<(), OpError> {
        let items = serde_json::to_vec(&[SaveItem::new(change)?]).map_err(|e| broken(&e))?;
        self.0.save_state(store, items, cx.trace()).await.map_err(mismatch)
    }

    /// Writes where no value is, however the one that may be there was written.
    async fn save_first(&self, cx: &CallContext, store: &str, change: &Change) -> Result<(), OpError> {
        if self.found(cx, store, &change.key).await?.is_some() {
            return Err(error(Code::EtagMismatch, format!("{:?} has a value, so this is no first write", change.key)));
        }
        self.save_guarded(cx, store, change).await
    }

    /// Writes without a condition: last write wins, also where the store wants an ETag.
    async fn save_last(&self, cx: &CallContext, store: &str, mut change: Change) -> Result<(), OpError> {
        let mut saved = self.save_guarded(cx, store, &change).await;
        for _ in 0..OVERWRITES {
            match &saved {
                Err(e) if e.code == Code::EtagMismatch => {}
                _ => break,
            }
            change.etag = self.found(cx, store, &change.key).await?.map(|item| item.etag);
            saved = self.save_guarded(cx, store, &change).await;
        }
        saved
    }
}

#[async_trait]
impl StateStore for Dapr {
    async fn get(&self, cx: &CallContext, get: &Get) -> Result<Option<Item>, OpError> {
        let answer = self
            .0
            .get_state(&get.store, &get.key, get.consistency == Consistency::Strong, cx.trace())
            .await
            .map_err(from_dapr)?;
        if answer.status == 204 {
            return Ok(None);
        }
        let expires = answer.header("metadata.ttlexpiretime").and_then(|at| at.parse::<jiff::Timestamp>().ok());
        Ok(Some(Item {
            etag: answer.header("etag").unwrap_or_default().to_owned(),
            value: answer.body,
            expires: expires.and_then(|at| u64::try_from(at.as_millisecond()).ok()),
        }))
    }

    async fn get_many(
        &self,
        cx: &CallContext,
        GetMany { store, keys }: &GetMany,
    ) -> Result<Vec<Option<Item>>, OpError> {
        let body = json!({"keys": keys, "parallelism": 10}).to_string().into_bytes();
        let answer = self.0.bulk_state(store, body, cx.trace()).await.map_err(from_dapr)?;
        let items: Vec<BulkItem> = if answer.body.is_empty() {
            Vec::new()
        } else {
            serde_json::from_slice(&answer.body).map_err(|e| broken(&e))?
        };
        if let Some(message) = items.iter().find_map(|item| item.error.as_deref()) {
            return Err(error(Code::Unavailable, message));
        }
        let found: HashMap<&str, &BulkItem> = items.iter().map(|item| (item.key.as_str(), item)).collect();
        let find = |key: &String| {
            let found = found.get(key.as_str())?;
            let value = answer.body.slice_ref(found.data?.get().as_bytes());
            Some(Item { value, etag: found.etag.clone().unwrap_or_default(), expires: None })
        };
        Ok(keys.iter().map(find).collect())
    }

    async fn save(&self, cx: &CallContext, Save { store, change }: Save) -> Result<Option<String>, OpError> {
        let store = store.as_str();
        if change.put.is_none() {
            let etag = change.etag.as_deref().filter(|etag| !etag.is_empty());
            self.0.delete_state(store, &change.key, etag, change.first_write, cx.trace()).await.map_err(mismatch)?;
        } else {
            match change.etag.as_deref().is_some_and(|etag| !etag.is_empty()) {
                true => self.save_guarded(cx, store, &change).await?,
                false if change.first_write => self.save_first(cx, store, &change).await?,
                false => self.save_last(cx, store, change).await?,
            }
        }
        Ok(None)
    }

    async fn transact(&self, cx: &CallContext, Transact { store, changes }: Transact) -> Result<(), OpError> {
        let store = store.as_str();
        let done = self.0.transact(store, transaction(&changes, false)?, cx.trace()).await.map_err(mismatch);
        let unguarded = changes.iter().all(|change| change.etag.is_none() && !change.first_write);
        match done {
            Err(e) if e.code == Code::EtagMismatch && unguarded => {
                self.0.transact(store, transaction(&changes, true)?, cx.trace()).await.map_err(mismatch)
            }
            done => done,
        }
    }

    /// Dapr guards only keys that are written. So what was read and not written is written as it was read, and what was
    /// absent is written first and deleted. Its transactions carry no messages of their own.
    async fn commit(&self, cx: &CallContext, Commit { store, unit }: Commit) -> Result<Vec<Message>, OpError> {
        let mut changes = Vec::new();
        for Read { key, etag, value, ttl_seconds } in unit.reads {
            let absent = etag.is_none();
            let value = if absent { b"null".to_vec() } else { value };
            let put = Some(Put { value, ttl_seconds });
            changes.push(Change { key: key.clone(), put, etag, first_write: absent });
            if absent {
                changes.push(Change { key, put: None, etag: None, first_write: false });
            }
        }
        changes.extend(unit.changes);
        match changes.pop() {
            // Alone it needs no transaction, and redis guards a first write only outside of one.
            Some(change) if changes.is_empty() => drop(self.save(cx, Save { store, change }).await?),
            Some(change) => {
                changes.push(change);
                self.transact(cx, Transact { store, changes }).await?;
            }
            None => {}
        }
        Ok(unit.messages)
    }

    /// A sidecar has no prefixes: keys of others are left out of its page, which may then be short.
    async fn query(
        &self,
        cx: &CallContext,
        Query { store, prefix, query }: &Query,
    ) -> Result<Found<(String, Item)>, OpError> {
        let answer = self.0.query_state(store, query.to_vec(), cx.trace()).await.map_err(from_dapr)?;
        if answer.body.is_empty() {
            return Ok(Found { results: Vec::new(), token: String::new() });
        }
        let page: QueryAnswer = serde_json::from_slice(&answer.body).map_err(|e| broken(&e))?;
        let own = |item: BulkItem| {
            let key = item.key.strip_prefix(prefix.as_str())?.to_owned();
            let value = answer.body.slice_ref(item.data?.get().as_bytes());
            Some((key, Item { value, etag: item.etag.unwrap_or_default(), expires: None }))
        };
        Ok(Found { results: page.results.into_iter().filter_map(own).collect(), token: page.token })
    }
}

/// The body of a transaction. With `replace` each value is deleted before it is written, which no store takes for a conflict.
fn transaction(changes: &[Change], replace: bool) -> Result<Vec<u8>, OpError> {
    let mut operations = Vec::new();
    for change in changes {
        let mut add = |operation, change: &Change| {
            let request = serde_json::value::to_raw_value(&SaveItem::new(change)?).map_err(|e| broken(&e))?;
            operations.push(Operation { operation, request });
            Ok::<_, OpError>(())
        };
        if replace || change.put.is_none() {
            add("delete", &Change { put: None, ..change.clone() })?;
        }
        if change.put.is_some() {
            add("upsert", change)?;
        }
    }
    serde_json::to_vec(&Transaction { operations }).map_err(|e| broken(&e))
}

#[derive(Deserialize)]
struct QueryAnswer<'a> {
    #[serde(borrow, default)]
    results: Vec<BulkItem<'a>>,
    #[serde(default)]
    token: String,
}

#[derive(Serialize)]
struct Transaction {
    operations: Vec<Operation>,
}

#[derive(Serialize)]
struct Operation {
    operation: &'static str,
    request: Box<RawValue>,
}
