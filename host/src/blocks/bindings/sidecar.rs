//! Bindings of the Dapr sidecar.
use super::address::check_path;
use super::{Answer, Bindings, Invoke, failed};
use crate::blocks::call::{CallContext, error, from_dapr};
use crate::code::{Code, OpError};
use crate::dapr::Sidecar;
use crate::headers::is_reserved;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

/// The backend.
pub struct Dapr(pub Sidecar);

#[derive(Serialize)]
struct Body<'a> {
    operation: &'a str,
    metadata: &'a BTreeMap<String, String>,
    data: Option<Box<RawValue>>,
}

/// Dapr's HTTP API holds data as JSON: other text goes as a string, and bytes as one in base64.
fn as_json(data: &[u8]) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    if data.is_empty() {
        return Ok(None);
    }
    match (serde_json::from_slice::<Box<RawValue>>(data), std::str::from_utf8(data)) {
        (Ok(json), _) => Ok(Some(json)),
        (Err(_), Ok(text)) => to_raw_value(text).map(Some),
        (Err(_), Err(_)) => to_raw_value(&STANDARD.encode(data)).map(Some),
    }
}

#[async_trait]
impl Bindings for Dapr {
    async fn invoke(&self, cx: &CallContext, mut outgoing: Invoke) -> Result<Answer, OpError> {
        // Dapr's HTTP binding puts both into its request as they are.
        outgoing.metadata.retain(|name, _| !is_reserved(name));
        if let Some(path) = outgoing.metadata.get("path") {
            check_path(path).map_err(|reason| failed(&outgoing.name, &reason))?;
        }
        let broken = |e: serde_json::Error| error(Code::OperationFailed, format!("binding.invoke: {e}"));
        let data = as_json(&outgoing.data).map_err(broken)?;
        let body = Body { operation: &outgoing.operation, metadata: &outgoing.metadata, data };
        let body = serde_json::to_vec(&body).map_err(broken)?;
        let answer = self.0.invoke_binding(&outgoing.name, body, cx.trace()).await;
        let answer = answer.map_err(from_dapr)?;
        // Headers of HTTP have lost the case that the component gave its metadata.
        let metadata = answer.pairs().into_iter().filter_map(|(name, value)| {
            let name = name.strip_prefix("metadata.")?.to_owned();
            Some((if name == "statuscode" { "statusCode".to_owned() } else { name }, value))
        });
        Ok(Answer { metadata: metadata.collect(), data: answer.body })
    }
}
