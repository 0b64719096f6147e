//! AES in the modes of the standard: CBC with padding, CTR, GCM, and key wrapping (RFC 3394).
//!
//! GCM (NIST SP 800-38D) is put together here from the crates `ghash` and `ctr`: `aes-gcm` fixes the lengths of nonce and tag in its types, and
//! Web Cryptography takes any.
use crate::{Failure, same};
use aes_kw::AesKw;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::consts::U16;
use cbc::cipher::{
    Array, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, InnerIvInit, KeyInit, KeyIvInit,
    StreamCipher, StreamCipherCore,
};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use serde::Deserialize;

/// There and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From plain data.
    Encrypt,
    /// To plain data.
    Decrypt,
}

const BLOCK: usize = 16;
const KEY: Failure = Failure::Operation("an AES key has 16, 24 or 32 bytes");
const IV: Failure = Failure::Operation("the initial block has not 16 bytes");
/// One message for all that can be wrong with a ciphertext.
const REFUSED: Failure = Failure::Operation("the data cannot be decrypted with this key");

/// Evaluates the expression with the cipher of the key's length as `$A`.
macro_rules! with_aes {
    ($key:expr, $A:ident => $body:expr) => {
        match $key.len() {
            16 => {
                type $A = ::aes::Aes128;
                $body
            }
            24 => {
                type $A = ::aes::Aes192;
                $body
            }
            32 => {
                type $A = ::aes::Aes256;
                $body
            }
            _ => Err(KEY),
        }
    };
}

pub fn cbc(direction: Direction, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    with_aes!(key, A => match direction {
        Direction::Encrypt => {
            let mode = cbc::Encryptor::<A>::new_from_slices(key, iv).map_err(|_| IV)?;
            Ok(mode.encrypt_padded_vec::<Pkcs7>(data))
        }
        Direction::Decrypt => {
            let mode = cbc::Decryptor::<A>::new_from_slices(key, iv).map_err(|_| IV)?;
            mode.decrypt_padded_vec::<Pkcs7>(data).map_err(|_| REFUSED)
        }
    })
}

/// `bits` low bits of the block count and begin again at zero. The mode of the library counts all 128, so the data is cut where they would
/// carry over.
pub fn ctr(key: &[u8], counter: &[u8], bits: u32, data: &[u8]) -> Result<Vec<u8>, Failure> {
    const LONG: Failure = Failure::Operation("the data is longer than the counter lasts");
    let counter = u128::from_be_bytes(counter.try_into().map_err(|_| IV)?);
    let mask = match bits {
        1..=127 => (1 << bits) - 1,
        128 => u128::MAX,
        _ => return Err(Failure::Operation("a counter has 1 to 128 bits")),
    };
    // One less than the blocks there are, and than those until the counter begins again.
    let (last, until) = ((data.len().div_ceil(BLOCK) as u128).saturating_sub(1), mask - (counter & mask));
    if last > mask {
        return Err(LONG);
    }
    let cut = if last > until { (until as usize + 1) * BLOCK } else { data.len() };
    let mut result = data.to_vec();
    let (first, rest) = result.split_at_mut(cut);
    with_aes!(key, A => {
        for (from, data) in [(counter, first), (counter & !mask, rest)] {
            let mode = ctr::Ctr128BE::<A>::new_from_slices(key, &from.to_be_bytes());
            mode.map_err(|_| IV)?.apply_keystream(data);
        }
        Ok(())
    })?;
    Ok(result)
}

pub fn gcm(
    direction: Direction,
    key: &[u8],
    iv: &[u8],
    additional: &[u8],
    data: &[u8],
    tag_length: usize,
) -> Result<Vec<u8>, Failure> {
    if !(1..=BLOCK).contains(&tag_length) {
        return Err(Failure::Operation("a tag has 4 to 16 bytes"));
    }
    with_aes!(key, A => {
        let gcm = Gcm::new(A::new_from_slice(key).map_err(|_| KEY)?, iv);
        match direction {
            Direction::Encrypt => {
                let mut result = data.to_vec();
                gcm.apply(&mut result);
                let tag = gcm.tag(additional, &result);
                result.extend_from_slice(&tag[..tag_length]);
                Ok(result)
            }
            Direction::Decrypt => {
                let (data, tag) = data.split_at(data.len().checked_sub(tag_length).ok_or(REFUSED)?);
                if !same(&gcm.tag(additional, data)[..tag_length], tag) {
                    return Err(REFUSED);
                }
                let mut result = data.to_vec();
                gcm.apply(&mut result);
                Ok(result)
            }
        }
    })
}

/// One message's GCM.
struct Gcm<A> {
    cipher: A,
    ghash: GHash,
    /// The block before the first counter, `J0`.
    start: [u8; BLOCK],
}

impl<A: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Clone> Gcm<A> {
    fn new(cipher: A, iv: &[u8]) -> Gcm<A> {
        let mut subkey = Array::<u8, U16>::default();
        cipher.encrypt_block(&mut subkey);
        let ghash = GHash::new(&subkey);
        let mut start = [0; BLOCK];
        if let Ok(iv) = <[u8; 12]>::try_from(iv) {
            start[..12].copy_from_slice(&iv);
            start[15] = 1;
        } else {
            start = digest(ghash.clone(), &[], iv);
        }
        Gcm { cipher, ghash, start }
    }

    /// The counter mode, which is its own inverse.
    fn apply(&self, data: &mut [u8]) {
        let counter = u32::from_be_bytes([self.start[12], self.start[13], self.start[14], self.start[15]]);
        let mut first = self.start;
        first[12..].copy_from_slice(&counter.wrapping_add(1).to_be_bytes());
        let core = ctr::CtrCore::<A, ctr::flavors::Ctr32BE>::inner_iv_init(self.cipher.clone(), &first.into());
        core.apply_keystream_partial(data.into());
    }

    fn tag(&self, additional: &[u8], data: &[u8]) -> [u8; BLOCK] {
        let mut mask = Array::<u8, U16>::from(self.start);
        self.cipher.encrypt_block(&mut mask);
        let mut tag = digest(self.ghash.clone(), additional, data);
        tag.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        tag
    }
}

/// GHASH of both, each padded, and of their lengths in bits.
fn digest(mut ghash: GHash, additional: &[u8], data: &[u8]) -> [u8; BLOCK] {
    ghash.update_padded(additional);
    ghash.update_padded(data);
    let mut lengths = Array::<u8, U16>::default();
    lengths[..8].copy_from_slice(&(additional.len() as u64 * 8).to_be_bytes());
    lengths[8..].copy_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    ghash.update(&[lengths]);
    ghash.finalize().into()
}

pub fn kw(direction: Direction, key: &[u8], data: &[u8]) -> Result<Vec<u8>, Failure> {
    let (least, length) = match direction {
        Direction::Encrypt => (16, data.len() + 8),
        Direction::Decrypt => (24, data.len().saturating_sub(8)),
    };
    if data.len() < least || !data.len().is_multiple_of(8) {
        return Err(Failure::Operation("AES-KW needs at least 16 bytes, and a multiple of 8"));
    }
    let mut result = vec![0; length];
    with_aes!(key, A => {
        let mode = AesKw::<A>::new_from_slice(key).map_err(|_| KEY)?;
        match direction {
            Direction::Encrypt => mode.wrap_key(data, &mut result),
            Direction::Decrypt => mode.unwrap_key(data, &mut result),
        }
        .map_err(|_| REFUSED)?;
        Ok(())
    })?;
    Ok(result)
}
