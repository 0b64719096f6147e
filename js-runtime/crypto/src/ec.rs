//! ECDSA and ECDH on the curves of NIST (FIPS 186-5, SP 800-56A).
use crate::ec_keys::{Curve, UNUSABLE, on_curve};
use crate::hash::{self, Hash};
use crate::{Failure, Random};
use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use p256::elliptic_curve::Generate;

const NO_RANDOM: Failure = Failure::Operation("there are no random bytes");

pub fn generate(curve: Curve, random: &mut Random) -> Result<Vec<u8>, Failure> {
    on_curve!(curve, c => {
        let key = c::SecretKey::try_generate_from_rng(random).map_err(|_| NO_RANDOM)?;
        Ok(key.to_bytes().to_vec())
    })
}

/// The digest with as many leading zeros as the libraries want: to them a digest of less than half the curve's size is a mistake, to the
/// standard it is a smaller number.
fn padded(curve: Curve, hash: Hash, data: &[u8]) -> Vec<u8> {
    let digest = hash::digest(hash, data);
    let mut padded = vec![0; curve.size().saturating_sub(digest.len())];
    padded.extend_from_slice(&digest);
    padded
}

pub fn sign(curve: Curve, hash: Hash, key: &[u8], data: &[u8], random: &mut Random) -> Result<Vec<u8>, Failure> {
    let digest = padded(curve, hash, data);
    on_curve!(curve, c => {
        let key = c::ecdsa::SigningKey::from_slice(key).map_err(|_| UNUSABLE)?;
        let signature: c::ecdsa::Signature =
            key.sign_prehash_with_rng(random, &digest).map_err(|_| NO_RANDOM)?;
        Ok(signature.to_bytes().to_vec())
    })
}

pub fn verify(curve: Curve, hash: Hash, key: &[u8], data: &[u8], signature: &[u8]) -> Result<bool, Failure> {
    let digest = padded(curve, hash, data);
    on_curve!(curve, c => {
        let key = c::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| UNUSABLE)?;
        let signature = c::ecdsa::Signature::from_slice(signature);
        Ok(signature.is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()))
    })
}

pub fn derive(curve: Curve, key: &[u8], other: &[u8]) -> Result<Vec<u8>, Failure> {
    on_curve!(curve, c => {
        let key = c::SecretKey::from_slice(key).map_err(|_| UNUSABLE)?;
        let other = c::PublicKey::from_sec1_bytes(other).map_err(|_| UNUSABLE)?;
        Ok(key.diffie_hellman(&other).raw_secret_bytes().to_vec())
    })
}
