//! The failure of an invocation: its code, its detail, and the limit that it exceeded, if any.
use crate::budget::{self, BudgetError};
use crate::code::{Code, OpError};
use crate::functions::{Function, UploadError};
use crate::sandbox::SandboxError;
use daplet_abi::reply::JsError;

/// A failed invocation.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct InvokeError {
    /// Its code.
    pub code: Code,
    /// For a reader: what happened, with names and values.
    pub detail: String,
    /// The limit that was exceeded: its name and value.
    pub limit: Option<(&'static str, u64)>,
    /// The setting that changes the limit.
    pub setting: Option<String>,
    /// What the function threw.
    pub js: Option<Box<JsError>>,
}

impl InvokeError {
    /// A fault of the host.
    pub fn internal(detail: impl Into<String>) -> InvokeError {
        InvokeError { code: Code::InternalError, detail: detail.into(), limit: None, setting: None, js: None }
    }

    /// What the function threw.
    pub fn exception(js: JsError) -> InvokeError {
        InvokeError {
            code: Code::from(js.code.as_str()),
            detail: js.message.clone(),
            limit: None,
            setting: None,
            js: Some(Box::new(js)),
        }
    }

    /// A limit of the function.
    pub fn limit(code: Code, name: &'static str, value: u64, function: &Function) -> InvokeError {
        InvokeError {
            code,
            detail: format!("{} exceeded its limit {name} of {value}", function.name),
            limit: Some((name, value)),
            setting: Some(format!(
                "`limits.{name}` in the upload, or `{name}` under [limits] in the configuration file"
            )),
            js: None,
        }
    }

    /// The server's own queue is full.
    pub fn queue(value: u64) -> InvokeError {
        InvokeError {
            code: Code::LoadShed,
            detail: "too many requests wait".to_owned(),
            limit: Some(("queue", value)),
            setting: Some("`--queue`, or `queue` in the configuration file".to_owned()),
            js: None,
        }
    }

    /// The server has no room for it now, or others come first.
    pub fn shed(detail: String) -> InvokeError {
        InvokeError { code: Code::LoadShed, ..InvokeError::internal(detail) }
    }

    /// The memory budget has no share left for it.
    pub fn budget(e: &BudgetError) -> InvokeError {
        InvokeError {
            code: Code::MemoryBudget,
            detail: e.to_string(),
            limit: Some((budget::SETTING, e.limit >> 20)),
            setting: Some("`--memory-budget-mb`, or `memory_budget_mb` in the configuration file".to_owned()),
            js: None,
        }
    }

    /// An operation's failure that ends the invocation.
    pub fn of_operation(error: OpError) -> InvokeError {
        InvokeError { code: error.code, ..InvokeError::internal(error.message) }
    }

    /// A reply that streams made no progress.
    pub fn idle(function: &Function, idle: std::time::Duration) -> InvokeError {
        let ms = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        InvokeError {
            code: Code::ExceededWallTime,
            detail: format!("the response of {} had no progress for {ms} ms", function.name),
            limit: Some(("stream_idle_ms", ms)),
            setting: Some("`--stream-idle-ms`, or `stream_idle_ms` in the configuration file".to_owned()),
            js: None,
        }
    }

    /// A worker would come, or came, too late.
    pub fn late(wait: std::time::Duration) -> InvokeError {
        InvokeError {
            code: Code::LoadShed,
            detail: format!("no worker is free within {} ms", wait.as_millis()),
            limit: Some(("queue_ms", u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))),
            setting: Some("`--queue-ms`, or `queue_ms` in the configuration file".to_owned()),
            js: None,
        }
    }

    /// The same with another detail.
    pub fn with_detail(mut self, detail: String) -> InvokeError {
        self.detail = detail;
        self
    }
}

/// A live function could not be loaded again.
impl From<&UploadError> for InvokeError {
    fn from(error: &UploadError) -> InvokeError {
        match error {
            UploadError::Sandbox(error) => InvokeError::from(error),
            UploadError::Busy(_) => InvokeError::shed(error.to_string()),
            UploadError::Load(js) => InvokeError::exception(js.clone()),
            other => InvokeError::internal(other.to_string()),
        }
    }
}

impl From<&SandboxError> for InvokeError {
    fn from(error: &SandboxError) -> InvokeError {
        match error {
            SandboxError::Overloaded { limit } => {
                InvokeError::queue(*limit as u64).with_detail(format!("all {limit} places in the queue are taken"))
            }
            SandboxError::NoSlot(_) => InvokeError::shed(error.to_string()),
            SandboxError::Late { wait } => InvokeError::late(*wait),
            SandboxError::NoMemory(refused) => InvokeError::budget(refused),
            other => InvokeError::internal(other.to_string()),
        }
    }
}
