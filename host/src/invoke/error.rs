//! Why an invocation gave no reply: one code, someone to blame, and the limit's name where it was one.
use crate::budget::{self, BudgetError};
use crate::functions::Function;
use daplet_abi::reply::{JsError, codes};

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Who called.
    Caller,
    /// The function.
    Function,
    /// The server.
    Host,
}

/// A failed invocation.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct InvokeError {
    /// Outcome word: see [`codes`].
    pub code: String,
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
        InvokeError {
            code: codes::INTERNAL_ERROR.to_owned(),
            detail: detail.into(),
            limit: None,
            setting: None,
            js: None,
        }
    }

    /// What the function threw.
    pub fn exception(js: JsError) -> InvokeError {
        InvokeError {
            code: js.code.clone(),
            detail: js.message.clone(),
            limit: None,
            setting: None,
            js: Some(Box::new(js)),
        }
    }

    /// A limit of the function.
    pub fn limit(code: &str, name: &'static str, value: u64, function: &Function) -> InvokeError {
        InvokeError {
            code: code.to_owned(),
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
            code: codes::LOAD_SHED.to_owned(),
            detail: "too many requests wait".to_owned(),
            limit: Some(("queue", value)),
            setting: Some("`--queue`, or `queue` in the configuration file".to_owned()),
            js: None,
        }
    }

    /// The server has no memory for it now.
    pub fn no_memory(detail: String) -> InvokeError {
        InvokeError { code: codes::LOAD_SHED.to_owned(), ..InvokeError::internal(detail) }
    }

    /// The memory budget has no share left for it.
    pub fn budget(e: &BudgetError) -> InvokeError {
        InvokeError {
            code: budget::CODE.to_owned(),
            detail: e.to_string(),
            limit: Some((budget::SETTING, e.limit >> 20)),
            setting: Some("`--memory-budget-mb`, or `memory_budget_mb` in the configuration file".to_owned()),
            js: None,
        }
    }

    /// A worker would come, or came, too late.
    pub fn late(wait: std::time::Duration) -> InvokeError {
        InvokeError {
            code: codes::LOAD_SHED.to_owned(),
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

    /// Whether it may well succeed in a moment: the server, or the function's places, had no room for it.
    pub fn busy(&self) -> bool {
        matches!(self.code.as_str(), codes::LOAD_SHED | budget::CODE)
    }

    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match self.code.as_str() {
            codes::INTERNAL_ERROR => Blame::Host,
            codes::CANCELED | codes::SCRIPT_NOT_FOUND | codes::LOAD_SHED | budget::CODE => Blame::Caller,
            _ => Blame::Function,
        }
    }
}
