//! The table of calls: the arguments of each, and the function behind it.
use crate::aes::{self, Direction};
use crate::ec_keys::Curve;
use crate::hash::{self, Hash};
use crate::okp_keys::Okp;
use crate::password::pbkdf2;
use crate::{Failure, Random, Started, ec_keys, okp_keys, rsa_keys};
#[cfg(feature = "compute")]
use crate::{ec, okp, rsa, rsa_generate::generate};
use serde::Deserialize;

/// The forms in which key material comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The bytes of a secret key or of a public point.
    Raw,
    /// A private key, DER (RFC 5208).
    Pkcs8,
    /// A public key, DER (RFC 5280 §4.1).
    Spki,
    /// The integers of a JSON Web Key (RFC 7518 §6), decoded, in the order of the RFC.
    Jwk,
}

/// The schemes of RSA's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
    /// RSA-PSS.
    Pss,
}

/// A call without its byte strings.
#[derive(Debug, Deserialize)]
#[serde(tag = "call", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Call {
    /// `data` gives its digest.
    Digest { hash: Hash },
    /// `key, data` gives the code.
    Hmac { hash: Hash },
    /// `key, salt, info` gives that many bytes.
    Hkdf { hash: Hash, length: usize },
    /// `password, salt` gives that many bytes.
    Pbkdf2 { hash: Hash, iterations: u32, length: usize },
    /// `key, iv, data` gives the data the other way.
    AesCbc { direction: Direction },
    /// `key, counter, data` gives the data the other way; `length` bits of the block count.
    AesCtr { length: u32 },
    /// `key, iv, additional data, data` gives the data the other way; the tag, of `length` bytes, stands at its end.
    AesGcm { direction: Direction, length: usize },
    /// `key, data` gives the data the other way.
    AesKw { direction: Direction },
    /// `public exponent` gives a private key.
    RsaGenerate { length: usize },
    /// Key material gives the key, the modulus and the public exponent.
    RsaImport { format: Format },
    /// `key` gives the integers of a JSON Web Key; of a private key those of a private one.
    RsaIntegers { private: bool },
    /// `private key` gives the public key.
    RsaPublic,
    /// `private key, data` gives the signature.
    RsaSign { scheme: Scheme, hash: Hash, salt: usize },
    /// `public key, data, signature` gives one byte: whether it is valid.
    RsaVerify { scheme: Scheme, hash: Hash, salt: usize },
    /// `public key, label, data` gives the ciphertext.
    RsaEncrypt { hash: Hash },
    /// `private key, label, ciphertext` gives the data.
    RsaDecrypt { hash: Hash },
    /// Nothing gives a private key.
    EcGenerate { curve: Curve },
    /// Key material gives the key. A private JSON Web Key is `scalar, point`.
    EcImport { curve: Curve, format: Format },
    /// `key` gives key material.
    EcExport { curve: Curve, format: Format },
    /// `private key` gives the public key.
    EcPublic { curve: Curve },
    /// `private key, data` gives the signature, `r` and `s` one after the other.
    EcSign { curve: Curve, hash: Hash },
    /// `public key, data, signature` gives one byte: whether it is valid.
    EcVerify { curve: Curve, hash: Hash },
    /// `private key, public key` gives the shared secret.
    EcDerive { curve: Curve },
    /// Key material gives the key. A private JSON Web Key is `private key, public key`.
    OkpImport { curve: Okp, format: Format },
    /// `key` gives key material.
    OkpExport { curve: Okp, format: Format },
    /// `private key` gives the public key.
    OkpPublic { curve: Okp },
    /// `private key, data` gives the signature.
    OkpSign,
    /// `public key, data, signature` gives one byte: whether it is valid.
    OkpVerify,
    /// `private key, public key` gives the shared secret.
    OkpDerive,
}

fn one(bytes: Vec<u8>) -> Started {
    Started::Done(vec![bytes])
}

#[cfg(feature = "compute")]
fn verdict(valid: bool) -> Started {
    one(vec![u8::from(valid)])
}

