//! Why an invocation gave no reply: one code, who is to blame, and the limit's name if there is one.
use crate::budget::{self, BudgetError};
use crate::code::Code;
use crate::functions::Function;
use daplet_abi::reply::JsError;

/// A failed invocation.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct InvokeError {
    /// Why.
    pub code: Code,
    /// For people.
    pub detail: String,
    /// The limit that was exceeded: its name and value.
    pub limit: Option<(&'static str, u64)>,
    /// How to change it.
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

    /// The same with other words.
    pub fn with_detail(mut self, detail: String) -> InvokeError {
        self.detail = detail;
        self
    }
}
