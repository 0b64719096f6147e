//! The format of a snapshot's file.
//!
//! ```text
//! magic 8 | format u32 | base image 32 | key 32 | report length u32 | report | snapshot | SHA-256 of all before 32
//! ```
//! The checksum is compared before anything of a file is used. Must not know: where files are.
use super::{Loaded, SnapshotKey};
use crate::sandbox::Program;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"daplet\x00s";
/// Rises with each change of this form or of what [`Program::encode`] writes.
const FORMAT: u32 = 1;
const DIGEST: usize = 32;

/// Why a file is not used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    /// Too short, or begins with something else.
    #[error("it is not a snapshot")]
    NoSnapshot,
    /// Of an older or newer server.
    #[error("it has format {0}, not {FORMAT}")]
    Format(u32),
    /// Cut short, or changed.
    #[error("its checksum does not match")]
    Checksum,
    /// Its key is not the one that its name says.
    #[error("it is of another function")]
    Key,
    /// Of another engine.
    #[error("it was made over another base image")]
    Base,
    /// The checksum is right, but this server does not write such contents.
    #[error("its contents make no sense: {0}")]
    Contents(String),
}

/// The file of `loaded`, as bytes.
pub fn write(program: &Program, key: &SnapshotKey, loaded: &Loaded) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(program.digest());
    bytes.extend_from_slice(&key.0);
    bytes.extend_from_slice(&(loaded.report.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&loaded.report);
    program.encode(&loaded.snapshot, &mut bytes);
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

/// The snapshot in bytes that [`write`] made.
pub fn read(program: &Arc<Program>, key: &SnapshotKey, bytes: &[u8]) -> Result<Loaded, BadFile> {
    let head = bytes.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<4>()).ok_or(BadFile::NoSnapshot)?;
    match u32::from_le_bytes(*head) {
        FORMAT => {}
        other => return Err(BadFile::Format(other)),
    }
    let (sealed, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(BadFile::NoSnapshot)?;
    if Sha256::digest(sealed) != *digest {
        return Err(BadFile::Checksum);
    }
    let short = || BadFile::Contents("it ends early".to_owned());
    let body = sealed.get(MAGIC.len() + 4..).ok_or_else(short)?;
    let (made_over, rest) = body.split_first_chunk::<DIGEST>().ok_or_else(short)?;
    let (made_of, rest) = rest.split_first_chunk::<DIGEST>().ok_or_else(short)?;
    if *made_of != key.0 {
        return Err(BadFile::Key);
    }
    if made_over != program.digest() {
        return Err(BadFile::Base);
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let (report, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(short)?;
    let snapshot = program.decode(rest).map_err(|e| BadFile::Contents(e.to_string()))?;
    Ok(Loaded { snapshot: Arc::new(snapshot), report: report.to_vec() })
}
