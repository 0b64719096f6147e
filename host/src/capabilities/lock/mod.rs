//! Distributed locks: `lock.tryLock`, `lock.unlock`.
//!
//! Owns: operations and their arguments. Resources are one key space for the whole app, as in Dapr: functions that name the same
//! resource contend for it, which is what locks are for. Backends: `embedded`, `dapr`.
pub mod dapr;
pub mod embedded;

use super::{CallContext, Capability, OpResult, arguments, error, unknown};
use bytes::Bytes;
use daplet_abi::op::{OpError, codes};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The store that a function means when it names none.
pub const DEFAULT_LOCKS: &str = "lockstore";

/// What became of a release; Dapr's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockStatus {
    /// It is free now.
    Success = 0,
    /// Nobody held it, or it had expired.
    DoesNotExist = 1,
    /// Somebody else holds it.
    BelongsToOthers = 2,
    /// The store failed.
    InternalError = 3,
}

/// Where locks are kept.
pub trait LockStore: Send + Sync {
    /// Takes a lock; false where it is held.
    fn try_lock<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        resource: &'a str,
        owner: &'a str,
        expiry_seconds: u32,
    ) -> BoxFuture<'a, Result<bool, OpError>>;
    /// Gives a lock back.
    fn unlock<'a>(
        &'a self,
        cx: &'a CallContext,
        store: &'a str,
        resource: &'a str,
        owner: &'a str,
    ) -> BoxFuture<'a, Result<UnlockStatus, OpError>>;
}

/// The capability.
pub struct LockCapability(pub Arc<dyn LockStore>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    store: Option<String>,
    resource: String,
    owner: String,
    #[serde(default)]
    expiry_seconds: i64,
}

impl Capability for LockCapability {
    fn name(&self) -> &'static str {
        "lock"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        _: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            let args: Arguments = arguments(&format!("lock.{verb}"), args)?;
            let store = args.store.as_deref().unwrap_or(DEFAULT_LOCKS);
            for (name, value) in [("resource", &args.resource), ("owner", &args.owner)] {
                if value.is_empty() {
                    return Err(error(codes::INVALID_ARGUMENT, format!("lock.{verb}: {name} cannot be empty")));
                }
            }
            match verb {
                "tryLock" => {
                    let expiry = expiry(args.expiry_seconds)
                        .map_err(|e| error(codes::INVALID_ARGUMENT, format!("lock.tryLock: {e}")))?;
                    let success = self.0.try_lock(cx, store, &args.resource, &args.owner, expiry).await?;
                    Ok((json!({ "success": success }), Bytes::new()))
                }
                "unlock" => {
                    let status = self.0.unlock(cx, store, &args.resource, &args.owner).await?;
                    Ok((json!({ "status": status as i32 }), Bytes::new()))
                }
                other => Err(unknown(&format!("lock.{other}"))),
            }
        })
    }
}

/// A lifetime in seconds as Dapr has it, a positive 32-bit number.
pub fn expiry(seconds: i64) -> Result<u32, String> {
    match i32::try_from(seconds) {
        Ok(fits) if fits > 0 => Ok(fits.unsigned_abs()),
        _ => Err(format!("the expiry is {seconds} s, but must be 1 to {}", i32::MAX)),
    }
}
