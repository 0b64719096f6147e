//! What a block's side of Dapr's API has at hand, by HTTP and by gRPC.
//!
//! Owns: the block and the values that all blocks share, and who calls. Must not know: HTTP, gRPC, any block.
use super::call::CallContext;
use crate::allowance::{Allowance, Taker};
use crate::budget::Purse;
use crate::components::{Block, Components};
use crate::functions::Registry;
use crate::http::timed::Patience;
use crate::origin::Origin;
use std::ops::Deref;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What all blocks share.
pub struct Shared {
    /// The components by their names.
    pub components: Arc<Components>,
    /// The functions of this host.
    pub registry: Arc<Registry>,
    /// This host's app-id.
    pub app_id: Arc<str>,
    /// Largest request body, bytes.
    pub max_api_body_bytes: usize,
    /// Largest body of a call of a function, bytes.
    pub max_body_bytes: usize,
    /// How slowly the body of a call may come.
    pub patience: Patience,
    /// What requests and answers here hold of the process's memory.
    pub memory: Purse,
    /// Largest answer with values in it, bytes.
    pub max_answer_bytes: u64,
    /// Ends the streams that would never end by themselves.
    pub stop: CancellationToken,
}

impl Shared {
    /// The caller as blocks know callers: no function, no grants. `field` gives headers, or metadata, by their names.
    pub fn caller<'a>(&self, field: impl Fn(&'static str) -> Option<&'a str>) -> CallContext {
        CallContext {
            function: Arc::clone(&self.app_id),
            grants: Arc::default(),
            origin: Origin::from_fields(field),
            turn: None,
            memory: self.memory.clone(),
            allowance: Allowance::new(Taker::Client(self.max_answer_bytes), self.memory.clone()),
            resources: Arc::default(),
        }
    }

    /// Whether a component of that name exists.
    pub fn has(&self, block: Block, name: &str) -> bool {
        self.components.has(block, name)
    }
}

/// A block and what it shares with the others. Cheap to clone.
pub struct Context<B: ?Sized> {
    /// The block.
    pub block: Arc<B>,
    shared: Arc<Shared>,
}

impl<B: ?Sized> Context<B> {
    /// The context of a block.
    pub fn new(block: &Arc<B>, shared: &Arc<Shared>) -> Context<B> {
        Context { block: Arc::clone(block), shared: Arc::clone(shared) }
    }

    /// What it shares.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl<B: ?Sized> Clone for Context<B> {
    fn clone(&self) -> Context<B> {
        Context { block: Arc::clone(&self.block), shared: Arc::clone(&self.shared) }
    }
}

impl<B: ?Sized> Deref for Context<B> {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}
