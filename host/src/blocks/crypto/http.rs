//! `/v1.0-alpha1/crypto/{name}/encrypt` and `/decrypt`: what is wanted in headers, the data as the body.
use super::Encryption;
use crate::blocks::call::truthy;
use crate::blocks::http::Context;
use crate::blocks::http::error::DaprApiError;
use crate::code::{Code, OpError};
use crate::components::Block;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

/// Why there is no such component.
pub fn unknown_provider(context: &Context, name: &str) -> Option<String> {
    (!context.components.has(Block::Crypto, name)).then(|| format!("crypto provider {name} not found"))
}

fn check(context: &Context, name: &str) -> Result<(), DaprApiError> {
    let unknown = |message| DaprApiError::new(Code::CryptoProviderNotFound, message);
    unknown_provider(context, name).map_or(Ok(()), |message| Err(unknown(message)))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

fn required(headers: &HeaderMap, name: &str) -> Result<String, DaprApiError> {
    let missing = || {
        let message = format!("invalid request: missing header '{name}'");
        DaprApiError::new(Code::DaprBadRequest, message)
    };
    text(headers, name).ok_or_else(missing)
}

fn failed(e: &OpError) -> DaprApiError {
    DaprApiError::new(Code::Crypto, e.message.as_str())
}

fn octets(body: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/octet-stream")], body)
}

/// 200 with the document.
pub async fn encrypt(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
    data: Bytes,
) -> Result<impl IntoResponse, DaprApiError> {
    check(&context, &name)?;
    let how = Encryption {
        key: required(&headers, "dapr-key-name")?,
        algorithm: required(&headers, "dapr-key-wrap-algorithm")?,
        cipher: text(&headers, "dapr-data-encryption-cipher"),
        decryption_key: text(&headers, "dapr-decryption-key-name"),
        omit_key: text(&headers, "dapr-omit-decryption-key-name").is_some_and(|value| truthy(&value)),
    };
    let done = context.crypto.encrypt(&context.caller(&headers), &name, how, data).await;
    done.map(octets).map_err(|e| failed(&e))
}

/// 200 with the data.
pub async fn decrypt(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
    document: Bytes,
) -> Result<impl IntoResponse, DaprApiError> {
    check(&context, &name)?;
    let key = text(&headers, "dapr-key-name");
    let done = context.crypto.decrypt(&context.caller(&headers), &name, key, document).await;
    done.map(octets).map_err(|e| failed(&e))
}
