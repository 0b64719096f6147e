//! Failures of functions, invocations and stores as HTTP problems.
//!
//! Owns: which code and which members each error gets. Must not know: how a problem is written (`http/problem.rs`).
use crate::code::Code;
use crate::functions::checker::{CheckerError, Exceeded};
use crate::functions::source::SourceError;
use crate::functions::{Function, Registry, RegistryError, Unmet, UploadError};
use crate::http::ApiError;
use crate::invoke::InvokeError;
use crate::sandbox::SandboxError;
use crate::store::StoreError;
use crate::store::file::is_full;
use axum::http::{HeaderValue, header};
use daplet_abi::reply::JsError;
use serde_json::json;

impl ApiError {
    /// 404 for a function that is not there.
    pub fn no_function(name: &str) -> ApiError {
        let detail = format!("there is no function {name:?}; GET /functions lists those that there are");
        ApiError::new(Code::ScriptNotFound, detail)
    }

    /// Why a function that is not live cannot be shown or called: it is out of service (503), or does not exist (404).
    pub fn absent(registry: &Registry, name: &str) -> ApiError {
        let Some(reason) = registry.damage(name) else { return ApiError::no_function(name) };
        let detail = format!(
            "the function {name:?} is out of service: its record cannot be read ({reason}); upload it again, or remove it"
        );
        ApiError::new(Code::OutOfService, detail)
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
        ApiError::new(Code::NoHandler, detail)
    }

    /// 412 for a condition that does not hold.
    fn unmet(unmet: &Unmet) -> ApiError {
        let which = match unmet.wanted {
            true => "If-Match names another version",
            false => "If-None-Match names the live version",
        };
        ApiError::new(Code::PreconditionFailed, format!("{which}; {unmet}"))
    }

    /// 507 for a write that the disk has no room for.
    fn disk_full(error: &dyn std::error::Error) -> ApiError {
        let detail = format!(
            "{error}; the disk of the data folder (setting data_dir) is full: make room, reads go on meanwhile"
        );
        ApiError::new(Code::DiskFull, detail)
    }

    fn with_js(mut self, js: &JsError) -> ApiError {
        self = self.with("name", json!(js.name)).with("stack", json!(js.stack));
        if let Some(cause) = &js.cause {
            self = self.with("cause", json!(cause));
        }
        if let Some(top) = js.stack.first() {
            self = self.with("line", json!(top.line)).with("column", json!(top.column));
        }
        self
    }

    /// What a caller gets of a failed invocation; `production` hides the function's message and stack.
    pub fn of_invocation(error: &InvokeError, production: bool) -> ApiError {
        let hidden = production && (error.js.is_some() || error.code == Code::InternalError);
        let detail =
            if hidden { "the function failed; its log has the details".to_owned() } else { error.detail.clone() };
        let mut problem = ApiError::new(error.code.clone(), detail);
        if let (Some(js), false) = (&error.js, production) {
            problem = problem.with_js(js);
        }
        if let Some((name, value)) = error.limit {
            problem =
                problem.with("limit", json!(name)).with("value", json!(value)).with("setting", json!(error.setting));
        }
        if error.code.is_busy() {
            problem = problem.with_header(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        problem
    }
}

fn shed(detail: String) -> ApiError {
    ApiError::of_invocation(&InvokeError::shed(detail), false)
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> ApiError {
        match error {
            UploadError::Source(SourceError { message, line, column, frame }) => {
                ApiError::new(Code::InvalidSource, message)
                    .with("name", json!("SyntaxError"))
                    .with("line", json!(line))
                    .with("column", json!(column))
                    .with("frame", json!(frame))
            }
            UploadError::Load(js) => match Code::from(js.code.as_str()) {
                Code::InternalError => ApiError::new(Code::InternalError, &js.message),
                code => ApiError::new(code, &js.message).with_status_of(&Code::InvalidSource).with_js(&js),
            },
            UploadError::Sandbox(SandboxError::Overloaded { limit }) => {
                ApiError::of_invocation(&InvokeError::queue(limit as u64), false)
            }
            UploadError::Sandbox(error @ SandboxError::NoSlot(_)) => {
                ApiError::of_invocation(&InvokeError::from(&error), false)
            }
            UploadError::Sandbox(error) => internal(&error),
            UploadError::Checker(error) => error.into(),
            error @ UploadError::Busy(_) => shed(error.to_string()),
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
                let problem = ApiError::new(Code::InvalidSource, detail);
                let problem = problem.with("line", json!(1)).with("column", json!(1));
                match exceeded {
                    Exceeded::Time(ms) => problem.of_setting("check_ms", ms as usize),
                    Exceeded::Memory(mb) => problem.of_setting("check_memory_mb", mb as usize),
                    Exceeded::Stack(mb) => problem.with("limit", json!("stackMb")).with("value", json!(mb)),
                }
            }
            CheckerError::Busy(_) => shed(detail),
            CheckerError::Unavailable(_) => {
                tracing::error!("{detail}");
                ApiError::new(Code::CheckerUnavailable, detail)
            }
        }
    }
}

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> ApiError {
        let unavailable = |code| ApiError::new(code, error.to_string());
        match &error {
            RegistryError::Precondition(unmet) => ApiError::unmet(unmet),
            RegistryError::Store { reason, .. } if reason.is_too_large() => {
                ApiError::new(Code::PayloadTooLarge, error.to_string())
            }
            RegistryError::Store { .. } | RegistryError::Slow { .. } => unavailable(Code::SidecarUnavailable),
            RegistryError::ActorTaken { .. } => ApiError::new(Code::ActorTypeTaken, error.to_string()),
            RegistryError::ActorOwned { kind, owner } => {
                let error = ApiError::new(Code::ActorTypeOwned, error.to_string());
                error.with("type", json!(kind)).with("owner", json!(owner))
            }
            RegistryError::Lost { .. } => unavailable(Code::RegistryLost),
            RegistryError::Contended { .. } => {
                unavailable(Code::LoadShed).with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
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
    ApiError::new(Code::InternalError, error.to_string())
}
