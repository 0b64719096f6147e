//! The one table from failures of functions, invocations and stores to HTTP problems.
//!
//! Owns: which status and which members each error gets. Must not know: how a problem is written (`http/problem.rs`).
use crate::budget;
use crate::functions::checker::{CheckerError, Exceeded};
use crate::functions::source::SourceError;
use crate::functions::{Function, Registry, RegistryError, Unmet, UploadError};
use crate::http::ApiError;
use crate::invoke::InvokeError;
use crate::sandbox::SandboxError;
use crate::store::StoreError;
use crate::store::file::is_full;
use axum::http::{HeaderValue, StatusCode, header};
use daplet_abi::op;
use daplet_abi::reply::{JsError, codes};
use serde_json::json;

impl ApiError {
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

    /// 412 for a condition that does not hold.
    fn unmet(unmet: &Unmet) -> ApiError {
        let which = match unmet.wanted {
            true => "If-Match names another version",
            false => "If-None-Match names the live version",
        };
        ApiError::new(StatusCode::PRECONDITION_FAILED, "preconditionFailed", format!("{which}; {unmet}"))
    }

    /// 507 for a write that the disk has no room for.
    fn disk_full(error: &dyn std::error::Error) -> ApiError {
        let detail = format!(
            "{error}; the disk of the data folder (setting data_dir) is full: make room, reads go on meanwhile"
        );
        ApiError::new(StatusCode::INSUFFICIENT_STORAGE, "diskFull", detail)
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
