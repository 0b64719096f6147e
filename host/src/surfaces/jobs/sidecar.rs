//! What a sidecar's scheduler calls when a job is due: `POST /job/{name}`. A function that is missing never makes it 404: the job would
//! be taken as failed for good where the function may come back.
use super::deliver;
use crate::blocks::jobs::{JobSpec, parts};
use crate::blocks::json::Json;
use crate::functions::Registry;
use crate::http::status;
use crate::http::wire::origin;
use crate::http::{ApiError, trust};
use crate::invoke::Invoker;
use crate::origin::Origin;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::routing::post;
use daplet_abi::reply::AckStatus;
use std::sync::Arc;

/// What the route needs.
#[derive(Clone)]
pub struct Context {
    /// The functions that own jobs.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
}

/// The route.
pub fn routes(context: Context) -> Router {
    Router::new().route("/job/{name}", post(job)).with_state(context)
}

async fn job(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    trust::only_sidecar(&headers, &extensions)?;
    Ok(due(&context, &name, &body, origin(&headers, &extensions)).await)
}

async fn due(context: &Context, name: &str, body: &[u8], origin: Origin) -> StatusCode {
    let owner = parts(name).and_then(|(function, job)| Some((context.registry.get(function)?, job)));
    let Some((function, job)) = owner else {
        tracing::warn!("the job {name} is due, but no function is called as it begins");
        return status::BUSY;
    };
    let spec = JobSpec { data: Json::read(body), ..JobSpec::default() };
    match deliver(&context.invoker, &function, job, &spec, crate::store::now_ms(), 0, origin).await {
        Ok(AckStatus::Success | AckStatus::Drop) => status::OK,
        // Why it failed is in the log already.
        Ok(AckStatus::Retry) | Err(_) => status::AGAIN,
    }
}
