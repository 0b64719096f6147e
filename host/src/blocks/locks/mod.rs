//! Distributed locks: `lock.tryLock`, `lock.unlock`.
//!
//! Owns: operations, their arguments, whose a resource is. Resources are one key space for the whole app, as in Dapr: functions that
//! name the same resource contend for it, which is what locks are for. Without the grant `locks` a function takes only those of its
//! own name, so that none can hold up another. Backends: `embedded`, `sidecar`.
pub mod embedded;
pub mod grpc;
pub mod http;
pub mod sidecar;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use bytes::Bytes;
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

/// Which functions there are, for the resources that carry their names.
pub trait Names: Send + Sync {
    /// Whether there is a function of that name.
    fn has(&self, function: &str) -> bool;
}

/// The capability.
pub struct LockCapability {
    /// Where locks are kept.
    pub locks: Arc<dyn LockStore>,
    /// Who else may have a resource.
    pub names: Arc<dyn Names>,
    /// Longest lifetime, s (`max_lock_seconds`).
    pub longest: u32,
}

impl LockCapability {
    fn check_grant(&self, cx: &CallContext, store: &str, resource: &str) -> Result<(), OpError> {
        let granted = match &cx.grants.locks {
            Some(granted) => grants::allows_in(granted, store, resource),
            None => owns(&*self.names, &cx.function, resource),
        };
        if granted { Ok(()) } else { Err(grants::refused(&cx.function, "locks", &format!("{store}/{resource}"))) }
    }
}

/// Whether a resource is named after the function: its name, alone or before any character that ends it. Where another function's
/// longer name stands there too (`shop-admin` before `shop`), the resource is that one's.
fn owns(names: &dyn Names, function: &str, resource: &str) -> bool {
    let ends = |at: usize| resource.as_bytes().get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let longer = |at: &usize| ends(*at) && resource.get(..*at).is_some_and(|name| names.has(name));
    // A function's name has 63 bytes at most.
    resource.starts_with(function)
        && ends(function.len())
        && !(function.len() + 1..=resource.len().min(63)).any(|at| longer(&at))
}

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
                    return Err(error(Code::InvalidArgument, format!("lock.{verb}: {name} cannot be empty")));
                }
            }
            self.check_grant(cx, store, &args.resource)?;
            match verb {
                "tryLock" => {
                    let expiry = expiry(args.expiry_seconds, self.longest)
                        .map_err(|e| error(Code::InvalidArgument, format!("lock.tryLock: {e}")))?;
                    let success = self.locks.try_lock(cx, store, &args.resource, &args.owner, expiry).await?;
                    Ok((json!({ "success": success }), Bytes::new()))
                }
                "unlock" => {
                    let status = self.locks.unlock(cx, store, &args.resource, &args.owner).await?;
                    Ok((json!({ "status": status as i32 }), Bytes::new()))
                }
                other => Err(unknown(&format!("lock.{other}"))),
            }
        })
    }
}

/// A lifetime in seconds: a positive number, up to the operator's ceiling.
pub fn expiry(seconds: i64, longest: u32) -> Result<u32, String> {
    match u32::try_from(seconds) {
        Ok(fits) if (1..=longest).contains(&fits) => Ok(fits),
        _ => Err(format!("the expiry is {seconds} s, but must be 1 to {longest} (setting max_lock_seconds)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static [&'static str]);

    impl Names for Fixed {
        fn has(&self, function: &str) -> bool {
            self.0.contains(&function)
        }
    }

    #[test]
    fn a_resource_is_that_of_the_function_whose_name_it_begins_with() {
        let names = Fixed(&["shop", "shop-admin", "door", "shop-admin-2"]);
        for (function, resource, own) in [
            ("shop", "shop", true),
            ("shop", "shop/1", true),
            ("shop", "shop:order", true),
            ("shop", "shop-order", true),
            ("shop", "shop.x", true),
            ("shop", "shopping", false),
            ("shop", "door", false),
            ("shop", "shop-admin", false),
            ("shop", "shop-admin/1", false),
            ("shop", "shop-administrator", true),
            ("shop-admin", "shop-admin/1", true),
            ("shop-admin", "shop-admin-2", false),
            ("shop-admin", "shop/1", false),
            ("shop", "", false),
            ("shop", "Shop/1", false),
            ("shop", "shop-\u{e9}", true),
        ] {
            assert_eq!(owns(&names, function, resource), own, "{function} {resource}");
        }
    }

    #[test]
    fn a_lifetime_has_a_ceiling() {
        assert_eq!((expiry(1, 60), expiry(60, 60)), (Ok(1), Ok(60)));
        for wrong in [0, -1, 61, i64::from(i32::MAX), i64::MAX] {
            assert!(expiry(wrong, 60).is_err_and(|e| e.contains("max_lock_seconds")), "{wrong}");
        }
    }
}
