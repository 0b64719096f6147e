//! Cryptography with keys that functions never see.
//!
//! Owns: the requests, and what a provider does with them. Must not know: who asks, where keys are.
//!
//! # Layout
//! - [`scheme`]: Dapr's format of encrypted documents
//! - [`keys`]: files of keys, and what they wrap
pub mod component;
pub mod embedded;
pub mod grpc;
pub mod guest;
pub mod http;
pub mod keys;
pub mod scheme;
pub mod sidecar;

use super::call::{CallContext, error};
use crate::code::{Code, OpError};
use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;

/// The component of a request that names none.
pub const DEFAULT_CRYPTO: &str = "cryptostore";

/// Turns data into a document of Dapr's scheme: `crypto.encrypt`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Encrypt {
    /// The component.
    #[serde(default = "default_component")]
    pub component: String,
    /// The key that wraps the document's.
    #[serde(default)]
    pub key: String,
    /// How it wraps.
    #[serde(default)]
    pub algorithm: String,
    /// For the data; Dapr's choice when absent.
    pub cipher: Option<String>,
    /// What the document names as its key, if not `key`.
    pub decryption_key: Option<String>,
    /// The document names no key.
    #[serde(default)]
    pub omit_key: bool,
    /// The data.
    #[serde(skip)]
    pub data: Bytes,
}

/// Turns a document into its data: `crypto.decrypt`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Decrypt {
    /// The component.
    #[serde(default = "default_component")]
    pub component: String,
    /// The key, instead of the one that the document names.
    pub key: Option<String>,
    /// The document.
    #[serde(skip)]
    pub document: Bytes,
}

fn default_component() -> String {
    DEFAULT_CRYPTO.to_owned()
}

/// Dapr's words for a component that does not exist.
fn unknown_provider(name: &str) -> String {
    format!("crypto provider {name} not found")
}

/// Where keys are, and what is done with them.
#[async_trait]
pub trait CryptoProvider: Send + Sync {
    /// The document.
    async fn encrypt(&self, cx: &CallContext, encrypt: Encrypt) -> Result<Bytes, OpError>;
    /// The data.
    async fn decrypt(&self, cx: &CallContext, decrypt: Decrypt) -> Result<Bytes, OpError>;
}

/// The key that a decryption uses: the given one, or the document's.
fn named(given: Option<&str>, document: &[u8]) -> Result<String, OpError> {
    let named = match given.filter(|key| !key.is_empty()) {
        Some(key) => key.to_owned(),
        None => scheme::read(document).map_err(|e| failed(&e))?.manifest.key_name,
    };
    if named.is_empty() {
        let message = "document's manifest does not contain a key name, and no key name was provided";
        return Err(failed(&message));
    }
    Ok(named)
}

/// A failure in Dapr's words.
fn failed(reason: &dyn std::fmt::Display) -> OpError {
    error(Code::Crypto, format!("failed to perform operation: {reason}"))
}
