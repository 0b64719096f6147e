//! State: values are bytes as they come; who wants JSON sends JSON.
use super::http::{illegal_key, parse_ttl};
use super::rfc3339;
use crate::blocks::grpc::{Call, failed, proto};
use crate::blocks::http::Context;
use crate::code::OpError;
use crate::components::Block;
use crate::store::{Change, Item, Put};
use ::dapr::dapr::proto::common::v1::{Etag, StateItem, StateOptions, state_options::StateConcurrency};
use std::collections::HashMap;
use tonic::Status;

fn check_store(context: &Context, store: &str) -> Result<(), Status> {
    if context.components.has(Block::State, store) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("state store {store} is not found")))
}

fn check_key(key: &str) -> Result<(), Status> {
    illegal_key(key).map_or(Ok(()), |reason| Err(Status::invalid_argument(reason)))
}

/// Several keys at once may have an empty one among them, as in Dapr.
fn check_among(key: &str) -> Result<(), Status> {
    if key.is_empty() { Ok(()) } else { check_key(key) }
}

fn expiry(item: &Item) -> HashMap<String, String> {
    item.expires.map(|at| ("ttlExpireTime".to_owned(), rfc3339(at))).into_iter().collect()
}

/// A missing key answers with nothing in it, which only its empty ETag tells from an empty value.
pub async fn get(call: Call<proto::GetStateRequest>) -> Result<proto::GetStateResponse, Status> {
    let cx = call.caller();
    let proto::GetStateRequest { store_name: store, key, .. } = call.message;
    check_store(&call.context, &store)?;
    check_key(&key)?;
    let found = call.context.state.get(&cx, &store, &key).await;
    let found = found.map_err(|e| failed(&format!("fail to get {key} from state store {store}"), &e))?;
    Ok(found.map_or_else(Default::default, |item| proto::GetStateResponse {
        metadata: expiry(&item),
        data: item.value.into(),
        etag: item.etag,
    }))
}

pub async fn get_bulk(call: Call<proto::GetBulkStateRequest>) -> Result<proto::GetBulkStateResponse, Status> {
    let cx = call.caller();
    let proto::GetBulkStateRequest { store_name: store, keys, .. } = call.message;
    check_store(&call.context, &store)?;
    keys.iter().try_for_each(|key| check_among(key))?;
    let failed = |e: OpError| failed(&format!("fail to get from state store {store}"), &e);
    let found = call.context.state.get_many(&cx, &store, &keys).await.map_err(failed)?;
    let size = keys.iter().zip(&found).map(|(key, item)| key.len() + item.as_ref().map_or(0, |item| item.value.len()));
    cx.allowance.cover(size.sum()).map_err(|e| failed(e.into()))?;
    let item = |(key, item): (String, Option<Item>)| match item {
        None => proto::BulkStateItem { key, ..Default::default() },
        Some(item) => {
            let metadata = expiry(&item);
            proto::BulkStateItem { key, data: item.value.into(), etag: item.etag, metadata, error: String::new() }
        }
    };
    Ok(proto::GetBulkStateResponse { items: keys.into_iter().zip(found).map(item).collect() })
}

fn first_write(options: Option<StateOptions>) -> bool {
    options.is_some_and(|options| options.concurrency == StateConcurrency::ConcurrencyFirstWrite as i32)
}

fn deletion(key: String, etag: Option<Etag>) -> Result<Change, Status> {
    check_among(&key)?;
    Ok(Change { key, put: None, etag: etag.map(|etag| etag.value), first_write: false })
}

fn upsert(item: StateItem) -> Result<Change, Status> {
    check_among(&item.key)?;
    let ttl = parse_ttl(item.metadata.get("ttlInSeconds").map(String::as_str)).map_err(Status::invalid_argument)?;
    Ok(Change {
        key: item.key,
        put: Some(Put { value: item.value, ttl_seconds: ttl }),
        etag: item.etag.map(|etag| etag.value),
        first_write: first_write(item.options),
    })
}

/// Each for itself; the first failure is told.
async fn change_all<T>(call: &Call<T>, store: &str, what: &str, changes: Vec<Change>) -> Result<(), Status> {
    let cx = call.caller();
    let changes = changes.into_iter().map(|change| call.context.state.change(&cx, store, change));
    let done = futures::future::join_all(changes).await;
    done.into_iter()
        .find_map(Result::err)
        .map_or(Ok(()), |e| Err(failed(&format!("{what} in state store {store}"), &e)))
}

pub async fn save(mut call: Call<proto::SaveStateRequest>) -> Result<(), Status> {
    let proto::SaveStateRequest { store_name: store, states } = std::mem::take(&mut call.message);
    check_store(&call.context, &store)?;
    states.iter().try_for_each(|item| check_key(&item.key))?;
    let changes = states.into_iter().map(upsert).collect::<Result<_, _>>()?;
    change_all(&call, &store, "failed saving state", changes).await
}

pub async fn delete(mut call: Call<proto::DeleteStateRequest>) -> Result<(), Status> {
    let proto::DeleteStateRequest { store_name: store, key, etag, .. } = std::mem::take(&mut call.message);
    check_store(&call.context, &store)?;
    check_key(&key)?;
    let change = deletion(key, etag)?;
    change_all(&call, &store, "failed deleting state", vec![change]).await
}

pub async fn delete_bulk(mut call: Call<proto::DeleteBulkStateRequest>) -> Result<(), Status> {
    let proto::DeleteBulkStateRequest { store_name: store, states } = std::mem::take(&mut call.message);
    check_store(&call.context, &store)?;
    states.iter().try_for_each(|item| check_key(&item.key))?;
    let changes = states.into_iter().map(|item| deletion(item.key, item.etag)).collect::<Result<_, _>>()?;
    change_all(&call, &store, "failed deleting state", changes).await
}

/// All or nothing, in order. As in Dapr every failure is INTERNAL, an ETag's too.
pub async fn transact(mut call: Call<proto::ExecuteStateTransactionRequest>) -> Result<(), Status> {
    let proto::ExecuteStateTransactionRequest { store_name: store, operations, .. } = std::mem::take(&mut call.message);
    check_store(&call.context, &store)?;
    let change = |operation: proto::TransactionalStateOperation| {
        let item = operation.request.unwrap_or_default();
        match operation.operation_type.as_str() {
            "upsert" => upsert(item),
            "delete" => deletion(item.key, item.etag),
            other => Err(Status::unimplemented(format!("operation type {other} not supported"))),
        }
    };
    let changes = operations.into_iter().map(change).collect::<Result<Vec<_>, _>>()?;
    let done = call.context.state.transact(&call.caller(), &store, changes).await;
    done.map_err(|e| Status::internal(format!("error while executing state transaction: {}", e.message)))
}

pub async fn query(call: Call<proto::QueryStateRequest>) -> Result<proto::QueryStateResponse, Status> {
    let cx = call.caller();
    let proto::QueryStateRequest { store_name: store, query, .. } = call.message;
    check_store(&call.context, &store)?;
    let found = call.context.state.query(&cx, &store, "", query.as_bytes()).await;
    let found = found.map_err(|e| failed(&format!("failed query in state store {store}"), &e))?;
    let item = |(key, item): (String, Item)| proto::QueryStateItem {
        key,
        data: item.value.into(),
        etag: item.etag,
        error: String::new(),
    };
    let results = found.results.into_iter().map(item).collect();
    Ok(proto::QueryStateResponse { results, token: found.token, ..Default::default() })
}
