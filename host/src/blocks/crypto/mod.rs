//! Cryptography: `crypto.encrypt`, `crypto.decrypt`, with keys that functions never see.
//!
//! Owns: operations, their arguments, and the grant `keys`, which is always needed. Backends: `embedded`, `sidecar`.
//!
//! # Layout
//! - [`scheme`]: Dapr's format of encrypted documents
//! - [`keys`]: files of keys, and what they wrap
pub mod embedded;
pub mod grpc;
pub mod http;
pub mod keys;
pub mod scheme;
pub mod sidecar;

use crate::blocks::call::{CallContext, Capability, OpResult, arguments, error, unknown};
use crate::blocks::grants;
use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The component that a function means when it names none.
pub const DEFAULT_CRYPTO: &str = "cryptostore";

/// How a document is to be encrypted.
#[derive(Clone, Debug, Default)]
pub struct Encryption {
    /// The key that wraps the document's.
    pub key: String,
    /// How it wraps.
    pub algorithm: String,
    /// For the data; Dapr's choice when absent.
    pub cipher: Option<String>,
    /// What the document names as its key, if not `key`.
    pub decryption_key: Option<String>,
    /// The document names no key.
    pub omit_key: bool,
}

/// Where keys are, and what is done with them.
pub trait CryptoProvider: Send + Sync {
    /// Data to a document of Dapr's scheme.
    fn encrypt<'a>(
        &'a self,
        cx: &'a CallContext,
        component: &'a str,
        how: Encryption,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, OpError>>;
    /// A document to its data; `key` instead of the one that it names.
    fn decrypt<'a>(
        &'a self,
        cx: &'a CallContext,
        component: &'a str,
        key: Option<String>,
        document: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, OpError>>;
}

/// The capability.
pub struct CryptoCapability(pub Arc<dyn CryptoProvider>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    component: Option<String>,
    key: Option<String>,
    algorithm: Option<String>,
    cipher: Option<String>,
    decryption_key: Option<String>,
    #[serde(default)]
    omit_key: bool,
}

impl Capability for CryptoCapability {
    fn name(&self) -> &'static str {
        "crypto"
    }

    fn call<'a>(
        &'a self,
        cx: &'a CallContext,
        verb: &'a str,
        args: Map<String, Value>,
        body: Bytes,
    ) -> BoxFuture<'a, OpResult> {
        Box::pin(async move {
            let args: Arguments = arguments(&format!("crypto.{verb}"), args)?;
            let component = args.component.as_deref().unwrap_or(DEFAULT_CRYPTO);
            let done = match verb {
                "encrypt" => {
                    let missing = |name| error(Code::InvalidArgument, format!("crypto.encrypt: {name} is missing"));
                    let how = Encryption {
                        key: args.key.ok_or_else(|| missing("key"))?,
                        algorithm: args.algorithm.ok_or_else(|| missing("algorithm"))?,
                        cipher: args.cipher,
                        decryption_key: args.decryption_key,
                        omit_key: args.omit_key,
                    };
                    check_grant(cx, component, &how.key)?;
                    self.0.encrypt(cx, component, how, body).await?
                }
                "decrypt" => {
                    check_grant(cx, component, &named(args.key.as_deref(), &body)?)?;
                    self.0.decrypt(cx, component, args.key, body).await?
                }
                other => return Err(unknown(&format!("crypto.{other}"))),
            };
            Ok((json!({}), done))
        })
    }
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

/// An entry names the key, in whatever component, or the key of one.
fn check_grant(cx: &CallContext, component: &str, key: &str) -> Result<(), OpError> {
    match grants::allows_in(&cx.grants.keys, component, key) {
        true => Ok(()),
        false => Err(grants::refused(&cx.function, "keys", &format!("{component}/{key}"))),
    }
}
