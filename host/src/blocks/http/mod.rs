//! Dapr's own HTTP API over the embedded default, so that any Dapr client works without a sidecar.
//!
//! Owns: Dapr's routes, status codes and error JSON (reference: Dapr 1.18). Must not know: how state and messages are kept.
//!
//! # Layout
//! - each block's `http` serves its routes
//! - [`expect`] looks after clients that ask before they send
//! - [`error`] has Dapr's two shapes of errors
pub mod error;
pub mod expect;

use crate::allowance::{Allowance, Taker};
use crate::blocks::actors::Actors;
use crate::blocks::actors::embedded::Embedded as KeptReminders;
use crate::blocks::actors::http::{self as actors, reminders};
use crate::blocks::actors::reminders::{Reminders, Timers};
use crate::blocks::bindings::Bindings;
use crate::blocks::bindings::http as binding;
use crate::blocks::call::CallContext;
use crate::blocks::configuration::ConfigurationStore;
use crate::blocks::configuration::http as configuration;
use crate::blocks::crypto::CryptoProvider;
use crate::blocks::crypto::http as crypto;
use crate::blocks::invoke::OwnApp;
use crate::blocks::invoke::http as invoke;
use crate::blocks::jobs::JobStore;
use crate::blocks::jobs::http as jobs;
use crate::blocks::locks::LockStore;
use crate::blocks::locks::http as lock;
use crate::blocks::pubsub::Broker;
use crate::blocks::pubsub::http as publish;
use crate::blocks::secrets::SecretStore;
use crate::blocks::secrets::http as secrets;
use crate::blocks::state::StateStore;
use crate::blocks::state::http as state;
use crate::budget::Purse;
use crate::code::Code;
use crate::components::{Component, Components};
use crate::functions::Registry;
use crate::http::body::Patience;
use crate::http::flight::counted;
use crate::http::status;
use crate::origin::Origin;
use crate::store::Log;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post, put};
use axum::{Json, Router};
use daplet_abi::load::Subscription;
use error::DaprApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio_util::sync::CancellationToken;

/// What the routes need.
#[derive(Clone)]
pub struct Context {
    /// What there is, by name.
    pub components: Arc<Components>,
    /// State; keys are taken as they come.
    pub state: Arc<dyn StateStore>,
    /// The broker.
    pub broker: Arc<dyn Broker>,
    /// Where its messages are, unless a sidecar has them.
    pub log: Option<Log>,
    /// Secrets.
    pub secrets: Arc<dyn SecretStore>,
    /// Configuration.
    pub configuration: Arc<dyn ConfigurationStore>,
    /// Locks.
    pub lock: Arc<dyn LockStore>,
    /// Longest lifetime of a lock, s.
    pub max_lock_seconds: u32,
    /// Jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Actors.
    pub actors: Arc<dyn Actors>,
    /// Their reminders.
    pub reminders: Arc<dyn Reminders>,
    /// Where those are, unless a sidecar has them.
    pub kept_reminders: Option<KeptReminders>,
    /// Their timers.
    pub timers: Arc<dyn Timers>,
    /// Output bindings.
    pub binding: Arc<dyn Bindings>,
    /// Cryptography.
    pub crypto: Arc<dyn CryptoProvider>,
    /// This host's functions.
    pub own: Arc<dyn OwnApp>,
    /// For the list of subscriptions.
    pub registry: Arc<Registry>,
    /// This host's app-id.
    pub app_id: Arc<str>,
    /// Largest request body, bytes.
    pub max_body_bytes: usize,
    /// How slowly the body of a call may come.
    pub patience: Patience,
    /// What requests and answers here hold of the process's memory.
    pub memory: Purse,
    /// Largest answer with values in it, bytes.
    pub max_answer_bytes: u64,
    /// Ends the streams that would never end by themselves.
    pub stop: CancellationToken,
    /// `PUT /v1.0/metadata/{key}`.
    pub extended: Arc<RwLock<BTreeMap<String, String>>>,
}

impl Context {
    /// The caller as capabilities know callers: no function, no grants.
    pub fn caller(&self, headers: &HeaderMap) -> CallContext {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        CallContext {
            function: Arc::clone(&self.app_id),
            grants: Arc::default(),
            origin: Origin::from_fields(text),
            turn: None,
            memory: self.memory.clone(),
            allowance: Allowance::new(Taker::Client(self.max_answer_bytes), self.memory.clone()),
        }
    }
}

