//! Secrets: one, or all of them.
use super::http::{absent, none_had, not_had};
use crate::blocks::grpc::{Call, proto};
use crate::blocks::http::Context;
use crate::components::Block;
use tonic::Status;

fn check_store(context: &Context, store: &str) -> Result<(), Status> {
    if context.components.has(Block::Secrets, store) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("failed finding secret store with key {store}")))
}

pub async fn get(call: Call<proto::GetSecretRequest>) -> Result<proto::GetSecretResponse, Status> {
    let cx = call.caller();
    let proto::GetSecretRequest { store_name: store, key, metadata } = call.message;
    check_store(&call.context, &store)?;
    let found = call.context.secrets.get(&cx, &store, &key, &metadata.into_iter().collect()).await;
    match found.map_err(|e| Status::internal(not_had(&store, &key, &e.message)))? {
        Some(secret) => Ok(proto::GetSecretResponse { data: secret.into_iter().collect() }),
        None => Err(Status::internal(not_had(&store, &key, &absent(&key)))),
    }
}

pub async fn get_bulk(call: Call<proto::GetBulkSecretRequest>) -> Result<proto::GetBulkSecretResponse, Status> {
    let cx = call.caller();
    let proto::GetBulkSecretRequest { store_name: store, metadata } = call.message;
    check_store(&call.context, &store)?;
    let found = call.context.secrets.get_bulk(&cx, &store, &metadata.into_iter().collect()).await;
    let found = found.map_err(|e| Status::internal(none_had(&store, &e)))?;
    cx.allowance
        .cover(crate::blocks::secrets::size(&found))
        .map_err(|e| Status::resource_exhausted(none_had(&store, &e.into())))?;
    let secret = |(key, values): (String, crate::blocks::secrets::Secret)| {
        (key, proto::SecretResponse { secrets: values.into_iter().collect() })
    };
    Ok(proto::GetBulkSecretResponse { data: found.into_iter().map(secret).collect() })
}
