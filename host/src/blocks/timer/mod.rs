//! Timers: `timer.start` completes after a number of milliseconds. Waiting holds no thread and no slot.
use crate::blocks::call::{CallContext, Capability, OpResult, arguments, unknown};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The capability.
pub struct Timer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    ms: u64,
}

impl Capability for Timer {
    fn name(&self) -> &'static str {
        "timer"
    }

    fn call<'a>(
        &'a self,
        _: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        _: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            if verb != "start" {
                return Err(unknown(&format!("timer.{verb}")));
            }
            let Start { ms } = arguments("timer.start", args)?;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok((json!({}), Bytes::new()))
        })
    }
}
