//! Due jobs become events of the functions that own them. Return: done · throw: again, by the failure policy.
//!
//! Without a sidecar [`embedded`] runs them; behind one [`sidecar`] answers its scheduler's calls, and [`declared`]
//! schedules what modules declare.
pub mod declared;
pub mod embedded;
pub mod sidecar;

use crate::blocks::jobs::JobSpec;
use crate::blocks::json::Json;
use crate::functions::Function;
use crate::invoke::{InvokeError, Invoker};
use crate::origin::Origin;
use crate::surfaces::plain;
use daplet_abi::EventKind;
use daplet_abi::reply::AckStatus;
use serde::Serialize;
use std::sync::Arc;

/// The handler's argument.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Due<'a> {
    name: &'a str,
    data: Option<&'a Json>,
    scheduled_time: Option<String>,
}

/// Gives a job to its function; `planned` in ms since the epoch.
async fn deliver(
    invoker: &Invoker,
    function: &Arc<Function>,
    name: &str,
    job: &JobSpec,
    planned: u64,
    attempt: u32,
    origin: Origin,
) -> Result<AckStatus, InvokeError> {
    let head = plain(&origin, attempt);
    let planned = i64::try_from(planned).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let event = Due { name, data: job.data.as_ref(), scheduled_time: planned.map(|at| at.to_string()) };
    let event = serde_json::to_vec(&event).map_err(|e| InvokeError::internal(e.to_string()))?;
    invoker.deliver(function, EventKind::Job, &head, &event, origin.into()).await
}
