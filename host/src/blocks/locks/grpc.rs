//! Locks.
use super::{Invalid, Locks, TryLock, Unlock};
use crate::blocks::api;
use crate::blocks::grpc::{self, Methods, proto};
use crate::components::Block;
use tonic::Status;

type Context = api::Context<Locks>;
type Call<Q> = grpc::Call<Locks, Q>;

/// Its methods.
pub fn methods(context: Context) -> Methods<Locks> {
    Methods::new(context).unary("TryLockAlpha1", lock).unary("UnlockAlpha1", unlock)
}

/// Refuses an invalid request, then one of a store that does not exist, in Dapr's order.
fn check(context: &Context, store: &str, valid: Result<(), Invalid>) -> Result<(), Status> {
    valid.map_err(|reason| Status::invalid_argument(reason.words(store)))?;
    if context.has(Block::Lock, store) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("lock store {store} not found")))
}

async fn lock(call: Call<proto::TryLockRequest>) -> Result<proto::TryLockResponse, Status> {
    let cx = call.caller();
    let proto::TryLockRequest { store_name: store, resource_id: resource, lock_owner: owner, expiry_in_seconds } =
        call.message;
    let lock = TryLock { store, resource, owner, expiry_seconds: expiry_in_seconds.into() };
    check(&call.context, &lock.store, lock.check(call.context.block.longest))?;
    let taken = call.context.block.store.try_lock(&cx, &lock).await;
    let failed = |message| Status::internal(format!("failed to try acquiring lock: {message}"));
    taken.map(|success| proto::TryLockResponse { success }).map_err(|e| failed(e.message))
}

async fn unlock(call: Call<proto::UnlockRequest>) -> Result<proto::UnlockResponse, Status> {
    let cx = call.caller();
    let proto::UnlockRequest { store_name: store, resource_id: resource, lock_owner: owner } = call.message;
    let unlock = Unlock { store, resource, owner };
    check(&call.context, &unlock.store, unlock.check())?;
    let released = call.context.block.store.unlock(&cx, &unlock).await;
    let failed = |message| Status::internal(format!("failed to release lock: {message}"));
    released.map(|status| proto::UnlockResponse { status: status as i32 }).map_err(|e| failed(e.message))
}
