//! `state.commit`: a unit of work as a function sends it.
//!
//! Must not know: how a conflict is dealt with; its code reports it.
use super::{Entry, StateCapability, invalid, present};
use crate::blocks::call::{CallContext, OpResult, error};
use crate::blocks::pubsub::guest::may_publish;
use crate::blocks::pubsub::{DEFAULT_PUBSUB, Outgoing, Publish, outgoing};
use crate::blocks::state::unit::{Message, Read, Unit};
use crate::blocks::state::{Commit, Invalid, check_key};
use crate::code::{Code, OpError};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    reads: Vec<ReadEntry<'a>>,
    #[serde(borrow)]
    writes: Vec<Entry<'a>>,
    #[serde(borrow)]
    messages: Vec<MessageEntry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadEntry<'a> {
    key: String,
    etag: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    ttl_expire_time: Option<jiff::Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageEntry<'a> {
    pubsub: Option<String>,
    topic: String,
    #[serde(borrow)]
    event: &'a RawValue,
    content_type: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl StateCapability {
    /// Commits a unit of work. Messages that the store cannot take along are published after it.
    pub(super) async fn commit(&self, cx: &CallContext, store: String, prefix: &str, body: &[u8]) -> OpResult {
        let unit = decode(prefix, body)?;
        for Message { pubsub, topic, .. } in &unit.messages {
            may_publish(cx, pubsub, topic)?;
        }
        let first = unit.changes.first().map(|change| &change.key).or(unit.reads.first().map(|read| &read.key));
        let first = first.map(|key| key.strip_prefix(prefix).unwrap_or(key));
        let contended = json!({"store": store, "key": first, "within": prefix});
        let left = self.store.commit(cx, Commit { store, unit }).await.map_err(|e| conflict(e, contended))?;
        for Message { pubsub, topic, message } in left {
            let unpublished = |reason: String| {
                let message = format!(
                    "the state is committed, but a message to {topic} of {pubsub} could not be published: {reason}"
                );
                error(Code::Unavailable, message)
            };
            let failed = self
                .broker
                .publish(cx, Publish { pubsub: pubsub.clone(), topic: topic.clone(), messages: vec![message] })
                .await;
            let failed = failed.map_err(|e| unpublished(e.message))?;
            if let Some((_, reason)) = failed.into_iter().next() {
                return Err(unpublished(reason));
            }
        }
        Ok((json!({}), Bytes::new()))
    }
}

/// A lost race of a whole unit has a code of its own, so that the function can run again. The details name the key that
/// it lost.
fn conflict(e: OpError, contended: Value) -> OpError {
    if e.code != Code::EtagMismatch {
        return e;
    }
    OpError { code: Code::UnitConflict, details: contended, ..e }
}

fn decode(prefix: &str, body: &[u8]) -> Result<Unit, OpError> {
    let refused = |reason: String| error(Code::InvalidArgument, format!("state.commit: {reason}"));
    let body: Body = serde_json::from_slice(body).map_err(|e| refused(e.to_string()))?;
    let now = jiff::Timestamp::now();
    let read = |entry: ReadEntry| {
        // A lifetime that has just ended is as good as a second: the ETag no longer holds.
        let left = |at: jiff::Timestamp| u64::try_from(at.duration_since(now).as_secs()).unwrap_or(0).max(1);
        Ok::<_, OpError>(Read {
            key: whole_key(prefix, &entry.key).map_err(invalid)?,
            // Of a key that was absent the value is `null` too.
            value: entry.etag.as_ref().and(entry.value).map_or_else(Vec::new, |value| value.get().as_bytes().to_vec()),
            etag: entry.etag,
            ttl_seconds: entry.ttl_expire_time.map(left),
        })
    };
    let message = |entry: MessageEntry| {
        let MessageEntry { pubsub, topic, event, content_type, metadata } = entry;
        if topic.is_empty() {
            return Err(refused("a topic cannot be empty".to_owned()));
        }
        let message = outgoing(topic.clone(), event, content_type, metadata).map_err(refused)?;
        let message = Outgoing { entry_id: String::new(), ..message };
        Ok(Message { pubsub: pubsub.unwrap_or_else(|| DEFAULT_PUBSUB.to_owned()), topic, message })
    };
    Ok(Unit {
        reads: body.reads.into_iter().map(read).collect::<Result<_, _>>()?,
        changes: body.writes.into_iter().map(|entry| entry.change(prefix)).collect::<Result<_, _>>()?,
        messages: body.messages.into_iter().map(message).collect::<Result<_, _>>()?,
    })
}

fn whole_key(prefix: &str, key: &str) -> Result<String, Invalid> {
    check_key(key)?;
    Ok(format!("{prefix}{key}"))
}
