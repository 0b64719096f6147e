//! What a sidecar asks of an application that has actors: their types, once when it starts (`/dapr/config`), then a call for each turn.
use super::{Turns, turn};
use crate::blocks::actors::{Actor, callable};
use crate::blocks::call::CallContext;
use crate::code::Code;
use crate::dapr::Sidecar;
use crate::functions::Registry;
use crate::http::status;
use crate::http::wire::origin;
use crate::http::{ApiError, trust};
use crate::invoke::Invoker;
use crate::origin::Origin;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// What the routes need.
#[derive(Clone)]
pub struct Context {
    /// Who exports which type.
    pub registry: Arc<Registry>,
    /// What runs turns.
    pub invoker: Invoker,
    /// Who asks.
    pub sidecar: Sidecar,
    /// Callers do not see what a method threw.
    pub production: bool,
    /// Actors that are called now.
    pub turns: Turns,
    /// The types that the sidecar has asked for, if it has.
    pub known_types: KnownTypes,
}

/// The types that a sidecar knows.
#[derive(Clone, Default)]
pub struct KnownTypes(Arc<Mutex<Option<BTreeSet<String>>>>);

/// What a sidecar asks.
pub fn routes(context: Context) -> Router {
    let of = |kind: &'static str| {
        move |State(context): State<Context>, Path(at): Path<_>, headers, extensions, body| {
            due(context, kind, at, (headers, extensions, body))
        }
    };
    Router::new()
        .route("/dapr/config", get(config))
        .route("/actors/{type}/{id}", delete(|| async { status::OK }))
        .route("/actors/{type}/{id}/method/{method}", put(call))
        .route("/actors/{type}/{id}/method/remind/{name}", put(of("remind")))
        .route("/actors/{type}/{id}/method/timer/{name}", put(of("timer")))
        .with_state(context)
}

/// Asked once, when the sidecar starts: an answer before the functions are loaded would be the last one.
async fn config(State(context): State<Context>) -> Result<Json<Value>, ApiError> {
    context.sidecar.has_started();
    context.registry.refresh().await?;
    let types = context.registry.actors();
    let config = if types.is_empty() { json!({}) } else { json!({"entities": types, "drainRebalancedActors": true}) };
    *context.known_types.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(types);
    Ok(Json(config))
}

/// Logs each new type that the sidecar does not know, until stopped.
pub async fn watch(registry: Arc<Registry>, known_types: KnownTypes, stop: CancellationToken) {
    let mut changes = registry.changes();
    let mut said = BTreeSet::new();
    loop {
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = stop.cancelled() => return,
        }
        let Some(known) = known_types.0.lock().unwrap_or_else(PoisonError::into_inner).clone() else { continue };
        for name in registry.actors() {
            if !known.contains(&name) && said.insert(name.clone()) {
                tracing::warn!(
                    "the sidecar has asked for actor types already and will not learn of {name:?}: restart the sidecar"
                );
            }
        }
    }
}

async fn call(
    State(context): State<Context>,
    Path((kind, id, method)): Path<(String, String, String)>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Result<Response, ApiError> {
    trust::proven(&extensions)?;
    if let Err(error) = callable(&method) {
        return Err(ApiError::new(Code::ActorMethodNotFound, error.message));
    }
    take_turn(context, (&kind, &id), &method, origin(&headers, &extensions), body).await
}

/// Runs a reminder or a timer (`kind`) of that name; only a sidecar may send this.
async fn due(
    context: Context,
    kind: &str,
    (actor_type, id, name): (String, String, String),
    (headers, extensions, body): (HeaderMap, Extensions, Bytes),
) -> Result<Response, ApiError> {
    trust::only_sidecar(&headers, &extensions)?;
    let method = format!("{kind}/{name}");
    take_turn(context, (&actor_type, &id), &method, origin(&headers, &extensions), body).await
}

/// A sidecar takes 404 for an unknown method, and any status but 200 for a failure of the actor.
async fn take_turn(
    context: Context,
    (kind, id): (&str, &str),
    method: &str,
    origin: Origin,
    body: Bytes,
) -> Result<Response, ApiError> {
    let actor = Actor::new(kind, id).map_err(ApiError::bad_request)?;
    let Some(function) = context.registry.actor(kind) else {
        let detail = format!("no function exports the actor type {kind:?} now");
        return Err(ApiError::new(Code::ActorTypeNotFound, detail));
    };
    let place = context.turns.take(&actor).await;
    let place = place.map_err(|full| ApiError::new(Code::ActorBusy, full))?;
    let cx = CallContext {
        function: Arc::from(function.name.as_str()),
        grants: Arc::default(),
        origin,
        turn: None,
        memory: function.memory.clone(),
        allowance: crate::allowance::Allowance::default(),
        resources: Arc::default(),
    };
    let reply = turn(&context.invoker, &function, (actor, method, place), &body, &cx).await;
    let reply = reply.map_err(|e| ApiError::of_invocation(&e, context.production))?;
    let status = if reply.status == 404 { status::of(&Code::NotFound) } else { status::OK };
    Ok((status, [(header::CONTENT_TYPE, "application/json")], reply.body).into_response())
}
