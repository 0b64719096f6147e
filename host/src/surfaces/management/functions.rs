//! `/functions`: upload, look, remove.
use crate::blocks::grants::Grants;
use crate::budget::Purse;
use crate::code::Code;
use crate::functions::source::Language;
use crate::functions::{
    Client, Deployed, Deployer, Function, FunctionName, Precondition, Record, Registry, RegistryError, Upload, Versions,
};
use crate::http::ApiError;
use crate::http::body::read;
use crate::http::flight::held_answers;
use crate::http::status;
use crate::http::trust::{self, CALLER, FromSidecar};
use crate::http::wire::DEPTH;
use crate::limits::Limits;
use crate::observer::{Change, Changed, Observer, Source};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the handlers need.
#[derive(Clone)]
pub struct Context {
    /// Where functions are.
    pub registry: Arc<Registry>,
    /// What is told of changes.
    pub observer: Observer,
    /// How they go live.
    pub deployer: Arc<Deployer>,
    /// Defaults of limits.
    pub limits: Limits,
    /// What an upload may ask for at most.
    pub max_limits: Limits,
    /// Largest source, bytes.
    pub max_source_bytes: usize,
    /// What uploads and answers hold of the process's memory.
    pub memory: Purse,
    /// A caller that comes through a Dapr sidecar is any other application: it may call functions, not read or upload them.
    pub refuse_invoked: bool,
}

impl Context {
    /// Reports a change that is on disk.
    fn audit(&self, name: &str, (old, new): (Option<&Function>, Option<&Function>), source: Source) {
        let what = match (old, new) {
            (None, Some(_)) => Changed::Uploaded,
            (Some(_), Some(_)) => Changed::Replaced,
            // One whose record could not be read has no version.
            (_, None) => Changed::Removed,
        };
        let version = |function: Option<&Function>| function.map(|function| function.record.version.clone());
        let grants = |function: Option<&Function>| function.map_or(Value::Null, |f| json!(f.record.grants));
        self.observer.change(&Change {
            what,
            function: name,
            old: version(old).as_deref(),
            new: version(new).as_deref(),
            grants: (grants(old), grants(new)),
            source,
        });
    }
}

/// Forms of a source that an upload holds beside its body.
const FORMS: usize = 3;

/// The management routes.
pub fn routes(context: Context) -> Router {
    let refuse_invoked = context.refuse_invoked;
    let one = get(show).put(put).delete(remove).fallback(not_allowed);
    let memory = context.memory.clone();
    let router = Router::new()
        .route("/functions", get(list).post(post).fallback(not_allowed))
        .route("/functions/{name}", one)
        .route("/functions/{name}/source", get(source).fallback(not_allowed))
        .merge(super::actors::routes())
        .layer(from_fn(move |request, next| refuse(refuse_invoked, request, next)))
        .with_state(context);
    held_answers(router, memory, |unread| ApiError::unread(unread).into_response())
}

/// An application that invokes itself is not named as a caller by its sidecar: a token shows it, and functions leave a mark.
async fn refuse(invoked: bool, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let came_through = headers.contains_key(CALLER) || headers.contains_key(DEPTH);
    if invoked && (came_through || request.extensions().get::<FromSidecar>().is_some()) {
        let detail = "functions are not managed through service invocation (setting manage_through_dapr); use the address of --listen";
        return ApiError::new(Code::Forbidden, detail).into_response();
    }
    next.run(request).await
}

/// What an address of management alone says to all other paths.
pub async fn elsewhere() -> ApiError {
    let detail =
        "management and health are here (setting admin_listen); functions are called at the address of --listen";
    ApiError::new(Code::NotFound, detail)
}

async fn not_allowed(method: Method) -> ApiError {
    let detail =
        format!("{method} is not supported here; GET, POST and PUT upload or read functions, DELETE removes one");
    ApiError::new(Code::MethodNotAllowed, detail)
        .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    name: Option<String>,
    language: Option<Language>,
    dry_run: Option<String>,
}

