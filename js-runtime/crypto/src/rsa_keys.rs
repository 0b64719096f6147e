//! RSA keys: read from each form, written, taken apart.
use crate::call::Format;
use crate::{Failure, Parts};
use ::rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ::rsa::traits::{PrivateKeyParts, PublicKeyParts};
use ::rsa::{BoxedUint, PrivateKey, PublicKey};

const DATA: Failure = Failure::Data("the key material is no RSA key, or its modulus has not 1024 to 8192 bits");
const UNUSABLE: Failure = Failure::Operation("the key is no RSA key that can be used");
pub const ENCODING: Failure = Failure::Operation("the key cannot be encoded");

/// A private key as this crate keeps it.
pub fn private(key: &[u8]) -> Result<PrivateKey, Failure> {
    PrivateKey::from_pkcs8_der(key).map_err(|_| UNUSABLE)
}

/// A public key as this crate keeps it.
pub fn read_public(key: &[u8]) -> Result<PublicKey, Failure> {
    PublicKey::from_public_key_der(key).map_err(|_| UNUSABLE)
}

pub fn integer(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

pub fn import(format: Format, parts: &[&[u8]]) -> Result<Parts, Failure> {
    match (format, parts) {
        (Format::Spki, &[der]) => of_public(&PublicKey::from_public_key_der(der).map_err(|_| DATA)?),
        (Format::Pkcs8, &[der]) => of_private(&PrivateKey::from_pkcs8_der(der).map_err(|_| DATA)?),
        (Format::Jwk, &[n, e]) => of_public(&PublicKey::new(integer(n), integer(e)).map_err(|_| DATA)?),
        // `dp`, `dq` and `qi` follow from the others.
        (Format::Jwk, &[n, e, d, p, q, ..]) => {
            let primes = vec![integer(p), integer(q)];
            of_private(&PrivateKey::from_components(integer(n), integer(e), integer(d), primes).map_err(|_| DATA)?)
        }
        _ => Err(DATA),
    }
}

fn of_public(key: &PublicKey) -> Result<Parts, Failure> {
    let der = key.to_public_key_der().map_err(|_| ENCODING)?.into_vec();
    Ok(vec![der, key.n_bytes().into_vec(), key.e_bytes().into_vec()])
}

fn of_private(key: &PrivateKey) -> Result<Parts, Failure> {
    if key.n().bit_width() < PublicKey::MIN_SIZE as u32 || key.n().bit_width() > PublicKey::MAX_SIZE as u32 {
        return Err(DATA);
    }
    let der = key.to_pkcs8_der().map_err(|_| ENCODING)?.as_bytes().to_vec();
    Ok(vec![der, key.n_bytes().into_vec(), key.e_bytes().into_vec()])
}

/// The public key of a private one.
pub fn public(key: &[u8]) -> Result<Vec<u8>, Failure> {
    Ok(private(key)?.as_public_key().to_public_key_der().map_err(|_| ENCODING)?.into_vec())
}

/// `n, e`, and of a private key `d, p, q, dp, dq, qi` too.
pub fn integers(of_private: bool, key: &[u8]) -> Result<Parts, Failure> {
    if !of_private {
        let key = read_public(key)?;
        return Ok(vec![key.n_bytes().into_vec(), key.e_bytes().into_vec()]);
    }
    let key = private(key)?;
    let (&[ref p, ref q], Some(dp), Some(dq), Some(qi)) = (key.primes(), key.dp(), key.dq(), key.crt_coefficient())
    else {
        return Err(Failure::Operation("the key has not two primes"));
    };
    let trimmed = |integer: &BoxedUint| integer.to_be_bytes_trimmed_vartime().into_vec();
    let mut parts = vec![key.n_bytes().into_vec(), key.e_bytes().into_vec()];
    parts.extend([key.d(), p, q, dp, dq, &qi].map(trimmed));
    Ok(parts)
}
