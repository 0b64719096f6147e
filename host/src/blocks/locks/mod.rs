//! Distributed locks. Resources are one key space for the whole app, as in Dapr: those who name the same resource contend for it.
//!
//! Owns: the requests, which check themselves, and what a store does with them. Must not know: who asks, where locks are kept.
pub mod component;
pub mod embedded;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod sidecar;

use super::call::CallContext;
use crate::code::OpError;
use async_trait::async_trait;
use serde::Deserialize;
use std::sync::Arc;

/// The store of a request that names none.
pub const DEFAULT_LOCKS: &str = "lockstore";

/// Takes a lock: `lock.tryLock`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TryLock {
    /// The store.
    #[serde(default = "default_store")]
    pub store: String,
    /// What is locked.
    pub resource: String,
    /// Who holds it.
    pub owner: String,
    /// For how long, s.
    #[serde(default)]
    pub expiry_seconds: i64,
}

/// Gives a lock back: `lock.unlock`.
#[derive(Clone, Debug, Deserialize)]
pub struct Unlock {
    /// The store.
    #[serde(default = "default_store")]
    pub store: String,
    /// What is locked.
    pub resource: String,
    /// Who holds it.
    pub owner: String,
}

/// Why a request is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// It names no resource.
    NoResource,
    /// It names no owner.
    NoOwner,
    /// The lifetime is not a positive number up to the operator's ceiling.
    Expiry {
        /// What it says, s.
        seconds: i64,
        /// The ceiling, s.
        longest: u32,
    },
}

impl Invalid {
    /// Dapr's words.
    fn words(&self, store: &str) -> String {
        match self {
            Invalid::NoResource => format!("ResourceId is empty in lock store {store}"),
            Invalid::NoOwner => format!("LockOwner is empty in lock store {store}"),
            Invalid::Expiry { .. } => {
                format!("ExpiryInSeconds is not positive in lock store {store}: {}", self.expiry())
            }
        }
    }

    fn expiry(&self) -> String {
        match self {
            Invalid::Expiry { seconds, longest } => {
                format!("the expiry is {seconds} s, but must be 1 to {longest} (setting max_lock_seconds)")
            }
            _ => String::new(),
        }
    }
}

impl TryLock {
    /// Refuses what no store can do; the lifetime first, as Dapr does.
    pub fn check(&self, longest: u32) -> Result<(), Invalid> {
        let seconds = self.expiry_seconds;
        if !(1..=i64::from(longest)).contains(&seconds) {
            return Err(Invalid::Expiry { seconds, longest });
        }
        check_names(&self.resource, &self.owner)
    }
}

impl Unlock {
    /// Refuses what no store can do.
    pub fn check(&self) -> Result<(), Invalid> {
        check_names(&self.resource, &self.owner)
    }
}

fn check_names(resource: &str, owner: &str) -> Result<(), Invalid> {
    match (resource, owner) {
        ("", _) => Err(Invalid::NoResource),
        (_, "") => Err(Invalid::NoOwner),
        _ => Ok(()),
    }
}

fn default_store() -> String {
    DEFAULT_LOCKS.to_owned()
}

/// What became of a release; Dapr's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockStatus {
    /// It is free now.
    Success = 0,
    /// It was not held, or it had expired.
    DoesNotExist = 1,
    /// Another owner holds it.
    BelongsToOthers = 2,
    /// The store failed.
    InternalError = 3,
}

/// Where locks are kept.
#[async_trait]
pub trait LockStore: Send + Sync {
    /// Takes a lock; false where it is held.
    async fn try_lock(&self, cx: &CallContext, lock: &TryLock) -> Result<bool, OpError>;
    /// Gives a lock back.
    async fn unlock(&self, cx: &CallContext, unlock: &Unlock) -> Result<UnlockStatus, OpError>;
}

/// Locks, and the operator's ceiling on them.
#[derive(Clone)]
pub struct Locks {
    /// Where they are kept.
    pub store: Arc<dyn LockStore>,
    /// Longest lifetime, s (`max_lock_seconds`).
    pub longest: u32,
}

/// Which functions there are, for the resources that carry their names.
pub trait Names: Send + Sync {
    /// Whether there is a function of that name.
    fn has(&self, function: &str) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_has_a_ceiling() {
        let check = |expiry_seconds, longest| {
            let (store, resource, owner) = (default_store(), "door".to_owned(), "me".to_owned());
            TryLock { store, resource, owner, expiry_seconds }.check(longest)
        };
        assert_eq!((check(1, 60), check(60, 60)), (Ok(()), Ok(())));
        for wrong in [0, -1, 61, i64::from(i32::MAX), i64::MAX] {
            assert!(check(wrong, 60).is_err_and(|e| e.expiry().contains("max_lock_seconds")), "{wrong}");
        }
    }
}
