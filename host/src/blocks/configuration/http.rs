//! `/v1.0/configuration/{store}`: get. Changes are streamed over gRPC; over HTTP they are posted to an application, and here the
//! only one is this host.
use super::{ConfigurationStore, Get, unknown_store};
use crate::blocks::api;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::{fields, metadata_of, served};
use crate::code::Code;
use crate::components::Block;
use crate::http::status;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get as getting;
use axum::{Json, Router};
use std::collections::BTreeMap;

type Context = api::Context<dyn ConfigurationStore>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes = Router::new()
        .route("/v1.0/configuration/{store}", getting(get))
        .route("/v1.0/configuration/{store}/subscribe", getting(subscribe))
        .route("/v1.0/configuration/{store}/{id}/unsubscribe", getting(unsubscribe));
    served(routes, context, |_, _| false)
}

fn check_store(context: &Context, store: &str) -> Result<(), DaprApiError> {
    if context.has(Block::Configuration, store) {
        return Ok(());
    }
    Err(DaprApiError::new(Code::ConfigurationStoreNotFound, unknown_store(store)))
}

/// `{key: {value, version, metadata}}`; 204 where there is nothing.
async fn get(
    State(context): State<Context>,
    Path(store): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, DaprApiError> {
    check_store(&context, &store)?;
    let keys: Vec<String> = query.iter().filter(|(name, _)| name == "key").map(|(_, key)| key.clone()).collect();
    let metadata = metadata_of(query.into_iter().collect::<BTreeMap<_, _>>());
    let get = Get { store, keys, metadata };
    match context.block.get(&context.caller(fields(&headers)), &get).await {
        Ok(items) if items.is_empty() => Ok(status::NO_CONTENT.into_response()),
        Ok(items) => Ok(Json(items).into_response()),
        Err(e) => {
            let Get { store, keys, .. } = get;
            let message = format!("failed to get {keys:?} from Configuration store {store}: {}", e.message);
            Err(DaprApiError::new(Code::ConfigurationGet, message))
        }
    }
}

/// As Dapr answers where no application listens.
async fn subscribe(State(context): State<Context>, Path(store): Path<String>) -> DaprApiError {
    let message = "app channel is not initialized. cannot subscribe to configuration updates; gRPC streams them";
    let without = DaprApiError::new(Code::AppChannelNil, message);
    check_store(&context, &store).err().unwrap_or(without)
}

/// There is no subscription to end.
async fn unsubscribe(State(context): State<Context>, Path((store, id)): Path<(String, String)>) -> DaprApiError {
    let message = format!("failed to unsubscribe to configuration request {id}: subscription does not exist");
    let unknown = DaprApiError::new(Code::ConfigurationUnsubscribe, message);
    check_store(&context, &store).err().unwrap_or(unknown)
}
