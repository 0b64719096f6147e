//! Secrets: one, or all of them.
use super::{Get, GetBulk, Secret, SecretStore, size};
use crate::blocks::api;
use crate::blocks::grpc::{self, Methods, proto};
use crate::components::Block;
use tonic::Status;

type Context = api::Context<dyn SecretStore>;
type Call<Q> = grpc::Call<dyn SecretStore, Q>;

/// Its methods.
pub fn methods(context: Context) -> Methods<dyn SecretStore> {
    Methods::new(context).unary("GetSecret", get).unary("GetBulkSecret", get_bulk)
}

fn check_store(context: &Context, store: &str) -> Result<(), Status> {
    if context.has(Block::Secrets, store) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("failed finding secret store with key {store}")))
}

async fn get(call: Call<proto::GetSecretRequest>) -> Result<proto::GetSecretResponse, Status> {
    let cx = call.caller();
    let proto::GetSecretRequest { store_name: store, key, metadata } = call.message;
    check_store(&call.context, &store)?;
    let get = Get { store, key, metadata: metadata.into_iter().collect() };
    let found = call.context.block.get(&cx, &get).await;
    match found.map_err(|e| Status::internal(get.failure(&e.message)))? {
        Some(secret) => Ok(proto::GetSecretResponse { data: secret.into_iter().collect() }),
        None => Err(Status::internal(get.absent())),
    }
}

async fn get_bulk(call: Call<proto::GetBulkSecretRequest>) -> Result<proto::GetBulkSecretResponse, Status> {
    let cx = call.caller();
    let proto::GetBulkSecretRequest { store_name: store, metadata } = call.message;
    check_store(&call.context, &store)?;
    let get = GetBulk { store, metadata: metadata.into_iter().collect() };
    let found = call.context.block.get_bulk(&cx, &get).await;
    let found = found.map_err(|e| Status::internal(get.failure(&e)))?;
    let covered = cx.allowance.cover(size(&found));
    covered.map_err(|e| Status::resource_exhausted(get.failure(&e.into())))?;
    let secret =
        |(key, values): (String, Secret)| (key, proto::SecretResponse { secrets: values.into_iter().collect() });
    Ok(proto::GetBulkSecretResponse { data: found.into_iter().map(secret).collect() })
}
