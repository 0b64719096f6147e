//! Dapr's error JSON: `{errorCode, message}`, and the rich form that adds `details`.
use crate::code::Code;
use crate::http::body::Unread;
use crate::http::{ApiError, status};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Display;

/// What a body that was not read is answered with: the words and headers of [`ApiError`], in Dapr's form.
pub fn unread(unread: Unread) -> Response {
    let error = ApiError::unread(unread);
    let plain = DaprApiError::new(error.code().clone(), error.detail());
    let mut response = plain.into_response();
    response.headers_mut().extend(error.headers().iter().cloned());
    response
}

/// An error as Dapr answers it.
#[derive(Debug)]
pub struct DaprApiError {
    status: StatusCode,
    code: Code,
    message: String,
    details: Vec<Value>,
}

/// Reads the JSON of a request's body.
pub fn parsed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DaprApiError> {
    serde_json::from_slice(body).map_err(DaprApiError::unreadable)
}

impl DaprApiError {
    /// The error for a request that is malformed.
    pub fn malformed(message: impl Into<String>) -> DaprApiError {
        DaprApiError::new(Code::MalformedRequest, message)
    }

    /// The error for a body that cannot be read, in Dapr's words.
    pub fn unreadable(reason: impl Display) -> DaprApiError {
        DaprApiError::malformed(format!("failed deserializing HTTP body: {reason}"))
    }

    /// The plain form, with the code's status.
    pub fn new(code: Code, message: impl Into<String>) -> DaprApiError {
        DaprApiError { status: status::of(&code), code, message: message.into(), details: Vec::new() }
    }

    /// The same with the status of another code: the operation's failure decides the status, the request the word.
    pub fn with_status_of(self, code: &Code) -> DaprApiError {
        DaprApiError { status: status::of(code), ..self }
    }

    /// Adds an `ErrorInfo` with the members of an object, as texts; nothing for other values.
    pub fn with_info(mut self, reason: &str, members: &Value) -> DaprApiError {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Value::Object(members) = members {
            let members: Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), text(value).into())).collect();
            self.details.push(json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "dapr.io", "reason": reason,
                "metadata": members,
            }));
        }
        self
    }

    /// The rich form, with an `ErrorInfo` and, for a named thing, a `ResourceInfo`.
    pub fn rich(mut self, reason: &str, resource: Option<(&str, &str)>) -> DaprApiError {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "dapr.io", "reason": reason, "metadata": {},
        }));
        if let Some((kind, name)) = resource {
            self.details.push(json!({
                "@type": "type.googleapis.com/google.rpc.ResourceInfo",
                "resource_type": kind, "resource_name": name, "owner": "", "description": "",
            }));
        }
        self
    }
}

impl IntoResponse for DaprApiError {
    fn into_response(self) -> Response {
        let mut body = json!({"errorCode": self.code.word(), "message": self.message});
        if !self.details.is_empty() {
            body["details"] = Value::Array(self.details);
        }
        (self.status, Json(body)).into_response()
    }
}
