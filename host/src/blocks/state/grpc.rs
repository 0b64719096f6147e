//! State: values are bytes as they come; who wants JSON sends JSON.
use super::{Consistency, Get, GetMany, Invalid, Query, Save, StateStore, Transact, check_among, lifetime, rfc3339};
use crate::blocks::api;
use crate::blocks::grpc::{self, Methods, failed, proto};
use crate::code::OpError;
use crate::components::Block;
use crate::store::{Change, Item, Put};
use ::dapr::dapr::proto::common::v1::{Etag, StateItem, StateOptions, state_options};
use state_options::{StateConcurrency, StateConsistency};
use std::collections::HashMap;
use tonic::Status;

type Context = api::Context<dyn StateStore>;
type Call<Q> = grpc::Call<dyn StateStore, Q>;

/// Its methods.
pub fn methods(context: Context) -> Methods<dyn StateStore> {
    Methods::new(context)
        .unary("GetState", get)
        .unary("GetBulkState", get_bulk)
        .unary("SaveState", save)
        .unary("DeleteState", delete)
        .unary("DeleteBulkState", delete_bulk)
        .unary("ExecuteStateTransaction", transact)
        .unary("QueryStateAlpha1", query)
}

fn check_store(context: &Context, store: &str) -> Result<(), Status> {
    if context.components.has(Block::State, store) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("state store {store} is not found")))
}

fn refused(reason: Invalid) -> Status {
    Status::invalid_argument(reason.to_string())
}

fn expiry(item: &Item) -> HashMap<String, String> {
    item.expires.map(|at| ("ttlExpireTime".to_owned(), rfc3339(at))).into_iter().collect()
}

/// A missing key answers with nothing in it, which only its empty ETag tells from an empty value.
async fn get(call: Call<proto::GetStateRequest>) -> Result<proto::GetStateResponse, Status> {
    let cx = call.caller();
    let proto::GetStateRequest { store_name: store, key, consistency, .. } = call.message;
    check_store(&call.context, &store)?;
    let strong = consistency == StateConsistency::ConsistencyStrong as i32;
    let get = Get { store, key, consistency: if strong { Consistency::Strong } else { Consistency::Eventual } };
    get.check().map_err(refused)?;
    let failed = |e| failed(&format!("fail to get {} from state store {}", get.key, get.store), &e);
    let found = call.context.block.get(&cx, &get).await.map_err(failed)?;
    Ok(found.map_or_else(Default::default, |item| proto::GetStateResponse {
        metadata: expiry(&item),
        data: item.value.into(),
        etag: item.etag,
    }))
}

async fn get_bulk(call: Call<proto::GetBulkStateRequest>) -> Result<proto::GetBulkStateResponse, Status> {
    let cx = call.caller();
    let proto::GetBulkStateRequest { store_name: store, keys, .. } = call.message;
    check_store(&call.context, &store)?;
    let get = GetMany { store, keys };
    get.check().map_err(refused)?;
    let failed = |e: OpError| failed(&format!("fail to get from state store {}", get.store), &e);
    let found = call.context.block.get_many(&cx, &get).await.map_err(failed)?;
    let keys = get.keys.clone();
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

fn deletion(key: String, etag: Option<Etag>, options: Option<StateOptions>) -> Result<Change, Status> {
    check_among(&key).map_err(refused)?;
    Ok(Change { key, put: None, etag: etag.map(|etag| etag.value), first_write: first_write(options) })
}

fn upsert(item: StateItem) -> Result<Change, Status> {
    check_among(&item.key).map_err(refused)?;
    let ttl = lifetime(item.metadata.get("ttlInSeconds").map(String::as_str)).map_err(refused)?;
    Ok(Change {
        key: item.key,
        put: Some(Put { value: item.value, ttl_seconds: ttl }),
        etag: item.etag.map(|etag| etag.value),
        first_write: first_write(item.options),
    })
}

/// Each for itself; the first failure is reported.
async fn save_all<T>(call: &Call<T>, store: &str, what: &str, changes: Vec<Change>) -> Result<(), Status> {
    let saves: Vec<Save> = changes.into_iter().map(|change| Save { store: store.to_owned(), change }).collect();
    saves.iter().try_for_each(Save::check).map_err(refused)?;
    let cx = call.caller();
    let done = futures::future::join_all(saves.into_iter().map(|save| call.context.block.save(&cx, save))).await;
    done.into_iter()
        .find_map(Result::err)
        .map_or(Ok(()), |e| Err(failed(&format!("{what} in state store {store}"), &e)))
}

async fn save(mut call: Call<proto::SaveStateRequest>) -> Result<(), Status> {
    let proto::SaveStateRequest { store_name: store, states } = std::mem::take(&mut call.message);
    check_store(&call.context, &store)?;
    let changes = states.into_iter().map(upsert).collect::<Result<_, _>>()?;
    save_all(&call, &store, "failed saving state", changes).await
}

async fn delete(mut call: Call<proto::DeleteStateRequest>) -> Result<(), Status> {
    let proto::DeleteStateRequest { store_name: store, key, etag, options, .. } = std::mem::take(&mut call.message);
    check_store(&call.context, &store)?;
    let change = deletion(key, etag, options)?;
    save_all(&call, &store, "failed deleting state", vec![change]).await
}

async fn delete_bulk(mut call: Call<proto::DeleteBulkStateRequest>) -> Result<(), Status> {
    let proto::DeleteBulkStateRequest { store_name: store, states } = std::mem::take(&mut call.message);
    check_store(&call.context, &store)?;
    let changes =
        states.into_iter().map(|item| deletion(item.key, item.etag, item.options)).collect::<Result<_, _>>()?;
    save_all(&call, &store, "failed deleting state", changes).await
}

/// All or nothing, in order. As in Dapr every failure is INTERNAL, an ETag's too.
async fn transact(mut call: Call<proto::ExecuteStateTransactionRequest>) -> Result<(), Status> {
    let proto::ExecuteStateTransactionRequest { store_name: store, operations, .. } = std::mem::take(&mut call.message);
    check_store(&call.context, &store)?;
    let change = |operation: proto::TransactionalStateOperation| {
        let item = operation.request.unwrap_or_default();
        match operation.operation_type.as_str() {
            "upsert" => upsert(item),
            "delete" => deletion(item.key, item.etag, item.options),
            other => Err(Status::unimplemented(format!("operation type {other} not supported"))),
        }
    };
    let changes = operations.into_iter().map(change).collect::<Result<Vec<_>, _>>()?;
    let done = call.context.block.transact(&call.caller(), Transact { store, changes }).await;
    done.map_err(|e| Status::internal(format!("error while executing state transaction: {}", e.message)))
}

async fn query(call: Call<proto::QueryStateRequest>) -> Result<proto::QueryStateResponse, Status> {
    let cx = call.caller();
    let proto::QueryStateRequest { store_name: store, query, .. } = call.message;
    check_store(&call.context, &store)?;
    let query = Query { store, prefix: String::new(), query: query.into() };
    let found = call.context.block.query(&cx, &query).await;
    let found = found.map_err(|e| failed(&format!("failed query in state store {}", query.store), &e))?;
    let item = |(key, item): (String, Item)| proto::QueryStateItem {
        key,
        data: item.value.into(),
        etag: item.etag,
        error: String::new(),
    };
    let results = found.results.into_iter().map(item).collect();
    Ok(proto::QueryStateResponse { results, token: found.token, ..Default::default() })
}