/// The JSON form of an upload.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UploadBody {
    name: Option<String>,
    source: String,
    language: Option<Language>,
    limits: Option<Value>,
    /// `null` keeps the value that the live version has.
    #[serde(default)]
    env: BTreeMap<String, Option<String>>,
    #[serde(default)]
    grants: Grants,
    /// From here on: what `GET /functions/N` says beside the rest, so that its answer can be sent back. An upload cannot set it.
    #[serde(default, rename = "version")]
    _version: IgnoredAny,
    #[serde(default, rename = "url")]
    _url: IgnoredAny,
    #[serde(default, rename = "handlers")]
    _handlers: IgnoredAny,
    #[serde(default, rename = "subscriptions")]
    _subscriptions: IgnoredAny,
    #[serde(default, rename = "schedules")]
    _schedules: IgnoredAny,
    #[serde(default, rename = "actors")]
    _actors: IgnoredAny,
    #[serde(default, rename = "bindings")]
    _bindings: IgnoredAny,
    #[serde(default, rename = "configuration")]
    _configuration: IgnoredAny,
    #[serde(default, rename = "initMs")]
    _init_ms: IgnoredAny,
    #[serde(default, rename = "snapshotBytes")]
    _snapshot_bytes: IgnoredAny,
    #[serde(default, rename = "created")]
    _created: IgnoredAny,
    #[serde(default, rename = "updated")]
    _updated: IgnoredAny,
    #[serde(default, rename = "warnings")]
    _warnings: IgnoredAny,
}

async fn post(
    State(context): State<Context>,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
    (headers, extensions): (HeaderMap, Extensions),
    body: Body,
) -> Result<Response, ApiError> {
    let Query(parameters) = parameters.map_err(|e| ApiError::bad_request(e.body_text()))?;
    upload(context, None, parameters, (headers, trust::source(&extensions)), body).await
}

async fn put(
    State(context): State<Context>,
    Path(name): Path<String>,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
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
    // It is there in several forms while it is checked and loaded.
    let _forms = context.memory.take(FORMS * body.len()).map_err(|e| ApiError::no_memory(&e))?;
    let parsed = parse(media_type, &context.limits, &body)?;
    let name = one_name([path_name, parameters.name, parsed.name])?;
    let mut upload = parsed.upload;
    upload.name = FunctionName::new(&name).map_err(|e| ApiError::bad_request(e.to_string()))?;
    upload.language = parameters.language.or(upload.language);
    context.registry.refresh().await?;
    let (live, precondition) = (context.registry.get(&name), precondition(&headers));
    parsed.keep.apply(&mut upload, live.as_ref().map(|live| &live.record))?;
    check_ceilings(&upload.limits, &context.max_limits)?;
    // Also before anything is done for it; what others do meanwhile is seen when it is stored.
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

/// The two forms of an upload.
pub enum MediaType {
    /// Everything in one JSON object.
    Json,
    /// The source alone, and its language where the media type tells.
    Source(Option<Language>),
}

/// The form that an upload's headers announce.
pub fn media_type(headers: &HeaderMap) -> Result<MediaType, ApiError> {
    let value = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Ok(MediaType::Json),
        "application/typescript" | "text/typescript" | "application/x-typescript" => {
            Ok(MediaType::Source(Some(Language::TypeScript)))
        }
        "application/javascript" | "text/javascript" | "application/ecmascript" | "application/x-javascript" => {
            Ok(MediaType::Source(Some(Language::JavaScript)))
        }
        // Also what any web page may send without asking first: text/plain, the types of forms, and nothing at all.
        other => {
            let said = if other.is_empty() {
                "the upload has no content-type".to_owned()
            } else {
                format!("{other:?} is not a media type of a function")
            };
            let detail = format!(
                "{said}; send the source with `content-type: text/javascript` or `text/typescript`, or the whole upload with `application/json`"
            );
            Err(ApiError::new(Code::UnsupportedMediaType, detail))
        }
    }
}

