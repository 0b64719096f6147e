//! Ed25519 (RFC 8032) and X25519 (RFC 7748).
use crate::Failure;
use crate::okp_keys::{UNUSABLE, array};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use x25519_dalek::{PublicKey, StaticSecret};

pub fn sign(key: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    Ok(SigningKey::from_bytes(&array(key, UNUSABLE)?).sign(data).to_bytes().to_vec())
}

/// Keys and signatures of small order are refused, as Web Cryptography asks.
pub fn verify(key: &[u8], data: &[u8], signature: &[u8]) -> bool {
    let key = array(key, UNUSABLE).ok().and_then(|key| VerifyingKey::from_bytes(&key).ok());
    let signature = Signature::from_slice(signature).ok();
    key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(data, &signature).is_ok())
}

pub fn derive(key: &[u8], other: &[u8]) -> Result<Vec<u8>, Failure> {
    let other = PublicKey::from(array(other, UNUSABLE)?);
    let shared = StaticSecret::from(array(key, UNUSABLE)?).diffie_hellman(&other);
    match shared.was_contributory() {
        true => Ok(shared.to_bytes().to_vec()),
        false => Err(Failure::Operation("the other key is of small order")),
    }
}
