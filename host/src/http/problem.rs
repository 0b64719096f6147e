//! Failures as HTTP answers: `application/problem+json` (RFC 9457) with a code.
//!
//! Owns: the form of a problem, and the problems of HTTP itself. Must not know: functions, invocations, stores; `surfaces/failures.rs` turns
//! their errors into problems.
use super::body::Unread;
use super::status;
use super::timed::Slow;
use crate::budget::{self, BudgetError};
use crate::code::Code;
use crate::quotas::QuotaExceeded;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A failure as an HTTP answer.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: Code,
    detail: String,
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// An answer with the code's status.
    pub fn new(code: Code, detail: impl Into<String>) -> ApiError {
        let status = status::of(&code);
        ApiError { status, code, detail: detail.into(), extra: Map::new(), headers: Vec::new() }
    }

    /// The same with the status of another code: what went wrong decides the word, where it went wrong the status.
    pub fn with_status_of(self, code: &Code) -> ApiError {
        ApiError { status: status::of(code), ..self }
    }

    /// 400 for what the caller sent.
    pub fn bad_request(detail: impl Into<String>) -> ApiError {
        ApiError::new(Code::BadRequest, detail)
    }

    /// 503 while it is not known which functions there are.
    pub fn not_loaded(reason: &str) -> ApiError {
        let detail = format!("the functions are not loaded yet: {reason}");
        ApiError::new(Code::RegistryNotLoaded, detail).with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its code.
    pub fn code(&self) -> &Code {
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

    /// Status, name and description, and the setting that changes a limit: for clients that get failures in one line.
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
        members.insert("code".to_owned(), json!(self.code.word()));
        members
    }

    /// 413 for a body above a limit.
    pub fn too_large(what: &str, limit: usize, setting: &str) -> ApiError {
        let detail = format!("{what} is larger than the limit of {limit} bytes");
        ApiError::new(Code::PayloadTooLarge, detail).of_setting(setting, limit)
    }

    /// 408 for what did not arrive in time.
    pub fn too_slow(what: &str, within: Duration, setting: &str) -> ApiError {
        let within = within.as_millis();
        let detail = format!("{what} did not arrive within {within} ms");
        let limit = usize::try_from(within).unwrap_or(usize::MAX);
        ApiError::new(Code::RequestTimeout, detail).of_setting(setting, limit)
    }

    /// 408 for what came slower than it may.
    pub fn too_slow_pace(what: &str, rate: u64) -> ApiError {
        let detail = format!("{what} came slower than {rate} bytes a second, averaged over ten seconds");
        let limit = usize::try_from(rate).unwrap_or(usize::MAX);
        ApiError::new(Code::RequestTimeout, detail).of_setting("min_rate_bytes", limit)
    }

    /// The default answer to a body that was not read, or to a lack of memory.
    pub fn unread(unread: Unread) -> ApiError {
        match unread {
            Unread::TooLarge => ApiError::new(Code::PayloadTooLarge, "the request body is too large"),
            Unread::NoMemory(e) => ApiError::no_memory(&e),
            Unread::Slow(Slow::Late(within)) => ApiError::too_slow("the request body", within, "body_ms"),
            Unread::Slow(Slow::Pace(rate)) => ApiError::too_slow_pace("the request body", rate),
            Unread::Broken(reason) => ApiError::bad_request(format!("the request body could not be read: {reason}")),
        }
    }

    /// 414 for a request line above the limit.
    pub fn line_too_long(limit: usize) -> ApiError {
        let detail = format!("the request line is longer than the limit of {limit} bytes");
        ApiError::new(Code::UriTooLong, detail).of_setting("max_request_line_bytes", limit)
    }

    /// 431 for a head above the limit.
    pub fn head_too_large(limit: usize) -> ApiError {
        let detail = format!("request line and headers are larger than the limit of {limit} bytes");
        let error = ApiError::new(Code::HeadersTooLarge, detail);
        error.of_setting("max_head_bytes", limit)
    }

    /// 431 for more headers than the server takes.
    pub fn too_many_headers() -> ApiError {
        let detail = "the request has more than 100 headers";
        let error = ApiError::new(Code::HeadersTooLarge, detail);
        error.with("limit", json!("headers")).with("value", json!(100))
    }

    /// 503 for a connection above the limit.
    pub fn too_many_connections(limit: usize) -> ApiError {
        let detail = format!("{limit} connections are open already");
        ApiError::new(Code::LoadShed, detail)
            .of_setting("max_connections", limit)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 503 when the process has no memory for the request now.
    pub fn no_memory(e: &BudgetError) -> ApiError {
        ApiError::new(Code::MemoryBudget, e.to_string())
            .of_setting(budget::SETTING, usize::try_from(e.limit >> 20).unwrap_or(usize::MAX))
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// The limit that was exceeded, by the name of its setting.
    pub fn of_setting(self, setting: &str, value: usize) -> ApiError {
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
        ApiError::new(Code::SafeMode, detail)
    }

    /// 507 for what would exceed a quota.
    pub fn quota_exceeded(exceeded: &QuotaExceeded) -> ApiError {
        ApiError::new(Code::QuotaExceeded, exceeded.to_string())
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
}
impl ApiError {
    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Client Closed Request")
    }

    fn problem(&mut self) -> String {
        let mut problem = json!({
            "title": self.title(),
            "status": self.status.as_u16(),
            "code": self.code.word(),
            "detail": self.detail,
        });
        if let Value::Object(members) = &mut problem {
            members.extend(std::mem::take(&mut self.extra));
        }
        problem.to_string()
    }

    /// The whole answer in HTTP/1.1, for a connection that is closed after it.
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