/// An upload's body.
pub struct Parsed {
    /// The name that it gives itself.
    pub name: Option<String>,
    /// The rest; of a placeholder's name.
    pub upload: Upload,
    keep: Keep,
}

/// What an upload takes from the version that is live.
enum Keep {
    /// Limits, env and grants: a source alone says nothing of them, and a restriction must not go without a word.
    Settings,
    /// Values of these in `env`.
    Values(Vec<String>),
}

impl Keep {
    fn apply(self, upload: &mut Upload, live: Option<&Record>) -> Result<(), ApiError> {
        match (self, live) {
            (Keep::Settings, Some(live)) => {
                let Record { limits, env, grants, .. } = live;
                (upload.limits, upload.env, upload.grants) = (limits.clone(), env.clone(), grants.clone());
            }
            (Keep::Settings, None) => {}
            (Keep::Values(names), live) => {
                for name in names {
                    let value = live.and_then(|live| live.env.get(&name)).ok_or_else(|| {
                        ApiError::bad_request(format!(
                            "env.{name} is null, which keeps its value, but the live version has none"
                        ))
                    })?;
                    upload.env.insert(name, value.clone());
                }
            }
        }
        Ok(())
    }
}

/// Reads an upload's body. `defaults` are for limits that it does not set.
pub fn parse(media_type: MediaType, defaults: &Limits, body: &[u8]) -> Result<Parsed, ApiError> {
    match media_type {
        MediaType::Json => from_json(defaults, body),
        MediaType::Source(language) => {
            Ok(Parsed { name: None, upload: from_source(defaults, body, language)?, keep: Keep::Settings })
        }
    }
}

fn from_source(defaults: &Limits, body: &[u8], language: Option<Language>) -> Result<Upload, ApiError> {
    let source =
        std::str::from_utf8(body).map_err(|e| ApiError::bad_request(format!("the source is not UTF-8: {e}")))?;
    Ok(Upload {
        name: placeholder()?,
        source: source.to_owned(),
        language,
        limits: defaults.clone(),
        env: BTreeMap::new(),
        grants: Grants::default(),
    })
}

/// Replaced as soon as the name is known.
fn placeholder() -> Result<FunctionName, ApiError> {
    FunctionName::new("unnamed").map_err(|e| ApiError::bad_request(e.to_string()))
}

fn from_json(defaults: &Limits, body: &[u8]) -> Result<Parsed, ApiError> {
    let body: UploadBody =
        serde_json::from_slice(body).map_err(|e| ApiError::bad_request(format!("the upload's JSON: {e}")))?;
    let limits = match body.limits {
        None | Some(Value::Null) => defaults.clone(),
        Some(given) => {
            // What is not given keeps the configured default.
            let mut all = json!(defaults);
            if let (Value::Object(all), Value::Object(given)) = (&mut all, given.clone()) {
                all.extend(given);
            }
            serde_json::from_value(all).map_err(|e| ApiError::bad_request(format!("limits: {e}")))?
        }
    };
    limits.check().map_err(|e| {
        ApiError::bad_request(format!("limits.{e}")).with("limit", json!(e.name)).with("value", json!(e.value))
    })?;
    body.grants.check().map_err(|e| ApiError::bad_request(format!("grants.{e}")))?;
    let kept = body.env.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.clone()).collect();
    let upload = Upload {
        name: placeholder()?,
        source: body.source,
        language: body.language,
        limits,
        env: body.env.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        grants: body.grants,
    };
    Ok(Parsed { name: body.name, upload, keep: Keep::Values(kept) })
}

fn check_ceilings(limits: &Limits, max: &Limits) -> Result<(), ApiError> {
    let Some((name, value, max)) = limits.above(max).into_iter().next() else { return Ok(()) };
    let setting = format!("`{name}` under [limits.max] in the configuration file");
    let detail = format!("limits.{name} is {value}, but may be at most {max} on this server (setting: {setting})");
    let error = ApiError::bad_request(detail).with("limit", json!(name)).with("value", json!(value));
    Err(error.with("max", json!(max)).with("setting", json!(setting)))
}