impl Call {
    /// Starts it with its byte strings. Most are done then.
    pub fn start(&self, parts: &[&[u8]], random: &mut Random) -> Result<Started, Failure> {
        Ok(match (self, parts) {
            (Call::Digest { hash }, &[data]) => one(hash::digest(*hash, data)),
            (Call::Hmac { hash }, &[key, data]) => one(hash::hmac(*hash, key, data)),
            (Call::Hkdf { hash, length }, &[key, salt, info]) => one(hash::hkdf(*hash, key, salt, info, *length)?),
            (Call::Pbkdf2 { hash, iterations, length }, &[password, salt]) => {
                Started::Work(pbkdf2(*hash, password, salt, *iterations, *length))
            }
            (Call::AesCbc { direction }, &[key, iv, data]) => one(aes::cbc(*direction, key, iv, data)?),
            (Call::AesCtr { length }, &[key, counter, data]) => one(aes::ctr(key, counter, *length, data)?),
            (Call::AesGcm { direction, length }, &[key, iv, additional, data]) => {
                one(aes::gcm(*direction, key, iv, additional, data, *length)?)
            }
            (Call::AesKw { direction }, &[key, data]) => one(aes::kw(*direction, key, data)?),
            (Call::RsaImport { format }, parts) => Started::Done(rsa_keys::import(*format, parts)?),
            (Call::RsaIntegers { private }, &[key]) => Started::Done(rsa_keys::integers(*private, key)?),
            (Call::RsaPublic, &[key]) => one(rsa_keys::public(key)?),
            (Call::EcImport { curve, format }, parts) => one(ec_keys::import(*curve, *format, parts)?),
            (Call::EcExport { curve, format }, &[key]) => one(ec_keys::export(*curve, *format, key)?),
            (Call::EcPublic { curve }, &[key]) => one(ec_keys::public(*curve, key)?),
            (Call::OkpImport { curve, format }, parts) => one(okp_keys::import(*curve, *format, parts)?),
            (Call::OkpExport { curve, format }, &[key]) => one(okp_keys::export(*curve, *format, key)?),
            (Call::OkpPublic { curve }, &[key]) => one(okp_keys::public(*curve, key)?),
            _ => self.compute(parts, random)?,
        })
    }

    #[cfg(not(feature = "compute"))]
    fn compute(&self, _: &[&[u8]], _: &mut Random) -> Result<Started, Failure> {
        Err(Failure::Operation("this is not available while the module is loaded; call it inside a handler"))
    }

    /// The calls that are for the host alone.
    #[cfg(feature = "compute")]
    fn compute(&self, parts: &[&[u8]], random: &mut Random) -> Result<Started, Failure> {
        /// The number of byte strings is the caller's fault and nobody else's.
        const SHAPE: Failure = Failure::Operation("the call has another number of byte strings");
        Ok(match (self, parts) {
            (Call::RsaGenerate { length }, &[exponent]) => Started::Work(generate(*length, exponent)?),
            (Call::RsaSign { scheme, hash, salt }, &[key, data]) => {
                one(rsa::sign(*scheme, *hash, *salt, key, data, random)?)
            }
            (Call::RsaVerify { scheme, hash, salt }, &[key, data, signature]) => {
                verdict(rsa::verify(*scheme, *hash, *salt, key, data, signature)?)
            }
            (Call::RsaEncrypt { hash }, &[key, label, data]) => one(rsa::encrypt(*hash, key, label, data, random)?),
            (Call::RsaDecrypt { hash }, &[key, label, data]) => one(rsa::decrypt(*hash, key, label, data, random)?),
            (Call::EcGenerate { curve }, []) => one(ec::generate(*curve, random)?),
            (Call::EcSign { curve, hash }, &[key, data]) => one(ec::sign(*curve, *hash, key, data, random)?),
            (Call::EcVerify { curve, hash }, &[key, data, signature]) => {
                verdict(ec::verify(*curve, *hash, key, data, signature)?)
            }
            (Call::EcDerive { curve }, &[key, other]) => one(ec::derive(*curve, key, other)?),
            (Call::OkpSign, &[key, data]) => one(okp::sign(key, data)?),
            (Call::OkpVerify, &[key, data, signature]) => verdict(okp::verify(key, data, signature)),
            (Call::OkpDerive, &[key, other]) => one(okp::derive(key, other)?),
            _ => return Err(SHAPE),
        })
    }
}
