//! The algorithms of Web Cryptography, as calls over bytes.
//!
//! Owns: which calls exist, what each takes and gives, and the libraries that do the work. The guest runs a call itself or asks the
//! host to run it; both have this crate, so that the answer is the same. What takes long only the host has: the feature `compute`. Must
//! not know: JavaScript, keys as objects, their usages, JWK.
//!
//! A key is bytes: a secret key as it is; an RSA key as PKCS #8 or SubjectPublicKeyInfo; an elliptic curve's private key as its scalar
//! and its public key as the uncompressed point; keys of Curve25519 as their 32 bytes.
mod aes;
mod call;
#[cfg(feature = "compute")]
mod ec;
mod ec_keys;
mod hash;
#[cfg(feature = "compute")]
mod okp;
mod okp_keys;
mod password;
mod request;
#[cfg(feature = "compute")]
mod rsa;
#[cfg(feature = "compute")]
mod rsa_generate;
mod rsa_keys;

pub use call::Call;
pub use hash::same;
pub use request::Request;

/// The byte strings that a call takes or gives, in its order.
pub type Parts = Vec<Vec<u8>>;

/// Why a call gave nothing. The name is that of the `DOMException`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// `DataError`: key material that is no key of its kind.
    Data(&'static str),
    /// `OperationError`: everything else that can go wrong with valid arguments.
    Operation(&'static str),
}

impl Failure {
    /// The name of the `DOMException`, and its message.
    pub fn described(&self) -> (&'static str, &'static str) {
        match self {
            Failure::Data(message) => ("DataError", message),
            Failure::Operation(message) => ("OperationError", message),
        }
    }
}

/// A call that takes long, in steps of some milliseconds at most: between two of them its caller may give up.
pub trait Work: Send {
    /// Goes on; the result when there is one.
    fn step(&mut self, random: &mut Random) -> Option<Result<Parts, Failure>>;
}

/// What became of a call.
pub enum Started {
    /// It is done.
    Done(Parts),
    /// It is to be driven to its end.
    Work(Box<dyn Work>),
}

impl Started {
    /// Drives it to its end.
    pub fn finish(self, random: &mut Random) -> Result<Parts, Failure> {
        match self {
            Started::Done(parts) => Ok(parts),
            Started::Work(mut work) => loop {
                if let Some(result) = work.step(random) {
                    return result;
                }
            },
        }
    }
}

/// A source of random bytes fit for keys: a function that fills a slice and says whether it could.
pub struct Random(pub fn(&mut [u8]) -> bool);

/// The source of random bytes failed.
#[derive(Debug, Clone, Copy)]
pub struct NoRandom;

impl std::fmt::Display for NoRandom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("there are no random bytes")
    }
}

impl std::error::Error for NoRandom {}

impl ::rsa::rand_core::TryRng for Random {
    type Error = NoRandom;

    fn try_next_u32(&mut self) -> Result<u32, NoRandom> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandom> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoRandom> {
        if (self.0)(bytes) { Ok(()) } else { Err(NoRandom) }
    }
}

impl ::rsa::rand_core::TryCryptoRng for Random {}
