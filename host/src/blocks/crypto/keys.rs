//! Keys as files of one folder, in the forms that Dapr's `crypto.dapr.localstorage` reads: PEM, JWK, or the bytes of a
//! symmetric key (raw, or as base64). They wrap the keys of documents and never leave this module.
use aes_kw::{KeyInit, KwAes256};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, URL_SAFE_NO_PAD};
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::sha2::Sha256;
use rsa::{BoxedUint, PrivateKey, PublicKey};
use serde::Deserialize;
use std::path::{Component, Path, PathBuf};

/// Largest key file, bytes; a private key of 8192 bits has about 6 KiB.
const MAX_FILE: u64 = 64 << 10;

/// What is wrong with a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not the name of a file below the folder.
    #[error("invalid key name {0:?}: it must be the name of a file in the folder of keys")]
    Name(String),
    /// The file does not exist.
    #[error("failed to load key '{name}': {reason}")]
    Unreadable { name: String, reason: String },
    /// Something else is in the file.
    #[error("failed to parse key '{name}': {reason}")]
    Malformed {
        name: String,
        /// What was found.
        reason: String,
    },
    /// Key and algorithm do not go together.
    #[error("the key '{name}' is {kind}, but {algorithm} needs {needed}")]
    Mismatch {
        name: String,
        /// What it is.
        kind: &'static str,
        /// What it was to be used with.
        algorithm: &'static str,
        /// What that needs.
        needed: &'static str,
    },
    /// The cipher refused.
    #[error("the key '{0}' does not unwrap the document's key")]
    Refused(String),
}

/// How a document's key is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// AES key wrap (RFC 3394) with a key of 256 bits.
    Aes256Kw,
    /// RSA-OAEP with SHA-256.
    RsaOaep256,
}

impl Algorithm {
    /// By the name that callers use; an alias maps to Dapr's name.
    pub fn from_name(name: &str) -> Option<Algorithm> {
        match name.to_ascii_uppercase().as_str() {
            "A256KW" | "AES" => Some(Algorithm::Aes256Kw),
            "RSA-OAEP-256" | "RSA" => Some(Algorithm::RsaOaep256),
            _ => None,
        }
    }

    /// By its number in the scheme.
    pub fn from_number(number: u8) -> Option<Algorithm> {
        [Algorithm::Aes256Kw, Algorithm::RsaOaep256].into_iter().find(|algorithm| algorithm.number() == number)
    }

    /// Its number in the scheme.
    pub fn number(self) -> u8 {
        match self {
            Algorithm::Aes256Kw => 1,
            Algorithm::RsaOaep256 => 5,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Algorithm::Aes256Kw => "A256KW",
            Algorithm::RsaOaep256 => "RSA-OAEP-256",
        }
    }
}

pub struct Key {
    name: String,
    material: Material,
}

enum Material {
    Symmetric(Vec<u8>),
    Public(PublicKey),
    Private(Box<PrivateKey>),
}

/// Loads a key; reads its file each time, so that a new key works at once.
pub fn load(folder: &Path, name: &str) -> Result<Key, KeyError> {
    let path = path(folder, name)?;
    let unreadable = |reason: String| KeyError::Unreadable { name: name.to_owned(), reason };
    let size = std::fs::metadata(&path).map_err(|e| unreadable(e.to_string()))?.len();
    if size > MAX_FILE {
        return Err(unreadable(format!("its file has {size} bytes, more than {MAX_FILE}")));
    }
    let bytes = std::fs::read(&path).map_err(|e| unreadable(e.to_string()))?;
    let material = parse(&bytes, path.extension().and_then(|extension| extension.to_str()));
    let malformed = |reason| KeyError::Malformed { name: name.to_owned(), reason };
    Ok(Key { name: name.to_owned(), material: material.map_err(malformed)? })
}

/// Only plain names lead below the folder and not out of it.
fn path(folder: &Path, name: &str) -> Result<PathBuf, KeyError> {
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !plain || name.contains('\0') {
        return Err(KeyError::Name(name.to_owned()));
    }
    Ok(folder.join(name))
}

fn parse(bytes: &[u8], extension: Option<&str>) -> Result<Material, String> {
    let raw_length = matches!(bytes.len(), 16 | 24 | 32);
    match (extension.map(str::to_ascii_lowercase).as_deref(), bytes.first()) {
        (_, None) => Err("it is empty".to_owned()),
        (Some("json"), _) => jwk(bytes),
        (Some("pem"), _) => pem(bytes),
        (_, Some(b'{')) if !raw_length => jwk(bytes),
        _ if bytes.starts_with(b"-----") => pem(bytes),
        _ => Ok(Material::Symmetric(symmetric(bytes))),
    }
}

/// As base64 of either alphabet if it can be decoded; else the bytes themselves.
fn symmetric(bytes: &[u8]) -> Vec<u8> {
    let config = NO_PAD.with_decode_allow_trailing_bits(true);
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\n' | b'=')).map_or(0, |last| last + 1);
    [&alphabet::STANDARD, &alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(&bytes[..end]).ok())
        .unwrap_or_else(|| bytes.to_vec())
}

