//! Dapr's encryption scheme `dapr.io/enc/v1`: a document is a header of three lines (the scheme, a manifest, a MAC of both) and
//! sealed segments of 64 KiB. Each document has a key of its own, which the manifest holds wrapped.
//!
//! Must not know: how that key is wrapped. Other implementations read what this one writes, and the other way round.
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

const NAME: &[u8] = b"dapr.io/enc/v1";
const SEGMENT: usize = 64 << 10;
const TAG: usize = 16;
const PREFIX: usize = 7;

/// Why a document cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemeError {
    /// It does not begin as one.
    #[error("invalid header: {0}")]
    Header(&'static str),
    /// Header and key do not fit.
    #[error("failed to validate the document's signature: it was changed, or encrypted with another key")]
    Signature,
    /// A segment was changed, or is missing.
    #[error("failed to decrypt segment {0}: it was changed, or segments are missing")]
    Segment(u32),
    /// What it would need does not fit the scheme.
    #[error("the document is too large")]
    TooLarge,
    /// The system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
}

/// The cipher of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cipher {
    /// AES-256 in Galois/counter mode.
    #[default]
    AesGcm,
    /// ChaCha20 with Poly1305.
    ChaCha20Poly1305,
}

/// The second line.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Manifest {
    /// Which key unwraps the document's.
    #[serde(rename = "k", default, skip_serializing_if = "String::is_empty")]
    pub key_name: String,
    /// How it was wrapped, as the scheme numbers it.
    #[serde(rename = "kw")]
    pub algorithm: u8,
    /// The document's key, wrapped.
    #[serde(rename = "wfk", serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub wrapped_key: Vec<u8>,
    #[serde(rename = "cph")]
    cipher: u8,
    #[serde(rename = "np", serialize_with = "to_base64", deserialize_with = "from_base64")]
    nonce_prefix: Vec<u8>,
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// A document whose header was read, but not verified yet.
#[derive(Debug)]
pub struct Document<'a> {
    /// The second line.
    pub manifest: Manifest,
    cipher: Cipher,
    signed: &'a [u8],
    mac: Vec<u8>,
    segments: &'a [u8],
}

/// Encrypts data. `wrap` wraps the document's new key.
pub fn encrypt<E: From<SchemeError>>(
    data: &[u8],
    cipher: Cipher,
    key_name: &str,
    algorithm: u8,
    wrap: impl FnOnce(&[u8; 32]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let (mut key, mut prefix) = ([0; 32], [0; PREFIX]);
    for bytes in [&mut key[..], &mut prefix[..]] {
        getrandom::fill(bytes).map_err(|e| SchemeError::Random(e.to_string()))?;
    }
    let manifest = Manifest {
        key_name: key_name.to_owned(),
        algorithm,
        wrapped_key: wrap(&key)?,
        cipher: if cipher == Cipher::AesGcm { 1 } else { 2 },
        nonce_prefix: prefix.to_vec(),
    };
    let manifest = serde_json::to_vec(&manifest).map_err(|_| SchemeError::Header("the manifest is not JSON"))?;
    let mut out = [NAME, b"\n", &manifest, b"\n"].concat();
    let mac = STANDARD.encode(mac(&key, &out).finalize().into_bytes());
    out.extend_from_slice(mac.as_bytes());
    out.push(b'\n');
    if out.len() > SEGMENT {
        return Err(SchemeError::TooLarge.into());
    }
    let payload_key = derive(&key, &prefix, b"payload");
    match cipher {
        Cipher::AesGcm => seal(&Aes256Gcm::new(&payload_key.into()), prefix, data, &mut out)?,
        Cipher::ChaCha20Poly1305 => seal(&ChaCha20Poly1305::new(&payload_key.into()), prefix, data, &mut out)?,
    }
    Ok(out)
}

/// Reads a document's header.
pub fn read(data: &[u8]) -> Result<Document<'_>, SchemeError> {
    let invalid = SchemeError::Header;
    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    if lines.next() != Some(NAME) {
        return Err(invalid("the data does not begin with dapr.io/enc/v1"));
    }
    let (Some(manifest), Some(mac), Some(segments)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(invalid("it has no three lines"));
    };
    let signed = &data[..NAME.len() + manifest.len() + 2];
    let mac = STANDARD.decode(mac).map_err(|_| invalid("the signature is not base64"))?;
    let manifest: Manifest = serde_json::from_slice(manifest).map_err(|_| invalid("invalid manifest"))?;
    let cipher = match manifest.cipher {
        1 => Cipher::AesGcm,
        2 => Cipher::ChaCha20Poly1305,
        _ => return Err(invalid("invalid manifest")),
    };
    if manifest.nonce_prefix.len() != PREFIX || manifest.wrapped_key.is_empty() {
        return Err(invalid("invalid manifest"));
    }
    Ok(Document { manifest, cipher, signed, mac, segments })
}

impl Document<'_> {
    /// The data, if the unwrapped key is right and nothing was changed.
    pub fn decrypt(&self, key: &[u8; 32]) -> Result<Vec<u8>, SchemeError> {
        mac(key, self.signed).verify_slice(&self.mac).map_err(|_| SchemeError::Signature)?;
        let mut prefix = [0; PREFIX];
        prefix.copy_from_slice(&self.manifest.nonce_prefix);
        let payload_key = derive(key, &prefix, b"payload");
        match self.cipher {
            Cipher::AesGcm => open(&Aes256Gcm::new(&payload_key.into()), prefix, self.segments),
            Cipher::ChaCha20Poly1305 => open(&ChaCha20Poly1305::new(&payload_key.into()), prefix, self.segments),
        }
    }
}

