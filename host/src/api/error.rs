//! The one place that picks HTTP statuses: every failure becomes `application/problem+json` (RFC 9457) with a code.
use super::body::{Slow, Unread};
use crate::budget::{self, BudgetError};
use crate::functions::checker::{CheckerError, Exceeded};
use crate::functions::source::SourceError;
use crate::functions::{Function, Registry, RegistryError, Unmet, UploadError};
use crate::invoke::InvokeError;
use crate::quotas::QuotaExceeded;
use crate::sandbox::SandboxError;
use crate::store::StoreError;
use crate::store::file::is_full;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daplet_abi::op;
use daplet_abi::reply::{JsError, codes};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A failure as an HTTP answer.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: String,
    detail: String,
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// An answer with this status and code.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> ApiError {
        ApiError { status, code: code.to_owned(), detail: detail.into(), extra: Map::new(), headers: Vec::new() }
    }

    /// 400 for what the caller sent.
    pub fn bad_request(detail: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "badRequest", detail)
    }

    /// 404 for a function that is not there.
    pub fn no_function(name: &str) -> ApiError {
        let detail = format!("there is no function {name:?}; GET /functions lists those that there are");
        ApiError::new(StatusCode::NOT_FOUND, codes::SCRIPT_NOT_FOUND, detail)
    }

    /// Why a function that is not live cannot be shown or called: it is out of service (503), or there is none (404).
    pub fn absent(registry: &Registry, name: &str) -> ApiError {
        let Some(reason) = registry.damage(name) else { return ApiError::no_function(name) };
        let detail = format!(
            "the function {name:?} is out of service: its record cannot be read ({reason}); upload it again, or remove it"
        );
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "outOfService", detail)
    }

    /// 404 for a function that answers no requests.
    pub fn no_handler(function: &Function) -> ApiError {
        let exports = &function.record.exports;
        let named = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let has = match (exports.handlers.as_slice(), exports.actors.as_slice()) {
            ([], actors) => format!("the actors {}", named(actors)),
            (handlers, _) => named(handlers),
        };
        let name = &function.name;
        let detail = format!(
            "{name} has no handler for requests: it exports {has}; export `fetch`, or a function named as the method"
        );
        ApiError::new(StatusCode::NOT_FOUND, "noHandler", detail)
    }

    /// 503 while it is not known which functions there are.
    pub fn not_loaded(reason: &str) -> ApiError {
        let detail = format!("the functions are not loaded yet: {reason}");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "registryNotLoaded", detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Its words.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Headers that its answer has beside the usual ones.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// Status, name and words, and the setting that changes a limit: for callers that are told of failures in one line.
    pub fn line(&self) -> String {
        let text = |name: &str| self.extra.get(name).and_then(Value::as_str);
        let name = text("name").map_or_else(String::new, |name| format!("{name}: "));
        let setting = text("setting").map_or_else(String::new, |setting| format!(" ({setting})"));
        format!("({}) {name}{}{setting}", self.status.as_u16(), self.detail)
    }

    /// What a program reads of it: the members of the problem, without its stack.
    pub fn members(&self) -> Map<String, Value> {
        let mut members = self.extra.clone();
        members.remove("stack");
        members.insert("status".to_owned(), json!(self.status.as_u16()));
        members.insert("code".to_owned(), json!(self.code));
        members
    }

    /// 412 for a condition that does not hold.
    fn unmet(unmet: &Unmet) -> ApiError {
        let which = match unmet.wanted {
            true => "If-Match names another version",
            false => "If-None-Match names the live version",
        };
        ApiError::new(StatusCode::PRECONDITION_FAILED, "preconditionFailed", format!("{which}; {unmet}"))
    }

    /// 413 for a body above a limit.
    pub fn too_large(what: &str, limit: usize, setting: &str) -> ApiError {
        let detail = format!("{what} is larger than the limit of {limit} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "payloadTooLarge", detail).of_setting(setting, limit)
    }

    /// 408 for what did not arrive in time.
    pub fn too_slow(what: &str, within: Duration, setting: &str) -> ApiError {
        let within = within.as_millis();
        let detail = format!("{what} did not arrive within {within} ms");
        let limit = usize::try_from(within).unwrap_or(usize::MAX);
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "requestTimeout", detail).of_setting(setting, limit)
    }

    /// 408 for what came slower than it may.
    pub fn too_slow_pace(what: &str, rate: u64) -> ApiError {
        let detail = format!("{what} came slower than {rate} bytes a second, averaged over ten seconds");
        let limit = usize::try_from(rate).unwrap_or(usize::MAX);
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "requestTimeout", detail).of_setting("min_rate_bytes", limit)
    }

    /// What a router with no words of its own says of a body that was not read, or of an answer without memory.
    pub fn unread(unread: Unread) -> ApiError {
        match unread {
            Unread::TooLarge => {
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "payloadTooLarge", "the request body is too large")
            }
            Unread::NoMemory(e) => ApiError::no_memory(&e),
            Unread::Slow(Slow::Late(within)) => ApiError::too_slow("the request body", within, "body_ms"),
            Unread::Slow(Slow::Pace(rate)) => ApiError::too_slow_pace("the request body", rate),
            Unread::Broken(reason) => ApiError::bad_request(format!("the request body could not be read: {reason}")),
        }
    }

    /// 414 for a request line above the limit.
    pub fn line_too_long(limit: usize) -> ApiError {
        let detail = format!("the request line is longer than the limit of {limit} bytes");
        ApiError::new(StatusCode::URI_TOO_LONG, "uriTooLong", detail).of_setting("max_request_line_bytes", limit)
    }

    /// 431 for a head above the limit.
    pub fn head_too_large(limit: usize) -> ApiError {
        let detail = format!("request line and headers are larger than the limit of {limit} bytes");
        let error = ApiError::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headersTooLarge", detail);
        error.of_setting("max_head_bytes", limit)
    }

    /// 431 for more headers than the server takes.
    pub fn too_many_headers() -> ApiError {
        let detail = "the request has more than 100 headers";
        let error = ApiError::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headersTooLarge", detail);
        error.with("limit", json!("headers")).with("value", json!(100))
    }

    /// 503 for a connection above the limit.
    pub fn too_many_connections(limit: usize) -> ApiError {
        let detail = format!("{limit} connections are open already");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, codes::LOAD_SHED, detail)
            .of_setting("max_connections", limit)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 507 for a write that the disk has no room for.
    fn disk_full(error: &dyn std::error::Error) -> ApiError {
        let detail = format!(
            "{error}; the disk of the data folder (setting data_dir) is full: make room, reads go on meanwhile"
        );
        ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "diskFull", detail)
    }

    /// 503 for what the process has no memory for now.
    pub fn no_memory(e: &BudgetError) -> ApiError {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, budget::CODE, e.to_string())
            .of_setting(budget::SETTING, usize::try_from(e.limit >> 20).unwrap_or(usize::MAX))
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    fn of_setting(self, setting: &str, value: usize) -> ApiError {
        self.with("limit", json!(setting))
            .with("value", json!(value))
            .with("setting", json!(format!("`--{}`", setting.replace('_', "-"))))
    }

    /// The option that changes what holds.
    pub fn with_setting(self, option: &str) -> ApiError {
        self.with("setting", json!(format!("`{option}`")))
    }

    /// 503 for what a server in safe mode does not take.
    pub fn safe_mode() -> ApiError {
        let detail = "the server runs in safe mode (--safe-mode): it takes no deliveries, jobs, reminders and timers";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "safeMode", detail)
    }

    /// 507 for what would exceed a quota.
    pub fn quota_exceeded(exceeded: &QuotaExceeded) -> ApiError {
        ApiError::new(StatusCode::INSUFFICIENT_STORAGE, op::codes::QUOTA_EXCEEDED, exceeded.to_string())
            .with("quota", json!(exceeded.quota()))
            .with("limit", json!(exceeded.limit))
            .with("actual", json!(exceeded.actual))
            .with("setting", json!(exceeded.setting()))
    }

    /// One more member of the problem.
    pub fn with(mut self, name: &str, value: Value) -> ApiError {
        self.extra.insert(name.to_owned(), value);
        self
    }

    /// One more header.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> ApiError {
        self.headers.push((name, value));
        self
    }

    fn with_js(mut self, js: &JsError) -> ApiError {
        self.extra.insert("name".to_owned(), json!(js.name));
        self.extra.insert("stack".to_owned(), json!(js.stack));
        if let Some(cause) = &js.cause {
            self.extra.insert("cause".to_owned(), json!(cause));
        }
        if let Some(top) = js.stack.first() {
            self.extra.insert("line".to_owned(), json!(top.line));
            self.extra.insert("column".to_owned(), json!(top.column));
        }
        self
    }

    /// What a caller sees of a failed invocation; `production` hides what the function said.
    pub fn of_invocation(error: &InvokeError, production: bool) -> ApiError {
        let status = match error.code.as_str() {
            codes::SCRIPT_NOT_FOUND => StatusCode::NOT_FOUND,
            codes::EXCEEDED_CPU
            | codes::EXCEEDED_MEMORY
            | codes::EXCEEDED_OPERATIONS
            | codes::LOAD_SHED
            | budget::CODE => StatusCode::SERVICE_UNAVAILABLE,
            codes::EXCEEDED_WALL_TIME => StatusCode::GATEWAY_TIMEOUT,
            // Nobody reads it; the word is nginx's.
            codes::CANCELED => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let hidden = production && (error.js.is_some() || error.code == codes::INTERNAL_ERROR);
        let detail =
            if hidden { "the function failed; its log has the details".to_owned() } else { error.detail.clone() };
        let mut problem = ApiError::new(status, &error.code, detail);
        if let (Some(js), false) = (&error.js, production) {
            problem = problem.with_js(js);
        }
        if let Some((name, value)) = error.limit {
            problem =
                problem.with("limit", json!(name)).with("value", json!(value)).with("setting", json!(error.setting));
        }
        if error.busy() {
            problem = problem.with_header(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        problem
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> ApiError {
        let unprocessable = |code: &str, detail: &str| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
        match error {
            UploadError::Source(SourceError { message, line, column, frame }) => {
                unprocessable("invalidSource", &message)
                    .with("name", json!("SyntaxError"))
                    .with("line", json!(line))
                    .with("column", json!(column))
                    .with("frame", json!(frame))
            }
            UploadError::Load(js) if js.code == codes::INTERNAL_ERROR => {
                ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, &js.code, &js.message)
            }
            UploadError::Load(js) => unprocessable(&js.code, &js.message).with_js(&js),
            UploadError::Sandbox(SandboxError::Overloaded { limit }) => {
                ApiError::of_invocation(&InvokeError::queue(limit as u64), false)
            }
            UploadError::Sandbox(error @ SandboxError::NoSlot(_)) => {
                ApiError::of_invocation(&InvokeError::from(&error), false)
            }
            UploadError::Sandbox(error) => internal(&error),
            UploadError::Checker(error) => error.into(),
            UploadError::Registry(error) => error.into(),
            UploadError::Quota(exceeded) => ApiError::quota_exceeded(&exceeded),
            UploadError::Subscription(error) => internal(&error),
        }
    }
}

impl From<CheckerError> for ApiError {
    fn from(error: CheckerError) -> ApiError {
        let detail = error.to_string();
        match error {
            CheckerError::Exceeded(exceeded) => {
                let problem = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalidSource", detail);
                let problem = problem.with("line", json!(1)).with("column", json!(1));
                match exceeded {
                    Exceeded::Time(ms) => problem.of_setting("check_ms", ms as usize),
                    Exceeded::Memory(mb) => problem.of_setting("check_memory_mb", mb as usize),
                    Exceeded::Stack(mb) => problem.with("limit", json!("stackMb")).with("value", json!(mb)),
                }
            }
            CheckerError::Busy { .. } => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, codes::LOAD_SHED, detail)
                .with_header(header::RETRY_AFTER, HeaderValue::from_static("1")),
            CheckerError::Unavailable(_) => {
                tracing::error!("{detail}");
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, codes::INTERNAL_ERROR, detail)
            }
        }
    }
}

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> ApiError {
        let unavailable = |code| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, error.to_string());
        match &error {
            RegistryError::Precondition(unmet) => ApiError::unmet(unmet),
            RegistryError::Store { reason, .. } if reason.is_too_large() => {
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "payloadTooLarge", error.to_string())
            }
            RegistryError::Store { .. } | RegistryError::Slow { .. } => unavailable(op::codes::SIDECAR_UNAVAILABLE),
            RegistryError::ActorTaken { .. } => {
                ApiError::new(StatusCode::CONFLICT, "actorTypeTaken", error.to_string())
            }
            RegistryError::ActorOwned { kind, owner } => {
                let error = ApiError::new(StatusCode::CONFLICT, "actorTypeOwned", error.to_string());
                error.with("type", json!(kind)).with("owner", json!(owner))
            }
            RegistryError::Lost { .. } => unavailable("registryLost"),
            RegistryError::Contended { .. } => {
                unavailable(codes::LOAD_SHED).with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
            RegistryError::Database(reason) if is_full(reason) => ApiError::disk_full(&error),
            _ => internal(&error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        match &error {
            StoreError::Database(reason) if is_full(reason) => ApiError::disk_full(&error),
            StoreError::Quota(exceeded) => ApiError::quota_exceeded(exceeded),
            _ => internal(&error),
        }
    }
}

fn internal(error: &dyn std::error::Error) -> ApiError {
    tracing::error!("{error}");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, codes::INTERNAL_ERROR, error.to_string())
}

impl ApiError {
    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Client Closed Request")
    }

    fn problem(&mut self) -> String {
        let mut problem = json!({
            "title": self.title(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let Value::Object(members) = &mut problem {
            members.extend(std::mem::take(&mut self.extra));
        }
        problem.to_string()
    }

    /// The whole answer of HTTP/1.1, for a connection that is closed after it.
    pub fn to_wire(mut self) -> Vec<u8> {
        let (problem, title) = (self.problem(), self.title());
        let mut wire = format!(
            "HTTP/1.1 {} {title}\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.status.as_u16(),
            problem.len()
        )
        .into_bytes();
        for (name, value) in &self.headers {
            wire.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        wire.extend([b"\r\n", problem.as_bytes()].concat());
        wire
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        let mut response = (self.status, self.problem()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        response
    }
}
