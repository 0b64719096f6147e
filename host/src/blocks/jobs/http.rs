//! `/v1.0/jobs/{name}` and `/v1.0-alpha1/jobs/{name}`. A job's name is `function.job`.
use super::{DeleteJob, GetJob, JobSpec, JobStore, ScheduleJob, check_name};
use crate::blocks::api;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::{fields, served};
use crate::blocks::json::Json;
use crate::code::Code;
use crate::http::status;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json as Answer, Router};
use serde::Serialize;
use std::collections::BTreeMap;

type Context = api::Context<dyn JobStore>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes = Router::new()
        .route("/v1.0/jobs/{name}", post(schedule).get(get).delete(delete))
        .route("/v1.0-alpha1/jobs/{name}", post(schedule).get(get).delete(delete));
    served(routes, context, |_, _| false)
}

/// A job and its name, as `GET` tells them.
#[derive(Serialize)]
struct Named {
    name: String,
    #[serde(flatten)]
    job: JobSpec,
}

/// A body: the job, and whether it may replace one of its name. Data stays as it is written.
fn read(body: &[u8]) -> serde_json::Result<(JobSpec, bool)> {
    let mut members: BTreeMap<String, Json> = serde_json::from_slice(body)?;
    let overwrite = members.remove("overwrite").map(|overwrite| serde_json::from_str::<Option<bool>>(overwrite.get()));
    let job = serde_json::from_str(&serde_json::to_string(&members)?)?;
    Ok((job, overwrite.transpose()?.flatten().unwrap_or_default()))
}

/// 204.
async fn schedule(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    check_name(&name, |function| context.registry.get(function).is_some()).map_err(DaprApiError::malformed)?;
    let (job, overwrite) = read(&body).map_err(|e| DaprApiError::unreadable(format!("job {name}: {e}")))?;
    let schedule = ScheduleJob { name, job, overwrite };
    let done = context.block.schedule(&context.caller(fields(&headers)), schedule).await;
    done.map(|()| status::NO_CONTENT).map_err(|e| match e.code {
        Code::InvalidArgument => DaprApiError::malformed(e.message),
        Code::QuotaExceeded => DaprApiError::new(Code::QuotaExceeded, e.message),
        Code::JobAlreadyExists => DaprApiError::new(Code::SchedulerScheduleJob, e.message).with_status_of(&e.code),
        _ => DaprApiError::new(Code::SchedulerScheduleJob, e.message),
    })
}

/// 200 with the job.
async fn get(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Answer<Named>, DaprApiError> {
    let failed = |message: String| DaprApiError::new(Code::SchedulerGetJob, message);
    let get = GetJob { name };
    let found = context.block.get(&context.caller(fields(&headers)), &get).await;
    let GetJob { name } = get;
    let found = found.map_err(|e| failed(e.message))?;
    let job = found.ok_or_else(|| failed(format!("job {name} is not found")).with_status_of(&Code::NotFound))?;
    Ok(Answer(Named { name, job }))
}

/// 204, whether there was one or not.
async fn delete(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    let done = context.block.delete(&context.caller(fields(&headers)), DeleteJob { name }).await;
    done.map(|()| status::NO_CONTENT).map_err(|e| DaprApiError::new(Code::SchedulerDeleteJob, e.message))
}
