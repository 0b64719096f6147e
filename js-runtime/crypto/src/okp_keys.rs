//! Keys of Ed25519 and X25519 in the forms of RFC 8410.
use crate::Failure;
use crate::call::Format;
use ed25519_dalek::SigningKey;
use rsa::pkcs8::der::asn1::OctetStringRef;
use rsa::pkcs8::der::{Decode, asn1::ObjectIdentifier};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use rsa::pkcs8::{PrivateKeyInfoRef, spki::AlgorithmIdentifierRef};
use serde::Deserialize;
use x25519_dalek::{PublicKey, StaticSecret};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Okp {
    /// Signatures.
    Ed25519,
    /// Shared secrets.
    X25519,
}

/// Bytes of every key.
const SIZE: usize = 32;
const DATA: Failure = Failure::Data("the key material is no key of this curve");
pub const UNUSABLE: Failure = Failure::Operation("the key is no key of this curve");

impl Okp {
    fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Okp::Ed25519 => "1.3.101.112",
            Okp::X25519 => "1.3.101.110",
        })
    }

    /// The last byte of the identifier, as it stands in DER.
    fn byte(self) -> u8 {
        match self {
            Okp::Ed25519 => 0x70,
            Okp::X25519 => 0x6e,
        }
    }

    fn is(self, algorithm: &AlgorithmIdentifierRef<'_>) -> bool {
        algorithm.oid == self.oid() && algorithm.parameters.is_none()
    }
}

pub fn array(bytes: &[u8], failure: Failure) -> Result<[u8; SIZE], Failure> {
    bytes.try_into().map_err(|_| failure)
}

pub fn import(curve: Okp, format: Format, parts: &[&[u8]]) -> Result<Vec<u8>, Failure> {
    match (format, parts) {
        (Format::Raw, &[bytes]) => Ok(array(bytes, DATA)?.to_vec()),
        (Format::Spki, &[der]) => {
            let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| DATA)?;
            let key = info.subject_public_key.as_bytes().filter(|_| curve.is(&info.algorithm));
            Ok(array(key.ok_or(DATA)?, DATA)?.to_vec())
        }
        (Format::Pkcs8, &[der]) => {
            let info = PrivateKeyInfoRef::from_der(der).map_err(|_| DATA)?;
            if !curve.is(&info.algorithm) {
                return Err(DATA);
            }
            let key = <&OctetStringRef>::from_der(info.private_key.as_bytes()).map_err(|_| DATA)?;
            Ok(array(key.as_bytes(), DATA)?.to_vec())
        }
        (Format::Jwk, &[key, given]) => match public(curve, &array(key, DATA)?)? == given {
            true => Ok(key.to_vec()),
            false => Err(DATA),
        },
        _ => Err(DATA),
    }
}

pub fn export(curve: Okp, format: Format, key: &[u8]) -> Result<Vec<u8>, Failure> {
    // Everything before the key has the same bytes for every key (RFC 8410 §10).
    let head: &[u8] = match format {
        Format::Pkcs8 => &[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, curve.byte(), 4, 0x22, 4, 0x20],
        Format::Spki => &[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, curve.byte(), 3, 0x21, 0],
        Format::Raw | Format::Jwk => &[],
    };
    Ok([head, &array(key, UNUSABLE)?].concat())
}

pub fn public(curve: Okp, key: &[u8]) -> Result<Vec<u8>, Failure> {
    let key = array(key, UNUSABLE)?;
    Ok(match curve {
        Okp::Ed25519 => SigningKey::from_bytes(&key).verifying_key().to_bytes().to_vec(),
        Okp::X25519 => PublicKey::from(&StaticSecret::from(key)).to_bytes().to_vec(),
    })
}
