//! A failed operation, as the host's parts pass it on. The guest gets it as text ([`daplet_abi::op::OpError`]).
use super::Code;
use serde_json::Value;

/// A failed operation.
#[derive(Clone, Debug, PartialEq)]
pub struct OpError {
    /// Why.
    pub code: Code,
    /// For the developer: names the thing, the limit, the value and the setting.
    pub message: String,
    /// Anything more, such as Dapr's `details`; null where there is nothing.
    pub details: Value,
}

impl From<OpError> for daplet_abi::op::OpError {
    fn from(OpError { code, message, details }: OpError) -> daplet_abi::op::OpError {
        daplet_abi::op::OpError { code: code.word().to_owned(), message, details }
    }
}
