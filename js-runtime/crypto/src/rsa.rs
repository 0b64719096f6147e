//! RSA: signatures by RSASSA-PKCS1-v1_5 and RSA-PSS, encryption by RSA-OAEP (RFC 8017). Private operations are blinded.
use crate::call::Scheme;
use crate::hash::{Hash, with_hash};
use crate::rsa_keys::{private, read_public};
use crate::{Failure, Random};
use ::rsa::{Oaep, Pkcs1v15Sign, Pss};
use sha2::Digest;

pub fn sign(
    scheme: Scheme,
    hash: Hash,
    salt: usize,
    key: &[u8],
    data: &[u8],
    random: &mut Random,
) -> Result<Vec<u8>, Failure> {
    let key = private(key)?;
    with_hash!(hash, D => {
        let digest = D::digest(data);
        match scheme {
            Scheme::Pkcs1 => key.sign_with_rng(random, Pkcs1v15Sign::new::<D>(), &digest),
            Scheme::Pss => key.sign_with_rng(random, Pss::<D>::new_with_salt(salt), &digest),
        }
    })
    .map_err(|_| Failure::Operation("the key is too short for this hash function and salt"))
}

pub fn verify(
    scheme: Scheme,
    hash: Hash,
    salt: usize,
    key: &[u8],
    data: &[u8],
    signature: &[u8],
) -> Result<bool, Failure> {
    let key = read_public(key)?;
    with_hash!(hash, D => {
        let digest = D::digest(data);
        let verified = match scheme {
            Scheme::Pkcs1 => key.verify(Pkcs1v15Sign::new::<D>(), &digest, signature),
            Scheme::Pss => key.verify(Pss::<D>::new_with_salt(salt), &digest, signature),
        };
        Ok(verified.is_ok())
    })
}

pub fn encrypt(hash: Hash, key: &[u8], label: &[u8], data: &[u8], random: &mut Random) -> Result<Vec<u8>, Failure> {
    let key = read_public(key)?;
    with_hash!(hash, D => key.encrypt(random, Oaep::<D>::new_with_label(label), data))
        .map_err(|_| Failure::Operation("the data is too long for this key and hash function"))
}

pub fn decrypt(hash: Hash, key: &[u8], label: &[u8], data: &[u8], random: &mut Random) -> Result<Vec<u8>, Failure> {
    let key = private(key)?;
    with_hash!(hash, D => key.decrypt_blinded(random, Oaep::<D>::new_with_label(label), data))
        .map_err(|_| Failure::Operation("the data cannot be decrypted with this key"))
}
