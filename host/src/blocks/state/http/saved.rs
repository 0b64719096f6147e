//! Writes as clients send them, and what is wrong with them.
use crate::blocks::http::error::DaprApiError;
use crate::blocks::state::{Concurrency, Invalid, check_among, lifetime};
use crate::store::{Change, Put};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One item of a save, or the request of a transaction's operation.
#[derive(Deserialize)]
pub struct Saved<'a> {
    /// The key.
    #[serde(default)]
    pub key: String,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    etag: Option<Value>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    options: Map<String, Value>,
}

/// What is wrong, with the store where Dapr names it.
pub fn refused(store: &str, reason: Invalid) -> DaprApiError {
    let refused = DaprApiError::malformed(reason.to_string());
    match reason {
        Invalid::Reserved(_) => refused.rich("DAPR_STATE_ILLEGAL_KEY", Some(("state", store))),
        _ => refused,
    }
}

fn ttl(
    store: &str,
    metadata: &Map<String, Value>,
    query: &BTreeMap<String, String>,
) -> Result<Option<u64>, DaprApiError> {
    let from_query = query.get("metadata.ttlInSeconds").map(String::as_str);
    let given = match metadata.get("ttlInSeconds") {
        None => from_query,
        Some(Value::String(text)) => Some(from_query.unwrap_or(text)),
        Some(_) => return Err(DaprApiError::malformed("metadata values must be strings")),
    };
    lifetime(given).map_err(|reason| refused(store, reason))
}

impl Saved<'_> {
    /// The change; `put` says whether it writes or deletes.
    pub fn change(self, store: &str, put: bool, query: &BTreeMap<String, String>) -> Result<Change, DaprApiError> {
        check_among(&self.key).map_err(|reason| refused(store, reason))?;
        let etag = match self.etag {
            None | Some(Value::Null) => None,
            Some(Value::String(etag)) => Some(etag),
            // The JavaScript client's type for transactions.
            Some(Value::Object(mut object)) => match object.remove("value") {
                Some(Value::String(etag)) => Some(etag),
                _ => return Err(DaprApiError::malformed(format!("the etag of {} must be a string", self.key))),
            },
            Some(_) => return Err(DaprApiError::malformed(format!("the etag of {} must be a string", self.key))),
        };
        // The JavaScript client sends its enum's numbers: 1 is first-write.
        let first_write = match self.options.get("concurrency") {
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => first_write(store, text)?,
            _ => false,
        };
        let put = if put {
            let value = self.value.map_or_else(|| b"null".to_vec(), |value| value.get().as_bytes().to_vec());
            Some(Put { value, ttl_seconds: ttl(store, &self.metadata, query)? })
        } else {
            None
        };
        Ok(Change { key: self.key, put, etag, first_write })
    }
}

/// Whether `concurrency` names a first write.
pub fn first_write(store: &str, concurrency: &str) -> Result<bool, DaprApiError> {
    let concurrency = Concurrency::parse(concurrency).map_err(|reason| refused(store, reason))?;
    Ok(concurrency == Concurrency::FirstWrite)
}