/// Dapr's API.
pub fn routes(context: Context) -> Router {
    let limit = axum::extract::DefaultBodyLimit::max(context.max_body_bytes);
    let named = |posted: MethodRouter<Context>| posted.get(state::get_named).delete(state::delete_named);
    let blocks = Router::new()
        .route("/v1.0/healthz", get(|| async { status::NO_CONTENT }))
        .route("/v1.0/healthz/outbound", get(|| async { status::NO_CONTENT }))
        .route("/v1.0/metadata", get(metadata))
        .route("/v1.0/metadata/{key}", put(set_metadata))
        .route("/v1.0/state/{store}", post(state::save).put(state::save))
        .route("/v1.0/state/{store}/bulk", named(post(state::bulk_get).put(state::bulk_get)))
        .route("/v1.0/state/{store}/transaction", named(post(state::transaction).put(state::transaction)))
        .route("/v1.0/state/{store}/{*key}", get(state::get).delete(state::delete))
        .route("/v1.0-alpha1/state/{store}/query", post(state::query).put(state::query))
        .route("/v1.0/publish/bulk/{pubsub}/{*topic}", post(publish::bulk).put(publish::bulk))
        .route("/v1.0-alpha1/publish/bulk/{pubsub}/{*topic}", post(publish::bulk).put(publish::bulk))
        .route("/v1.0/publish/{pubsub}/{*topic}", post(publish::one).put(publish::one))
        .route("/v1.0/secrets/{store}/bulk", get(secrets::bulk))
        .route("/v1.0/secrets/{store}/{*key}", get(secrets::get))
        .route("/v1.0/configuration/{store}", get(configuration::get))
        .route("/v1.0/configuration/{store}/subscribe", get(configuration::subscribe))
        .route("/v1.0/configuration/{store}/{id}/unsubscribe", get(configuration::unsubscribe))
        .route("/v1.0/jobs/{name}", post(jobs::schedule).get(jobs::get).delete(jobs::delete))
        .route("/v1.0-alpha1/jobs/{name}", post(jobs::schedule).get(jobs::get).delete(jobs::delete))
        .route("/v1.0/actors/{type}/{id}/method/{method}", any(actors::call))
        .route("/v1.0/actors/{type}/{id}/state", post(actors::save).put(actors::save))
        .route("/v1.0/actors/{type}/{id}/state/{*key}", get(actors::get))
        .route(
            "/v1.0/actors/{type}/{id}/reminders/{name}",
            post(reminders::set).put(reminders::set).get(reminders::get).delete(reminders::delete),
        )
        .route(
            "/v1.0/actors/{type}/{id}/timers/{name}",
            post(reminders::set_timer).put(reminders::set_timer).delete(reminders::delete_timer),
        )
        .route("/v1.0-alpha1/lock/{store}", post(lock::lock))
        .route("/v1.0-alpha1/unlock/{store}", post(lock::unlock))
        .route("/v1.0/bindings/{name}", post(binding::invoke).put(binding::invoke))
        .route("/v1.0-alpha1/crypto/{name}/encrypt", put(crypto::encrypt))
        .route("/v1.0-alpha1/crypto/{name}/decrypt", put(crypto::decrypt));
    // A call of a function counts as the function's.
    counted(blocks, context.memory.clone(), context.max_body_bytes, error::unread)
        .route("/v1.0/invoke/{app}/method/{*path}", any(invoke::by_path))
        .fallback(invoke::by_header)
        .layer(limit)
        .layer(from_fn_with_state(context.clone(), expect::spare_body))
        .with_state(context)
}

/// `metadata.x=y` of the query as `x: y`.
pub fn metadata_of(query: BTreeMap<String, String>) -> BTreeMap<String, String> {
    query.into_iter().filter_map(|(name, value)| Some((name.strip_prefix("metadata.")?.to_owned(), value))).collect()
}

/// What `metadata` gives as the runtime's version.
pub const RUNTIME_VERSION: &str = concat!("daplet-", env!("CARGO_PKG_VERSION"));

/// What the functions subscribe to.
pub fn subscriptions(context: &Context) -> impl Iterator<Item = Subscription> {
    let functions = context.registry.list();
    functions.into_iter().flat_map(|function| function.record.exports.subscriptions.clone())
}

async fn metadata(State(context): State<Context>) -> Response {
    let listed = context.components.listed.iter();
    let component =
        |c: &Component| json!({"name": c.name, "type": c.kind, "version": c.version, "capabilities": c.capabilities});
    let components: Vec<Value> = listed.map(component).collect();
    let subscriptions: Vec<Value> = subscriptions(&context)
        .map(|s| {
            json!({
                "pubsubname": s.pubsub, "topic": s.topic, "deadLetterTopic": s.dead_letter_topic.unwrap_or_default(),
                "metadata": {}, "rules": [], "type": "PROGRAMMATIC",
            })
        })
        .collect();
    let extended = context.extended.read().unwrap_or_else(PoisonError::into_inner).clone();
    Json(json!({
        "id": &*context.app_id,
        "runtimeVersion": RUNTIME_VERSION,
        "enabledFeatures": [],
        "actors": context.registry.actors().into_iter().map(|name| json!({"type": name})).collect::<Vec<_>>(),
        "components": components,
        "subscriptions": subscriptions,
        "extended": extended,
    }))
    .into_response()
}

async fn set_metadata(
    State(context): State<Context>,
    axum::extract::Path(key): axum::extract::Path<String>,
    value: String,
) -> Result<StatusCode, DaprApiError> {
    let full = |message| DaprApiError::new(Code::MetadataSet, message);
    set_extended(&context, key, value).map(|()| status::NO_CONTENT).map_err(full)
}

/// Sets an entry of the metadata, if there is room for it.
pub fn set_extended(context: &Context, key: String, value: String) -> Result<(), String> {
    const MAX_ENTRIES: usize = 1_000;
    let mut extended = context.extended.write().unwrap_or_else(PoisonError::into_inner);
    if extended.len() >= MAX_ENTRIES && !extended.contains_key(&key) {
        return Err(format!("metadata has {MAX_ENTRIES} entries already"));
    }
    extended.insert(key, value);
    Ok(())
}
