//! State: `state.get`, `getMany`, `put`, `delete`, `transact`, `commit`, `query`.
//!
//! Owns: operations, key spaces and their grants. A function's keys are `f/{function}/{key}` in the store, those of a shared
//! space `s/{space}/{key}`: functions share one Dapr app-id, so keeping them apart is ours. Backends: `embedded`, `sidecar`.
pub mod embedded;
pub mod grpc;
pub mod http;
pub mod query;
pub mod sidecar;
pub mod unit;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::grants;
use crate::blocks::pubsub::Broker;
use crate::code::{Code, OpError};
use crate::store::{Change, Item, Put};
use bytes::Bytes;
use futures::future::BoxFuture;
use query::Found;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use unit::{Message, Unit};

/// The store that a function means when it names none.
pub const DEFAULT_STORE: &str = "statestore";

/// Where state is kept. Keys are whole; values are JSON texts.
pub trait StateStore: Send + Sync {
    /// The value of a key.
    fn get<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Item>, OpError>>;
    /// The values of several keys, in their order. A key that stands there twice is read once.
    fn get_many<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<Item>>, OpError>>;
    /// One change; the new ETag where the backend tells it.
    fn change<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        change: Change,
    ) -> BoxFuture<'a, Result<Option<String>, OpError>>;
    /// All changes in order, or none.
    fn transact<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        changes: Vec<Change>,
    ) -> BoxFuture<'a, Result<(), OpError>>;
    /// The changes of a unit, in order, or none of them; [`Code::EtagMismatch`] when something is not as it was read. The
    /// messages that did not go with them are given back.
    fn commit<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        unit: Unit,
    ) -> BoxFuture<'a, Result<Vec<Message>, OpError>>;
    /// The page of a query (its JSON text) over keys that begin with `prefix`; keys without it.
    fn query<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        prefix: &'a str,
        query: &'a [u8],
    ) -> BoxFuture<'a, Result<Found<(String, Item)>, OpError>>;
}

/// The capability.
pub struct StateCapability {
    /// Where state is kept.
    pub store: Arc<dyn StateStore>,
    /// Where the messages of a unit of work go.
    pub broker: Arc<dyn Broker>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    store: Option<String>,
    space: Option<String>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    keys: Vec<String>,
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

impl Capability for StateCapability {
    fn name(&self) -> &'static str {
        "state"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        body: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            let args: Arguments = arguments(&format!("state.{verb}"), args)?;
            let store = args.store.as_deref().unwrap_or(DEFAULT_STORE);
            grants::require(&cx.function, "stores", cx.grants.stores.as_ref(), store)?;
            let prefix = prefix(cx, args.space.as_deref())?;
            match verb {
                "get" => {
                    let key = whole_key(&prefix, &args.key)?;
                    Ok(match self.store.get(cx, store, &key).await? {
                        Some(item) => (described(&item), item.value),
                        None => (json!({"found": false}), Bytes::new()),
                    })
                }
                "getMany" => {
                    let own = distinct(args.keys);
                    let keys: Vec<String> = own.iter().map(|key| in_space(&prefix, key)).collect::<Result<_, _>>()?;
                    let items = self.store.get_many(cx, store, &keys).await?;
                    let items: Vec<(String, Option<Item>)> = own.into_iter().zip(items).collect();
                    let (items, body) = listed(items);
                    Ok((json!({ "items": items }), body))
                }
                "put" => {
                    let put = Put { value: json_text(body)?, ttl_seconds: ttl(args.ttl_seconds)? };
                    whole_key(&prefix, &args.key)?;
                    let change = change(&prefix, &args.key, Some(put), args.etag, args.concurrency.as_deref())?;
                    let etag = self.store.change(cx, store, change).await?;
                    Ok((etag.map_or_else(|| json!({}), |etag| json!({ "etag": etag })), Bytes::new()))
                }
                "delete" => {
                    whole_key(&prefix, &args.key)?;
                    let change = change(&prefix, &args.key, None, args.etag, args.concurrency.as_deref())?;
                    self.store.change(cx, store, change).await?;
                    Ok((json!({}), Bytes::new()))
                }
                "transact" => {
                    let entries: Vec<Entry> = serde_json::from_slice(&body)
                        .map_err(|e| error(Code::InvalidArgument, format!("state.transact: {e}")))?;
                    let changes = entries.into_iter().map(|entry| entry.change(&prefix)).collect::<Result<_, _>>()?;
                    self.store.transact(cx, store, changes).await?;
                    Ok((json!({}), Bytes::new()))
                }
                "commit" => self.commit(cx, store, &prefix, &body).await,
                "query" => {
                    let Found { results, token } = self.store.query(cx, store, &prefix, &body).await?;
                    let (items, body) = listed(results.into_iter().map(|(key, item)| (key, Some(item))).collect());
                    Ok((json!({"items": items, "token": token}), body))
                }
                other => Err(unknown(&format!("state.{other}"))),
            }
        })
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
    let first_write = match concurrency {
        None | Some("last-write") => false,
        Some("first-write") => true,
        Some(other) => {
            let message = format!("concurrency is \"first-write\" or \"last-write\", not {other:?}");
            return Err(error(Code::InvalidArgument, message));
        }
    };
    Ok(Change { key: in_space(prefix, key)?, put, etag, first_write })
}

fn prefix(cx: &CallContext, space: Option<&str>) -> Result<String, OpError> {
    let Some(space) = space else { return Ok(format!("f/{}/", cx.function)) };
    if cx.grants.spaces.iter().any(|granted| granted == space) {
        return Ok(format!("s/{space}/"));
    }
    Err(grants::refused(&cx.function, "spaces", space))
}

fn whole_key(prefix: &str, key: &str) -> Result<String, OpError> {
    if key.is_empty() {
        return Err(error(Code::InvalidArgument, "a state key cannot be empty"));
    }
    in_space(prefix, key)
}

/// As [`whole_key`]; several keys at once may have an empty one among them, as in Dapr.
fn in_space(prefix: &str, key: &str) -> Result<String, OpError> {
    if key.contains("||") {
        return Err(error(
            Code::InvalidArgument,
            format!("the state key {key:?} contains \"||\", which Dapr keeps for itself"),
        ));
    }
    Ok(format!("{prefix}{key}"))
}

/// `-1`, 0 and absence mean for ever, as in Dapr.
fn ttl(seconds: Option<i64>) -> Result<Option<u64>, OpError> {
    match seconds {
        None | Some(-1 | 0) => Ok(None),
        Some(seconds) => match u64::try_from(seconds) {
            Ok(seconds) if seconds > 0 => Ok(Some(seconds)),
            _ => Err(error(
                Code::InvalidArgument,
                format!("ttlSeconds is {seconds}, but must be above 0, or -1 for ever"),
            )),
        },
    }
}

fn json_text(body: Bytes) -> Result<Vec<u8>, OpError> {
    match serde_json::from_slice::<&RawValue>(&body) {
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

/// A moment as Dapr writes it.
pub fn rfc3339(ms: u64) -> String {
    let moment = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.map_or_else(String::new, |moment| moment.to_string())
}
