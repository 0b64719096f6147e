//! Uploads: `POST /functions` and `PUT /functions/N`.
use super::context::Context;
use super::describe::describe;
use super::entity::{etag, precondition};
use super::form::{media_type, parse};
use crate::functions::source::Language;
use crate::functions::{Client, Deployed, FunctionName, RegistryError};
use crate::http::whole::read;
use crate::http::{ApiError, status, trust};
use crate::limits::Limits;
use crate::observer::Source;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

/// How many copies of the source exist while it is checked and loaded, beside the body.
const COPIES: usize = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    name: Option<String>,
    language: Option<Language>,
    dry_run: Option<String>,
}

/// `POST /functions`.
pub async fn post(
    State(context): State<Context>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    (headers, extensions): (HeaderMap, Extensions),
    body: Body,
) -> Result<Response, ApiError> {
    let Query(parameters) = parameters.map_err(|e| ApiError::bad_request(e.body_text()))?;
    upload(context, None, parameters, (headers, trust::source(&extensions)), body).await
}

/// `PUT /functions/N`.
pub async fn put(
    State(context): State<Context>,
    Path(name): Path<String>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    (headers, extensions): (HeaderMap, Extensions),
    body: Body,
) -> Result<Response, ApiError> {
    let Query(parameters) = parameters.map_err(|e| ApiError::bad_request(e.body_text()))?;
    upload(context, Some(name), parameters, (headers, trust::source(&extensions)), body).await
}

async fn upload(
    context: Context,
    path_name: Option<String>,
    parameters: Parameters,
    (headers, source): (HeaderMap, Source),
    body: Body,
) -> Result<Response, ApiError> {
    let media_type = media_type(&headers)?;
    if let Some(name) = path_name.as_ref().or(parameters.name.as_ref()) {
        // Before the body: a client that asks first is not told to send it.
        FunctionName::new(name).map_err(|e| ApiError::bad_request(e.to_string()))?;
    }
    let body = read(body, context.max_source_bytes, "the source", "max_source_bytes", &context.memory).await?;
    let _copies = context.memory.take(COPIES * body.len()).map_err(|e| ApiError::no_memory(&e))?;
    let parsed = parse(media_type, &context.limits, &body)?;
    let name = one_name([path_name, parameters.name, parsed.name])?;
    let mut upload = parsed.upload;
    upload.name = FunctionName::new(&name).map_err(|e| ApiError::bad_request(e.to_string()))?;
    upload.language = parameters.language.or(upload.language);
    context.registry.refresh().await?;
    let (live, precondition) = (context.registry.get(&name), precondition(&headers));
    parsed.keep.apply(&mut upload, live.as_ref().map(|live| &live.record))?;
    check_ceilings(&upload.limits, &context.max_limits)?;
    // Before the work of a deployment; changes by others in the meantime are found when it is stored.
    precondition.check(live.as_ref().map(|live| live.record.version.as_str())).map_err(RegistryError::from)?;
    let dry_run = parameters.dry_run.is_some_and(|value| value != "0" && value != "false");
    let (function, deployed) =
        context.deployer.deploy(Client { peer: source.peer }, upload, precondition, dry_run).await?;
    let created = deployed == Deployed::Created;
    if matches!(deployed, Deployed::Created | Deployed::Replaced) {
        context.audit(&name, (live.as_deref().filter(|_| !created), Some(&function)), source);
    }
    let warnings = context.deployer.warnings(&function);
    for warning in warnings.iter().filter(|_| !dry_run) {
        tracing::warn!(function = %name, "{warning}");
    }
    let mut description = describe(&function);
    if !warnings.is_empty() {
        description["warnings"] = json!(warnings);
    }
    let mut response = (if created { status::CREATED } else { status::OK }, axum::Json(description)).into_response();
    response.headers_mut().insert(header::ETAG, etag(&function));
    if created && let Ok(location) = HeaderValue::from_str(&format!("/functions/{name}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The name, which may stand in several places if it is the same there.
fn one_name(places: [Option<String>; 3]) -> Result<String, ApiError> {
    let mut names = places.into_iter().flatten();
    let name = names.next().ok_or_else(|| {
        ApiError::bad_request("the function has no name: add ?name=… to the URL, or \"name\" to the JSON")
    })?;
    match names.find(|other| *other != name) {
        None => Ok(name),
        Some(other) => Err(ApiError::bad_request(format!(
            "the upload is for {name:?}, but also names {other:?}; the names in the path, in ?name= and in the JSON must be the same"
        ))),
    }
}

fn check_ceilings(limits: &Limits, max: &Limits) -> Result<(), ApiError> {
    let Some((name, value, max)) = limits.above(max).into_iter().next() else { return Ok(()) };
    let setting = format!("`{name}` under [limits.max] in the configuration file");
    let detail = format!("limits.{name} is {value}, but may be at most {max} on this server (setting: {setting})");
    let error = ApiError::bad_request(detail).with("limit", json!(name)).with("value", json!(value));
    Err(error.with("max", json!(max)).with("setting", json!(setting)))
}
