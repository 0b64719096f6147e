//! Cryptography with the keys of folders, one for each component. What it writes, a sidecar with the same keys reads.
use super::keys::{Algorithm, KeyError, load};
use super::scheme;
use super::scheme::{Cipher, SchemeError};
use super::{CryptoProvider, Decrypt, Encrypt, failed, named};
use crate::blocks::call::{CallContext, error, no_component};
use crate::code::{Code, OpError};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The backend.
pub struct Embedded {
    /// The folder of keys of each component.
    pub folders: BTreeMap<String, PathBuf>,
}

impl Embedded {
    fn folder(&self, component: &str) -> Result<PathBuf, OpError> {
        let absent =
            || no_component(Code::ComponentNotFound, &format!("crypto provider {component}"), self.folders.keys());
        self.folders.get(component).cloned().ok_or_else(absent)
    }
}

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("failed to wrap the file key: {0}")]
    Key(#[from] KeyError),
    #[error(transparent)]
    Scheme(#[from] SchemeError),
}

fn encrypt(folder: &Path, how: &Encrypt) -> Result<Bytes, OpError> {
    let algorithm = Algorithm::from_name(&how.algorithm).ok_or_else(|| {
        let message = format!("algorithm {} is not supported; A256KW and RSA-OAEP-256 are", how.algorithm);
        failed(&message)
    })?;
    let cipher = match how.cipher.as_deref().map(str::to_ascii_uppercase).as_deref() {
        None | Some("" | "AES-GCM") => Cipher::AesGcm,
        Some("CHACHA20-POLY1305") => Cipher::ChaCha20Poly1305,
        Some(other) => {
            let message = format!("cipher {other} is not supported; AES-GCM and CHACHA20-POLY1305 are");
            return Err(failed(&message));
        }
    };
    let decryption_key = how.decryption_key.as_ref().filter(|key| !key.is_empty()).unwrap_or(&how.key);
    let key_name = if how.omit_key { "" } else { decryption_key };
    let wrap = |key: &[u8; 32]| Ok::<_, Failure>(load(folder, &how.key)?.wrap(algorithm, key)?);
    let document = scheme::encrypt(&how.data, cipher, key_name, algorithm.number(), wrap).map_err(|e| failed(&e))?;
    Ok(document.into())
}

/// Whether a key is missing, is of the wrong kind or is simply another one is not told to who may only try documents.
fn decrypt(folder: &Path, key: Option<&str>, data: &[u8]) -> Result<Bytes, OpError> {
    let document = scheme::read(data).map_err(|e| failed(&e))?;
    let name = named(key, data)?;
    let unwrapped = Algorithm::from_number(document.manifest.algorithm)
        .ok_or_else(|| failed(&SchemeError::Header("invalid manifest")))
        .map(|algorithm| load(folder, &name).and_then(|key| key.unwrap(algorithm, &document.manifest.wrapped_key)))?;
    let unwrapped = unwrapped.unwrap_or_else(|reason| {
        tracing::debug!("{reason}");
        [0; 32]
    });
    Ok(document.decrypt(&unwrapped).map_err(|e| failed(&e))?.into())
}

/// Runs what takes the processor for some milliseconds where it delays nobody.
async fn apart(work: impl FnOnce() -> Result<Bytes, OpError> + Send + 'static) -> Result<Bytes, OpError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(error(Code::OperationFailed, format!("cryptography: {e}"))))
}

#[async_trait]
impl CryptoProvider for Embedded {
    async fn encrypt(&self, _: &CallContext, request: Encrypt) -> Result<Bytes, OpError> {
        let folder = self.folder(&request.component)?;
        apart(move || encrypt(&folder, &request)).await
    }

    async fn decrypt(&self, _: &CallContext, request: Decrypt) -> Result<Bytes, OpError> {
        let folder = self.folder(&request.component)?;
        apart(move || decrypt(&folder, request.key.as_deref(), &request.document)).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn vectors() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/blocks/crypto/vectors")
    }

    fn keys() -> PathBuf {
        vectors().join("keys")
    }

    #[test]
    fn what_dapr_wrote_is_read() {
        let long: Vec<u8> = b"0123456789".iter().copied().cycle().take(65_545).collect();
        let documents: [(&str, Option<&str>, &[u8]); 8] = [
            ("aes-gcm.enc", None, b"hello from Dapr"),
            ("aes-gcm.enc", Some("aes-raw"), b"hello from Dapr"),
            ("aes-gcm.enc", Some("aes.json"), b"hello from Dapr"),
            ("rsa-chacha.enc", None, b"hello from Dapr"),
            ("rsa-chacha.enc", Some("rsa.json"), b"hello from Dapr"),
            ("rsa-chacha.enc", Some("rsa-pkcs1.pem"), b"hello from Dapr"),
            ("empty.enc", None, b""),
            ("long.enc", Some("rsa.pem"), &long),
        ];
        for (file, key, expected) in documents {
            let document = std::fs::read(vectors().join(file)).unwrap();
            assert_eq!(decrypt(&keys(), key, &document).unwrap(), expected, "{file} with {key:?}");
        }
    }

    fn how(key: &str, algorithm: &str) -> Encrypt {
        let data = Bytes::from_static(b"data");
        Encrypt { key: key.to_owned(), algorithm: algorithm.to_owned(), data, ..Encrypt::default() }
    }

    #[test]
    fn every_form_of_a_key_wraps() {
        for (key, algorithm, opens) in [
            ("aes", "A256KW", "aes"),
            ("aes-raw", "AES", "aes.json"),
            ("rsa.pem", "RSA", "rsa.json"),
            ("rsa-public.pem", "rsa-oaep-256", "rsa-pkcs1.pem"),
            ("rsa-public-pkcs1.pem", "RSA", "rsa.pem"),
            ("rsa-public.json", "RSA", "rsa.pem"),
        ] {
            let document = encrypt(&keys(), &how(key, algorithm)).unwrap();
            assert_eq!(decrypt(&keys(), Some(opens), &document).unwrap(), &b"data"[..], "{key} and {opens}");
        }
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (key, algorithm, reason) in [
            ("nothing", "AES", "failed to load key 'nothing'"),
            ("../vectors/keys/aes", "AES", "invalid key name"),
            ("/etc/hostname", "AES", "invalid key name"),
            ("", "AES", "invalid key name"),
            ("ec.pem", "RSA", "failed to parse key 'ec.pem'"),
            ("rsa.pem", "AES", "the key 'rsa.pem' is a private RSA key, but A256KW needs a symmetric one of 32 bytes"),
            ("aes", "RSA", "the key 'aes' is symmetric, but RSA-OAEP-256 needs an RSA key"),
            ("aes", "A256CBC-NOPAD", "algorithm A256CBC-NOPAD is not supported"),
        ] {
            let message = encrypt(&keys(), &how(key, algorithm)).unwrap_err().message;
            assert!(message.contains(reason), "{message}");
        }
        let cipher = Encrypt { cipher: Some("ROT13".to_owned()), ..how("aes", "AES") };
        assert!(encrypt(&keys(), &cipher).unwrap_err().message.contains("cipher ROT13 is not supported"));
        let nameless = Encrypt { omit_key: true, ..how("aes", "AES") };
        let document = encrypt(&keys(), &nameless).unwrap();
        assert!(decrypt(&keys(), None, &document).unwrap_err().message.contains("does not contain a key name"));
        for wrong in ["nothing", "rsa.pem", "rsa-public.pem"] {
            let message = decrypt(&keys(), Some(wrong), &document).unwrap_err().message;
            assert!(message.contains("failed to validate the document's signature"), "{message}");
        }
    }
}
