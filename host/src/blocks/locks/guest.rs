//! The verbs of functions: `lock.tryLock`, `lock.unlock`.
//!
//! Owns: whose a resource is. Without the grant `locks` a function takes only those of its own name, so that none can hold up another.
use super::{Invalid, Locks, Names, TryLock, Unlock};
use crate::blocks::call::{CallContext, Capability, OpResult, Operation};
use crate::blocks::grants;
use crate::code::OpError;
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;

/// The capability.
pub struct LockCapability {
    /// The locks.
    pub locks: Locks,
    /// Who else may have a resource.
    pub names: Arc<dyn Names>,
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

/// What is wrong, in the words of functions.
fn refused(operation: &Operation<'_>, reason: &Invalid) -> OpError {
    operation.invalid(match reason {
        Invalid::NoResource => "resource cannot be empty".to_owned(),
        Invalid::NoOwner => "owner cannot be empty".to_owned(),
        Invalid::Expiry { .. } => reason.expiry(),
    })
}

#[async_trait]
impl Capability for LockCapability {
    fn name(&self) -> &'static str {
        "lock"
    }

    async fn call(&self, cx: &CallContext, operation: Operation<'_>) -> OpResult {
        match operation.verb() {
            "tryLock" => {
                let lock: TryLock = operation.arguments()?;
                super::check_names(&lock.resource, &lock.owner).map_err(|reason| refused(&operation, &reason))?;
                self.check_grant(cx, &lock.store, &lock.resource)?;
                lock.check(self.locks.longest).map_err(|reason| refused(&operation, &reason))?;
                let success = self.locks.store.try_lock(cx, &lock).await?;
                Ok((json!({ "success": success }), Bytes::new()))
            }
            "unlock" => {
                let unlock: Unlock = operation.arguments()?;
                unlock.check().map_err(|reason| refused(&operation, &reason))?;
                self.check_grant(cx, &unlock.store, &unlock.resource)?;
                let status = self.locks.store.unlock(cx, &unlock).await?;
                Ok((json!({ "status": status as i32 }), Bytes::new()))
            }
            _ => Err(operation.unknown()),
        }
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
}
