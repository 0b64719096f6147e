//! A secret that a client sends. Digests are compared, so that the time of a comparison reveals nothing about the secret.
use axum::http::HeaderValue;
use sha2::{Digest, Sha256};

/// The digest of a secret.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    pub fn new(secret: &[u8]) -> Token {
        Token(Sha256::digest(secret).into())
    }

    /// Whether it was shown.
    pub fn is(&self, shown: &[u8]) -> bool {
        <[u8; 32]>::from(Sha256::digest(shown)) == self.0
    }
}

/// What `Authorization: Bearer …` shows (RFC 6750).
pub fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, rest) = value.as_bytes().split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii())
}
