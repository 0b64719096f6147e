//! `/v1.0-alpha1/crypto/{name}/encrypt` and `/decrypt`: what is wanted in headers, the data as the body.
use super::{CryptoProvider, Decrypt, Encrypt, unknown_provider};
use crate::blocks::api;
use crate::blocks::call::truthy;
use crate::blocks::http::error::DaprApiError;
use crate::blocks::http::{fields, served};
use crate::code::{Code, OpError};
use crate::components::Block;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::routing::put;

type Context = api::Context<dyn CryptoProvider>;

/// Its routes.
pub fn routes(context: Context) -> Router {
    let routes = Router::new()
        .route("/v1.0-alpha1/crypto/{name}/encrypt", put(encrypt))
        .route("/v1.0-alpha1/crypto/{name}/decrypt", put(decrypt));
    served(routes, context, |shared, name| !shared.has(Block::Crypto, name))
}

fn check(context: &Context, name: &str) -> Result<(), DaprApiError> {
    if context.has(Block::Crypto, name) {
        return Ok(());
    }
    Err(DaprApiError::new(Code::CryptoProviderNotFound, unknown_provider(name)))
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
async fn encrypt(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
    data: Bytes,
) -> Result<impl IntoResponse, DaprApiError> {
    check(&context, &name)?;
    let encrypt = Encrypt {
        component: name,
        key: required(&headers, "dapr-key-name")?,
        algorithm: required(&headers, "dapr-key-wrap-algorithm")?,
        cipher: text(&headers, "dapr-data-encryption-cipher"),
        decryption_key: text(&headers, "dapr-decryption-key-name"),
        omit_key: text(&headers, "dapr-omit-decryption-key-name").is_some_and(|value| truthy(&value)),
        data,
    };
    let done = context.block.encrypt(&context.caller(fields(&headers)), encrypt).await;
    done.map(octets).map_err(|e| failed(&e))
}

/// 200 with the data.
async fn decrypt(
    State(context): State<Context>,
    Path(name): Path<String>,
    headers: HeaderMap,
    document: Bytes,
) -> Result<impl IntoResponse, DaprApiError> {
    check(&context, &name)?;
    let decrypt = Decrypt { component: name, key: text(&headers, "dapr-key-name"), document };
    let done = context.block.decrypt(&context.caller(fields(&headers)), decrypt).await;
    done.map(octets).map_err(|e| failed(&e))
}
