//! Keys of the curves of NIST: read from each form, written, taken apart.
use crate::Failure;
use crate::call::Format;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use serde::Deserialize;

/// The curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Curve {
    /// secp256r1.
    #[serde(rename = "P-256")]
    P256,
    /// secp384r1.
    #[serde(rename = "P-384")]
    P384,
    /// secp521r1.
    #[serde(rename = "P-521")]
    P521,
}

impl Curve {
    /// Bytes of a coordinate.
    pub fn size(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }
}

const DATA: Failure = Failure::Data("the key material is no key of this curve");
pub const UNUSABLE: Failure = Failure::Operation("the key is no key of this curve");

/// Evaluates the expression with the curve's crate as `$c`.
macro_rules! on_curve {
    ($curve:expr, $c:ident => $body:expr) => {
        match $curve {
            $crate::ec_keys::Curve::P256 => {
                use p256 as $c;
                $body
            }
            $crate::ec_keys::Curve::P384 => {
                use p384 as $c;
                $body
            }
            $crate::ec_keys::Curve::P521 => {
                use p521 as $c;
                $body
            }
        }
    };
}
#[cfg(feature = "compute")]
pub(crate) use on_curve;

pub fn public(curve: Curve, key: &[u8]) -> Result<Vec<u8>, Failure> {
    on_curve!(curve, c => {
        let key = c::SecretKey::from_slice(key).map_err(|_| UNUSABLE)?;
        Ok(point(&key.public_key().to_sec1_bytes()))
    })
}

/// The libraries write points as this module keeps them: uncompressed.
fn point(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

pub fn import(curve: Curve, format: Format, parts: &[&[u8]]) -> Result<Vec<u8>, Failure> {
    on_curve!(curve, c => match (format, parts) {
        (Format::Raw, &[bytes]) => {
            Ok(point(&c::PublicKey::from_sec1_bytes(bytes).map_err(|_| DATA)?.to_sec1_bytes()))
        }
        (Format::Spki, &[der]) => {
            Ok(point(&c::PublicKey::from_public_key_der(der).map_err(|_| DATA)?.to_sec1_bytes()))
        }
        (Format::Pkcs8, &[der]) => {
            Ok(c::SecretKey::from_pkcs8_der(der).map_err(|_| DATA)?.to_bytes().to_vec())
        }
        (Format::Jwk, &[scalar, given]) if scalar.len() == curve.size() => {
            let key = c::SecretKey::from_slice(scalar).map_err(|_| DATA)?;
            match point(&key.public_key().to_sec1_bytes()) == given {
                true => Ok(scalar.to_vec()),
                false => Err(DATA),
            }
        }
        _ => Err(DATA),
    })
}

pub fn export(curve: Curve, format: Format, key: &[u8]) -> Result<Vec<u8>, Failure> {
    on_curve!(curve, c => match format {
        Format::Pkcs8 => {
            let der = c::SecretKey::from_slice(key).map_err(|_| UNUSABLE)?.to_pkcs8_der();
            Ok(der.map_err(|_| UNUSABLE)?.as_bytes().to_vec())
        }
        Format::Spki => {
            let der = c::PublicKey::from_sec1_bytes(key).map_err(|_| UNUSABLE)?.to_public_key_der();
            Ok(der.map_err(|_| UNUSABLE)?.into_vec())
        }
        Format::Raw | Format::Jwk => Ok(key.to_vec()),
    })
}
