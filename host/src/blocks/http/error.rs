//! Dapr's error JSON: `{errorCode, message}`, and the rich form that adds `details`.
use crate::http::ApiError;
use crate::http::body::Unread;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// What a body that was not read is answered with: the words and headers of [`ApiError`], in Dapr's form.
pub fn unread(unread: Unread) -> Response {
    let error = ApiError::unread(unread);
    let plain = DaprApiError::new(error.status(), error.code(), error.detail());
    let mut response = plain.into_response();
    response.headers_mut().extend(error.headers().iter().cloned());
    response
}

/// An error as Dapr answers it.
#[derive(Debug)]
pub struct DaprApiError {
    status: StatusCode,
    code: String,
    message: String,
    details: Vec<Value>,
}

impl DaprApiError {
    /// The plain form.
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> DaprApiError {
        DaprApiError { status, code: code.to_owned(), message: message.into(), details: Vec::new() }
    }

    /// Adds an `ErrorInfo` with the members of an object, as texts; nothing where it is none.
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
        let mut body = json!({"errorCode": self.code, "message": self.message});
        if !self.details.is_empty() {
            body["details"] = Value::Array(self.details);
        }
        (self.status, Json(body)).into_response()
    }
}
