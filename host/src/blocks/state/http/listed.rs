//! Values as bulk get and queries list them, within what an answer may have.
use crate::allowance::{Allowance, Refused};
use crate::blocks::state::rfc3339;
use crate::store::Item;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A value as bulk get and queries list it: spliced in as it is kept, digit by digit.
#[derive(Serialize)]
pub struct Listed<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

impl<'a> Listed<'a> {
    /// The value of a key.
    pub fn new(key: &'a str, item: Option<&'a Item>) -> Listed<'a> {
        let data = item.and_then(|item| serde_json::from_slice::<&RawValue>(&item.value).ok());
        let lost = item.is_some() && data.is_none();
        Listed {
            key,
            data,
            etag: item.map(|item| item.etag.as_str()),
            metadata: item.and_then(|item| item.expires).map(|at| ("ttlExpireTime", rfc3339(at))).into_iter().collect(),
            error: lost.then_some("the value is not JSON: get it alone, or by gRPC"),
        }
    }

    /// Bytes in the answer, roughly.
    fn size(&self) -> usize {
        64 + self.key.len() + self.data.map_or(0, |data| data.get().len())
    }
}

/// An answer with values in it, within what an answer may have.
pub fn answer<'a, 'b: 'a>(
    body: &impl Serialize,
    listed: impl Iterator<Item = &'a Listed<'b>>,
    allowance: &Allowance,
) -> Result<Response, Refused> {
    let size: usize = listed.map(Listed::size).sum();
    allowance.cover(size)?;
    let mut text = Vec::with_capacity(size + 64);
    // Nothing in it can fail to be JSON.
    let _written = serde_json::to_writer(&mut text, body);
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// A page of a query.
#[derive(Serialize)]
pub struct Results<'a> {
    /// The results.
    pub results: Vec<Listed<'a>>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub token: &'a str,
}