fn pem(bytes: &[u8]) -> Result<Material, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not PEM".to_owned())?;
    let private = |key| Material::Private(Box::new(key));
    let label = text.trim_start().strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----"));
    match label.map(|(label, _)| label) {
        Some("PRIVATE KEY") => PrivateKey::from_pkcs8_pem(text).map(private).map_err(|e| e.to_string()),
        Some("RSA PRIVATE KEY") => PrivateKey::from_pkcs1_pem(text).map(private).map_err(|e| e.to_string()),
        Some("PUBLIC KEY") => PublicKey::from_public_key_pem(text).map(Material::Public).map_err(|e| e.to_string()),
        Some("RSA PUBLIC KEY") => PublicKey::from_pkcs1_pem(text).map(Material::Public).map_err(|e| e.to_string()),
        Some(other) => Err(format!("it is a PEM of {other}; RSA keys are supported, private and public")),
        None => Err("it is not PEM".to_owned()),
    }
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    k: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
}

fn jwk(bytes: &[u8]) -> Result<Material, String> {
    let jwk: Jwk = serde_json::from_slice(bytes).map_err(|e| format!("it is not a JWK: {e}"))?;
    let decoded = |name: &str, field: &Option<String>| {
        let text = field.as_ref().ok_or_else(|| format!("the JWK has no {name:?}"))?;
        URL_SAFE_NO_PAD.decode(text).map_err(|e| format!("{name:?} of the JWK: {e}"))
    };
    let number = |name: &str, field: &Option<String>, bits: Option<u32>| {
        let bytes = decoded(name, field)?;
        let bits = bits.unwrap_or_else(|| u32::try_from(bytes.len() * 8).unwrap_or(u32::MAX));
        BoxedUint::from_be_slice(&bytes, bits).map_err(|e| format!("{name:?} of the JWK: {e}"))
    };
    match jwk.kty.as_str() {
        "oct" => decoded("k", &jwk.k).map(Material::Symmetric),
        "RSA" => {
            let (n, e) = (number("n", &jwk.n, None)?, number("e", &jwk.e, None)?);
            if jwk.d.is_none() {
                return PublicKey::new(n, e).map(Material::Public).map_err(|e| e.to_string());
            }
            let bits = Some(n.bits_precision());
            let primes = vec![number("p", &jwk.p, bits)?, number("q", &jwk.q, bits)?];
            let key = PrivateKey::from_components(n, e, number("d", &jwk.d, bits)?, primes);
            key.map(|key| Material::Private(Box::new(key))).map_err(|e| e.to_string())
        }
        other => Err(format!("it is a JWK of the type {other:?}; \"oct\" and \"RSA\" are supported")),
    }
}

impl Key {
    /// Wraps a document's key.
    pub fn wrap(&self, algorithm: Algorithm, key: &[u8; 32]) -> Result<Vec<u8>, KeyError> {
        let refused = || KeyError::Refused(self.name.clone());
        match (algorithm, &self.material) {
            (Algorithm::Aes256Kw, Material::Symmetric(secret)) => {
                let mut wrapped = [0; 40];
                self.aes(secret)?.wrap_key(key, &mut wrapped).map_err(|_| refused())?;
                Ok(wrapped.to_vec())
            }
            (Algorithm::RsaOaep256, Material::Public(public)) => {
                public.oaep_encrypt::<Sha256>(key).map_err(|_| refused())
            }
            (Algorithm::RsaOaep256, Material::Private(private)) => {
                private.to_public_key().oaep_encrypt::<Sha256>(key).map_err(|_| refused())
            }
            (Algorithm::Aes256Kw, _) => Err(self.mismatch(algorithm, "a symmetric one of 32 bytes")),
            (Algorithm::RsaOaep256, _) => Err(self.mismatch(algorithm, "an RSA key")),
        }
    }

    /// Unwraps a document's key.
    pub fn unwrap(&self, algorithm: Algorithm, wrapped: &[u8]) -> Result<[u8; 32], KeyError> {
        let refused = || KeyError::Refused(self.name.clone());
        match (algorithm, &self.material) {
            (Algorithm::Aes256Kw, Material::Symmetric(secret)) => {
                let mut key = [0; 32];
                if wrapped.len() != 40 {
                    return Err(refused());
                }
                self.aes(secret)?.unwrap_key(wrapped, &mut key).map_err(|_| refused())?;
                Ok(key)
            }
            (Algorithm::RsaOaep256, Material::Private(private)) => {
                let key = private.oaep_decrypt::<Sha256>(wrapped).map_err(|_| refused())?;
                key.try_into().map_err(|_| refused())
            }
            (Algorithm::Aes256Kw, _) => Err(self.mismatch(algorithm, "a symmetric one of 32 bytes")),
            (Algorithm::RsaOaep256, _) => Err(self.mismatch(algorithm, "a private RSA key")),
        }
    }

    fn aes(&self, secret: &[u8]) -> Result<KwAes256, KeyError> {
        KwAes256::new_from_slice(secret).map_err(|_| self.mismatch(Algorithm::Aes256Kw, "a symmetric one of 32 bytes"))
    }

    fn mismatch(&self, algorithm: Algorithm, needed: &'static str) -> KeyError {
        let kind = match &self.material {
            Material::Symmetric(secret) if secret.len() == 32 => "symmetric",
            Material::Symmetric(_) => "symmetric, but not of 32 bytes",
            Material::Public(_) => "a public RSA key",
            Material::Private(_) => "a private RSA key",
        };
        KeyError::Mismatch { name: self.name.clone(), kind, algorithm: algorithm.name(), needed }
    }
}
