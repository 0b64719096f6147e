//! Changes from a sidecar: this subscribes as functions come, change and go, and again after the sidecar was away. The
//! sidecar then calls `POST /configuration/{store}/{key}`.
//!
//! A key has one subscription for all functions that watch it; if a function watches a whole store, that is the store's
//! only one.
use super::{deliver, watchers};
use crate::blocks::configuration::{Items, told};
use crate::code::Code;
use crate::dapr::{DaprError, Sidecar};
use crate::functions::Registry;
use crate::http::ApiError;
use crate::http::status;
use crate::http::trust::only_sidecar;
use crate::http::wire::origin;
use crate::invoke::Invoker;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::routing::post;
use daplet_abi::reply::AckStatus;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Before a subscription that failed is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// A store, and a key of it; none: all.
type Place = (String, Option<String>);

/// What the route needs.
#[derive(Clone)]
pub struct Context {
    /// Who watches.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
}

/// The route.
pub fn routes(context: Context) -> Router {
    Router::new().route("/configuration/{store}/{*key}", post(changed)).with_state(context)
}

#[derive(Deserialize)]
struct Update {
    items: Items,
}

async fn changed(
    State(context): State<Context>,
    Path((store, _)): Path<(String, String)>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    only_sidecar(&headers, &extensions)?;
    let Ok(Update { items }) = serde_json::from_slice(&body) else { return Ok(status::of(&Code::BadRequest)) };
    let watching = watchers(&context.registry, &store, &told(items));
    let origin = origin(&headers, &extensions);
    let tell = |(function, items)| deliver(&context.invoker, function, &store, items, 0, origin.sibling());
    let deliveries = watching.iter().map(|(function, items)| tell((function, items)));
    let outcomes = futures::future::join_all(deliveries).await;
    // The log already has the reason of a failure. A missing function is not a failure: the subscription is about to end.
    let again = outcomes.iter().any(|outcome| !matches!(outcome, Ok(AckStatus::Success | AckStatus::Drop)));
    Ok(if again { status::AGAIN } else { status::OK })
}

/// Maintains the subscriptions.
pub struct Subscriptions {
    /// The way to the sidecar.
    pub sidecar: Sidecar,
    /// Who watches.
    pub registry: Arc<Registry>,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Subscriptions {
    /// Follows registry and sidecar until stopped, and takes back what it has asked for.
    pub async fn run(self) {
        let (mut functions, mut starts) = (self.registry.changes(), self.sidecar.starts());
        let (mut held, mut stale) = (BTreeMap::<Place, String>::new(), Vec::new());
        let (mut known, mut told) = (0, false);
        loop {
            functions.mark_unchanged();
            let started = *starts.borrow_and_update();
            if started != known {
                // Most likely another process, which does not know the subscriptions of the one before it.
                stale.extend(std::mem::take(&mut held).into_iter().map(|((store, _), id)| (store, id)));
            }
            known = started;
            let outcome = if started > 0 { self.reconcile(&mut held, &wanted(&self.registry)).await } else { Ok(()) };
            if outcome.is_ok() {
                for (store, id) in stale.drain(..) {
                    let _mostly_unknown = self.sidecar.unsubscribe_configuration(&store, &id).await;
                }
            }
            if let Err(error) = &outcome
                && !told
            {
                tracing::warn!("no changes of the configuration: {error}; trying again");
            }
            told = outcome.is_err();
            tokio::select! {
                changed = functions.changed() => if changed.is_err() { break },
                changed = starts.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(PAUSE), if told => {}
                () = self.stop.cancelled() => break,
            }
        }
        let _gone_with_the_sidecar = self.reconcile(&mut held, &BTreeSet::new()).await;
    }

    async fn reconcile(&self, held: &mut BTreeMap<Place, String>, wanted: &BTreeSet<Place>) -> Result<(), DaprError> {
        let mut outcome = Ok(());
        // New subscriptions first: when one takes over a key from another, no change is missed. A store that does not
        // exist delays no other.
        for place in wanted.iter().filter(|place| !held.contains_key(place)).cloned().collect::<Vec<_>>() {
            match self.sidecar.subscribe_configuration(&place.0, place.1.as_deref()).await {
                Ok(id) => drop(held.insert(place, id)),
                Err(error) => outcome = Err(error),
            }
        }
        let unwanted: Vec<Place> = held.keys().filter(|place| !wanted.contains(place)).cloned().collect();
        for place in unwanted {
            if let Some(id) = held.remove(&place) {
                // One that is unknown there has already ended.
                let _gone = self.sidecar.unsubscribe_configuration(&place.0, &id).await;
            }
        }
        outcome
    }
}

/// What functions watch, each key once.
fn wanted(registry: &Registry) -> BTreeSet<Place> {
    let functions = registry.list();
    let watched = || functions.iter().flat_map(|function| &function.record.exports.configuration);
    let whole: BTreeSet<&str> = watched().filter(|watch| watch.keys.is_empty()).map(|w| w.store.as_str()).collect();
    let mut wanted: BTreeSet<Place> = whole.iter().map(|store| ((*store).to_owned(), None)).collect();
    for watch in watched().filter(|watch| !whole.contains(watch.store.as_str())) {
        wanted.extend(watch.keys.iter().map(|key| (watch.store.clone(), Some(key.clone()))));
    }
    wanted
}