fn derive(key: &[u8; 32], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut derived = [0; 32];
    // HKDF refuses only more than 255 digests.
    let _fits = Hkdf::<Sha256>::new(Some(salt), key).expand(info, &mut derived);
    derived
}

fn mac(key: &[u8; 32], signed: &[u8]) -> Hmac<Sha256> {
    let header_key: [u8; 32] = derive(key, &[], b"header");
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new(&hmac_key(&header_key));
    mac.update(signed);
    mac
}

/// HMAC pads its key with zeros up to a block.
fn hmac_key(key: &[u8; 32]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut padded = hmac::digest::Key::<Hmac<Sha256>>::default();
    padded[..32].copy_from_slice(key);
    padded
}

/// Prefix, number, and whether it is the last: a segment can neither be moved nor be cut off.
fn nonce<A: Aead<NonceSize = U12>>(prefix: [u8; PREFIX], number: u32, last: bool) -> Nonce<A> {
    let mut nonce = [0; 12];
    nonce[..PREFIX].copy_from_slice(&prefix);
    nonce[PREFIX..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
}

/// Parts with their numbers and whether they are the last. Empty data has none.
fn parts(data: &[u8], size: usize) -> impl Iterator<Item = Result<(u32, bool, &[u8]), SchemeError>> {
    let last = data.len().div_ceil(size).saturating_sub(1);
    let numbered = move |(index, part)| {
        let number = u32::try_from(index).map_err(|_| SchemeError::TooLarge)?;
        Ok((number, index == last, part))
    };
    data.chunks(size).enumerate().map(numbered)
}

fn seal<A: Aead<NonceSize = U12>>(
    aead: &A,
    prefix: [u8; PREFIX],
    data: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), SchemeError> {
    out.reserve(data.len() + data.len().div_ceil(SEGMENT) * TAG);
    for part in parts(data, SEGMENT) {
        let (number, last, part) = part?;
        out.extend(aead.encrypt(&nonce::<A>(prefix, number, last), part).map_err(|_| SchemeError::TooLarge)?);
    }
    Ok(())
}

fn open<A: Aead<NonceSize = U12>>(aead: &A, prefix: [u8; PREFIX], data: &[u8]) -> Result<Vec<u8>, SchemeError> {
    let mut out = Vec::with_capacity(data.len());
    for part in parts(data, SEGMENT + TAG) {
        let (number, last, part) = part?;
        let opened = aead.decrypt(&nonce::<A>(prefix, number, last), part);
        out.extend(opened.map_err(|_| SchemeError::Segment(number))?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The tests' documents contain the key in plain form.
    fn unwrapped(document: &Document) -> [u8; 32] {
        document.manifest.wrapped_key.as_slice().try_into().unwrap()
    }

    fn plain(data: &[u8], cipher: Cipher) -> Vec<u8> {
        encrypt(data, cipher, "k", 1, |key| Ok::<_, SchemeError>(key.to_vec())).unwrap()
    }

    #[test]
    fn what_was_encrypted_comes_back() {
        for cipher in [Cipher::AesGcm, Cipher::ChaCha20Poly1305] {
            for length in [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 300_000] {
                let data: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
                let sealed = plain(&data, cipher);
                let document = read(&sealed).unwrap();
                assert_eq!(document.manifest.key_name, "k");
                assert_eq!(document.decrypt(&unwrapped(&document)).unwrap(), data, "{cipher:?}, {length} bytes");
            }
        }
    }

    #[test]
    fn every_change_is_found_out() {
        let sealed = plain(&[7; SEGMENT + 9], Cipher::AesGcm);
        let key = unwrapped(&read(&sealed).unwrap());
        let opened = |bytes: &[u8]| read(bytes).and_then(|document| document.decrypt(&key));
        assert!(opened(&sealed).is_ok());
        let header = sealed.len() - (SEGMENT + 9 + 2 * TAG);
        for at in (0..header).chain([header, header + SEGMENT, sealed.len() - 1]) {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(opened(&changed).is_err(), "byte {at}");
        }
        // The end cut off, at a segment's border and within one; and a segment too many.
        for end in [header + SEGMENT + TAG, sealed.len() - 1] {
            assert!(opened(&sealed[..end]).is_err(), "{end} bytes");
        }
        assert!(opened(&[&sealed[..], &sealed[header..]].concat()).is_err());
    }

    #[test]
    fn what_is_no_document_is_named() {
        for (data, reason) in [
            (&b""[..], "does not begin"),
            (b"dapr.io/enc/v2\n{}\n\n", "does not begin"),
            (b"dapr.io/enc/v1\n{}\n", "three lines"),
            (b"dapr.io/enc/v1\n{}\n!\n", "base64"),
            (b"dapr.io/enc/v1\n{}\nAAAA\n", "manifest"),
        ] {
            assert!(read(data).unwrap_err().to_string().contains(reason), "{reason}");
        }
    }
}
