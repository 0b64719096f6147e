//! `/v1.0/jobs/{name}` and `/v1.0-alpha1/jobs/{name}`. A job's name is `function.job`.
use super::{JobSpec, parts};
use crate::blocks::http::Context;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::json::Json;
use crate::code::Code;
use crate::http::status;
use axum::Json as Answer;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use std::collections::BTreeMap;

/// A job and its name, as `GET` tells them.
#[derive(Serialize)]
pub struct Named {
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

/// Why a name is none: it has to say whose job it is.
pub fn check(context: &Context, name: &str) -> Result<(), String> {
    match parts(name) {
        Some((function, _)) if context.registry.get(function).is_some() => Ok(()),
        Some((function, _)) => Err(format!("job {name}: there is no function \"{function}\"")),
        None => Err(format!(
            "the job's name is {name:?}, but must be that of a function, a dot and the job's: \"hello.cleanup\""
        )),
    }
}

fn refused(message: String) -> DaprApiError {
    DaprApiError::new(Code::MalformedRequest, message)
}

/// 204.
pub async fn schedule(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, DaprApiError> {
    check(&context, &name).map_err(refused)?;
    let (job, overwrite) =
        read(&body).map_err(|e| refused(format!("failed deserializing HTTP body: job {name}: {e}")))?;
    let done = context.jobs.schedule(&context.caller(&headers), &name, job, overwrite).await;
    done.map(|()| status::NO_CONTENT).map_err(|e| match e.code {
        Code::InvalidArgument => refused(e.message),
        Code::QuotaExceeded => DaprApiError::new(Code::QuotaExceeded, e.message),
        Code::JobAlreadyExists => DaprApiError::new(Code::SchedulerScheduleJob, e.message).with_status_of(&e.code),
        _ => DaprApiError::new(Code::SchedulerScheduleJob, e.message),
    })
}

/// 200 with the job.
pub async fn get(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Answer<Named>, DaprApiError> {
    let failed = |message: String| DaprApiError::new(Code::SchedulerGetJob, message);
    let found = context.jobs.get(&context.caller(&headers), &name).await;
    let found = found.map_err(|e| failed(e.message))?;
    let job = found.ok_or_else(|| failed(format!("job {name} is not found")).with_status_of(&Code::NotFound))?;
    Ok(Answer(Named { name, job }))
}

/// 204, whether there was one or not.
pub async fn delete(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, DaprApiError> {
    let done = context.jobs.delete(&context.caller(&headers), &name).await;
    done.map(|()| status::NO_CONTENT).map_err(|e| DaprApiError::new(Code::SchedulerDeleteJob, e.message))
}
