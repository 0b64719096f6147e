//! `/v1.0/configuration/{store}`: get. Changes are streamed over gRPC; over HTTP they are posted to an application, and here the
//! only one is this host.
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::{Context, metadata_of};
use crate::code::Code;
use crate::components::Block;
use crate::http::status;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;

fn check_store(context: &Context, store: &str) -> Result<(), DaprApiError> {
    match unknown_store(context, store) {
        None => Ok(()),
        Some(message) => Err(DaprApiError::new(Code::ConfigurationStoreNotFound, message)),
    }
}

/// Why a store is none.
pub fn unknown_store(context: &Context, store: &str) -> Option<String> {
    (!context.components.has(Block::Configuration, store)).then(|| format!("configuration store {store} not found"))
}

/// `{key: {value, version, metadata}}`; 204 where there is nothing.
pub async fn get(
    State(context): State<Context>,
    Path(store): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let keys: Vec<String> = query.iter().filter(|(name, _)| name == "key").map(|(_, key)| key.clone()).collect();
    let metadata = metadata_of(query.into_iter().collect::<BTreeMap<_, _>>());
    let found = context.configuration.get(&context.caller(&headers), &store, &keys, &metadata).await;
    match found {
        Ok(items) if items.is_empty() => Ok(status::NO_CONTENT.into_response()),
        Ok(items) => Ok(Json(items).into_response()),
        Err(e) => {
            let message = format!("failed to get {keys:?} from Configuration store {store}: {}", e.message);
            Err(DaprApiError::new(Code::ConfigurationGet, message))
        }
    }
}

/// As Dapr answers where no application listens.
pub async fn subscribe(State(context): State<Context>, Path(store): Path<String>) -> DaprApiError {
    let message = "app channel is not initialized. cannot subscribe to configuration updates; gRPC streams them";
    let without = DaprApiError::new(Code::AppChannelNil, message);
    check_store(&context, &store).err().unwrap_or(without)
}

/// There is no subscription to end.
pub async fn unsubscribe(State(context): State<Context>, Path((store, id)): Path<(String, String)>) -> DaprApiError {
    let message = format!("failed to unsubscribe to configuration request {id}: subscription does not exist");
    let unknown = DaprApiError::new(Code::ConfigurationUnsubscribe, message);
    check_store(&context, &store).err().unwrap_or(unknown)
}
