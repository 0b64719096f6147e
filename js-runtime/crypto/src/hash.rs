//! Digests, HMAC (RFC 2104) and HKDF (RFC 5869).
use crate::Failure;
use ::hkdf::Hkdf;
use ::hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Digest;
use subtle::ConstantTimeEq;

/// The hash functions of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Hash {
    /// FIPS 180-4; kept for what exists.
    #[serde(rename = "SHA-1")]
    Sha1,
    /// FIPS 180-4.
    #[serde(rename = "SHA-256")]
    Sha256,
    /// FIPS 180-4.
    #[serde(rename = "SHA-384")]
    Sha384,
    /// FIPS 180-4.
    #[serde(rename = "SHA-512")]
    Sha512,
}

/// Evaluates the expression with the hash function's type as `$D`.
macro_rules! with_hash {
    ($hash:expr, $D:ident => $body:expr) => {
        match $hash {
            $crate::hash::Hash::Sha1 => {
                type $D = ::sha1::Sha1;
                $body
            }
            $crate::hash::Hash::Sha256 => {
                type $D = ::sha2::Sha256;
                $body
            }
            $crate::hash::Hash::Sha384 => {
                type $D = ::sha2::Sha384;
                $body
            }
            $crate::hash::Hash::Sha512 => {
                type $D = ::sha2::Sha512;
                $body
            }
        }
    };
}
pub(crate) use with_hash;

pub fn digest(hash: Hash, data: &[u8]) -> Vec<u8> {
    with_hash!(hash, D => D::digest(data).to_vec())
}

pub fn hmac(hash: Hash, key: &[u8], data: &[u8]) -> Vec<u8> {
    with_hash!(hash, D => keyed::<Hmac<D>>(key).chain_update(data).finalize().into_bytes().to_vec())
}

/// A code with its key, which may have any length.
pub fn keyed<M: Mac + KeyInit>(key: &[u8]) -> M {
    <M as KeyInit>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"))
}

pub fn hkdf(hash: Hash, key: &[u8], salt: &[u8], info: &[u8], length: usize) -> Result<Vec<u8>, Failure> {
    const LONG: Failure = Failure::Operation("HKDF gives at most 255 times the length of the digest");
    with_hash!(hash, D => {
        if length > 255 * <D as Digest>::output_size() {
            return Err(LONG);
        }
        let mut bytes = vec![0; length];
        Hkdf::<D>::new(Some(salt), key).expand(info, &mut bytes).map_err(|_| LONG)?;
        Ok(bytes)
    })
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
