//! What the blocks share of Dapr's HTTP API (reference: Dapr 1.18).
//!
//! Owns: how a block's routes are served: their bodies, memory and callers. Must not know: any block.
//!
//! # Layout
//! - [`expect`]: clients that ask before they send
//! - [`error`]: Dapr's two shapes of errors
pub mod error;
pub mod expect;

use super::api::Context;
use crate::http::flight::counted;
pub use crate::http::wire::fields;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use expect::{IsAbsent, spare_body};
use std::collections::BTreeMap;

/// `metadata.x=y` of the query as `x: y`.
pub fn metadata_of(query: BTreeMap<String, String>) -> BTreeMap<String, String> {
    query.into_iter().filter_map(|(name, value)| Some((name.strip_prefix("metadata.")?.to_owned(), value))).collect()
}

/// A block's routes, ready to be merged with those of others. A call of what `is_absent` names has its body spared.
pub fn served<B: ?Sized + Send + Sync + 'static>(
    routes: Router<Context<B>>,
    context: Context<B>,
    is_absent: IsAbsent,
) -> Router {
    let (memory, limit) = (context.memory.clone(), context.max_api_body_bytes);
    counted(routes, memory, limit, error::unread)
        .layer(DefaultBodyLimit::max(limit))
        .layer(from_fn_with_state((context.shared().clone(), is_absent), spare_body))
        .with_state(context)
}
