//! Locks.
use super::http::{check_expiry, refusal};
use crate::blocks::grpc::{Call, proto};
use crate::blocks::http::Context;
use tonic::Status;

fn check(context: &Context, store: &str, resource: &str, owner: &str) -> Result<(), Status> {
    refusal(context, store, resource, owner).map_or(Ok(()), |(_, message)| Err(Status::invalid_argument(message)))
}

pub async fn lock(call: Call<proto::TryLockRequest>) -> Result<proto::TryLockResponse, Status> {
    let cx = call.caller();
    let proto::TryLockRequest { store_name, resource_id, lock_owner, expiry_in_seconds } = call.message;
    let expiry =
        check_expiry(&call.context, &store_name, expiry_in_seconds.into()).map_err(Status::invalid_argument)?;
    check(&call.context, &store_name, &resource_id, &lock_owner)?;
    let taken = call.context.lock.try_lock(&cx, &store_name, &resource_id, &lock_owner, expiry).await;
    let failed = |message| Status::internal(format!("failed to try acquiring lock: {message}"));
    taken.map(|success| proto::TryLockResponse { success }).map_err(|e| failed(e.message))
}

pub async fn unlock(call: Call<proto::UnlockRequest>) -> Result<proto::UnlockResponse, Status> {
    let cx = call.caller();
    let proto::UnlockRequest { store_name, resource_id, lock_owner } = call.message;
    check(&call.context, &store_name, &resource_id, &lock_owner)?;
    let released = call.context.lock.unlock(&cx, &store_name, &resource_id, &lock_owner).await;
    let failed = |message| Status::internal(format!("failed to release lock: {message}"));
    released.map(|status| proto::UnlockResponse { status: status as i32 }).map_err(|e| failed(e.message))
}