fn etag(function: &Function) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", function.record.version)).unwrap_or(HeaderValue::from_static("\"\""))
}

/// A list of entity tags (RFC 9110 §8.8.3).
fn versions(list: &HeaderValue) -> Versions {
    let list = list.to_str().unwrap_or_default();
    if list.trim() == "*" {
        return Versions::Any;
    }
    let tag = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    Versions::OneOf(list.split(',').map(tag).collect())
}

fn precondition(headers: &HeaderMap) -> Precondition {
    Precondition {
        matches: headers.get(header::IF_MATCH).map(versions),
        matches_none: headers.get(header::IF_NONE_MATCH).map(versions),
    }
}

fn describe(function: &Function) -> Value {
    let record = &function.record;
    json!({
        "name": function.name.as_str(),
        "version": record.version,
        "url": format!("/{}", function.name),
        "language": record.language,
        "handlers": record.exports.handlers,
        "subscriptions": record.exports.subscriptions,
        "schedules": record.exports.schedules,
        "actors": record.exports.actors,
        "bindings": record.exports.bindings,
        "configuration": record.exports.configuration,
        "limits": record.limits,
        "env": record.env.keys().map(|name| (name, None)).collect::<BTreeMap<_, Option<&str>>>(),
        "grants": record.grants,
        "initMs": record.init_ms,
        "snapshotBytes": record.snapshot_bytes,
        "created": record.created,
        "updated": record.updated,
    })
}

/// All that makes a version: sent back by PUT, it gives the same.
fn describe_whole(function: &Function) -> Value {
    let mut description = describe(function);
    description["source"] = json!(function.record.source);
    description["env"] = json!(function.record.env);
    description
}

/// As it is now, whichever replica changed it last.
async fn find(context: &Context, name: &str) -> Result<Arc<Function>, ApiError> {
    context.registry.refresh().await?;
    context.registry.get(name).ok_or_else(|| ApiError::absent(&context.registry, name))
}

async fn list(State(context): State<Context>) -> Result<Response, ApiError> {
    context.registry.refresh().await?;
    let mut functions: Vec<Value> = context.registry.list().iter().map(|function| describe(function)).collect();
    let damaged = context.registry.damaged();
    functions
        .extend(damaged.iter().map(|(name, reason)| json!({"name": name, "state": "outOfService", "reason": reason})));
    Ok(axum::Json(json!({ "functions": functions })).into_response())
}

fn unchanged(headers: &HeaderMap, function: &Function) -> bool {
    headers.get(header::IF_NONE_MATCH).is_some_and(|tags| versions(tags).have(Some(&function.record.version)))
}

async fn show(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let function = find(&context, &name).await?;
    let tag = [(header::ETAG, etag(&function))];
    if unchanged(&headers, &function) {
        return Ok((status::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, axum::Json(describe_whole(&function))).into_response())
}

async fn source(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let function = find(&context, &name).await?;
    let tag = [(header::ETAG, etag(&function))];
    if unchanged(&headers, &function) {
        return Ok((status::NOT_MODIFIED, tag).into_response());
    }
    let media_type = match function.record.language {
        Language::JavaScript => "text/javascript; charset=utf-8",
        Language::TypeScript => "text/typescript; charset=utf-8",
    };
    Ok((tag, [(header::CONTENT_TYPE, media_type)], function.record.source.clone()).into_response())
}

async fn remove(
    State(context): State<Context>,
    Path(name): Path<String>,
    (headers, extensions): (HeaderMap, Extensions),
) -> Result<Response, ApiError> {
    context.registry.refresh().await?;
    let named = FunctionName::new(&name).map_err(|_| ApiError::no_function(&name))?;
    let live = context.registry.get(&name);
    match context.deployer.remove(&named, precondition(&headers)).await? {
        true => {
            context.audit(&name, (live.as_deref(), None), trust::source(&extensions));
            Ok(status::NO_CONTENT.into_response())
        }
        false => Err(ApiError::no_function(&name)),
    }
}
