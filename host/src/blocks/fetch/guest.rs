//! The verbs of functions: `fetch.send`, and `fetch.abort`, which gives a fetch up.
use super::client::{Fetcher, Response};
use super::failure::Failure;
use super::{Arguments, Request};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Bytes of a body after which others have their turn: decoding computes.
const TURN: usize = 64 << 10;

/// The capability.
pub struct FetchCapability(pub Arc<Fetcher>);

#[derive(Deserialize)]
struct Abort {
    fetch: u32,
}

#[async_trait]
impl Capability for FetchCapability {
    fn name(&self) -> &'static str {
        "fetch"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        let outside = cx.allowance.outside(self.0.most_open());
        match operation.verb() {
            "send" => {
                let arguments: Arguments = operation.arguments()?;
                let number = arguments.fetch;
                let request = arguments.request(operation.body)?;
                Ok(outside.run(number, self.send(cx, request)).await.unwrap_or(Err(Failure::Aborted))?)
            }
            "abort" => {
                let Abort { fetch } = operation.arguments()?;
                outside.abort(fetch);
                Ok((json!({}), Bytes::new()))
            }
            _ => Err(operation.unknown()),
        }
    }
}

impl FetchCapability {
    async fn send(&self, cx: &CallContext, request: Request) -> Result<(serde_json::Value, Bytes), Failure> {
        let Response { url, redirected, status, reason, headers, body, credentials } = self.0.send(cx, request).await?;
        let head = json!({
            "url": url, "redirected": redirected, "status": status, "statusText": reason, "headers": headers,
        });
        Ok((head, credentials.hidden_in(whole(body, cx).await?)))
    }
}

/// Reads a body as far as the function may take it.
async fn whole(mut body: super::body::Body, cx: &CallContext) -> Result<Bytes, Failure> {
    let (mut parts, mut since) = (Vec::new(), 0);
    while let Some(part) = body.part().await? {
        cx.allowance.take(part.len())?;
        since += part.len();
        parts.push(part);
        if since >= TURN {
            since = 0;
            tokio::task::yield_now().await;
        }
    }
    if let [only] = parts.as_slice() {
        return Ok(only.clone());
    }
    let mut joined = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
    parts.into_iter().for_each(|part: Bytes| joined.extend_from_slice(&part));
    Ok(joined.freeze())
}
