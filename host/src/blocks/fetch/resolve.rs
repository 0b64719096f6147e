//! From a host's name to its addresses, by the system's resolver: what the operator's machine says of a name holds for functions too.
//!
//! Owns: the threads that wait for it, and who may have how many. Must not know: which addresses are allowed, connections.
use super::failure::Failure;
use crate::budget::{Budget, Purse};
use async_trait::async_trait;
use std::net::{IpAddr, ToSocketAddrs};
use std::thread::Builder;
use tokio::sync::oneshot;

/// Lookups at once. The system's resolver blocks its thread, and cannot be called off: a slow name server holds it for half a minute.
const LOOKUPS: u64 = 128;
/// Stack of such a thread, bytes; glibc's resolver needs less than half of it.
const STACK: usize = 512 << 10;

/// What finds addresses. Tests have one whose answers change.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of a host, in the order in which to try them. `purse` says how many lookups the function may still begin.
    async fn addresses(&self, host: &str, purse: &Purse) -> Result<Vec<IpAddr>, Failure>;
}

/// The places of lookups. Every function has a [`Purse`] of them: one that waits for slow name servers leaves room for others.
pub fn places() -> Budget {
    Budget::new(LOOKUPS)
}

/// The system's resolver.
pub struct System;

#[async_trait]
impl Resolver for System {
    async fn addresses(&self, host: &str, purse: &Purse) -> Result<Vec<IpAddr>, Failure> {
        let busy = |_| {
            Failure::Busy(format!("too many lookups of host names wait (of {LOOKUPS}), so {host} is not looked up"))
        };
        let place = purse.take(1).map_err(busy)?;
        let (sender, answer) = oneshot::channel();
        let name = host.to_owned();
        let lookup = move || {
            let found = (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect());
            drop(place);
            let _given_up = sender.send(found);
        };
        let thread = Builder::new().name("daplet-lookup".to_owned()).stack_size(STACK).spawn(lookup);
        thread.map_err(|e| Failure::Own(format!("no thread to look up {host}: {e}")))?;
        let not_found = |reason: String| Failure::NotFound { host: host.to_owned(), reason };
        match answer.await {
            Ok(found) => found.map_err(|e| not_found(e.to_string())),
            Err(_) => Err(not_found("the lookup ended without an answer".to_owned())),
        }
    }
}
