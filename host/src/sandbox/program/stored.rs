//! Snapshots as bytes: the difference from the base image.
//!
//! Bytes are only valid over the image that they were made over, so they must be kept with [`Program::digest`].
//! Must not know: where they are kept, who checks that they are whole.
use super::Program;
use super::snapshot::Snapshot;
use crate::sandbox::memory::PAGE;
use crate::sandbox::memory::contents::Contents;
use crate::sandbox::memory::delta::Delta;
use std::io;
use std::sync::Arc;

/// Pages of the largest memory that Wasm can address.
const MAX_PAGES: u32 = (1u64 << 32).div_ceil(PAGE as u64) as u32;
/// Bytes of a page's number and of the set of its lines.
const ENTRY: usize = 4 + 8;

impl Program {
    /// Appends a snapshot of this program: number of pages, each page's number and lines, the lines.
    pub fn encode(&self, snapshot: &Snapshot, bytes: &mut Vec<u8>) {
        let delta = snapshot.contents().difference_from(self.base().image());
        let (pages, lines) = delta.parts();
        bytes.reserve(4 + pages.len() * ENTRY + lines.len());
        bytes.extend_from_slice(&(pages.len() as u32).to_le_bytes());
        for (page, set) in pages {
            bytes.extend_from_slice(&page.to_le_bytes());
            bytes.extend_from_slice(&set.to_le_bytes());
        }
        bytes.extend_from_slice(lines);
    }

    /// A snapshot of this program from what [`Program::encode`] wrote. Other bytes are [`io::ErrorKind::InvalidData`].
    pub fn decode(self: &Arc<Program>, bytes: &[u8]) -> io::Result<Snapshot> {
        let delta = delta(bytes).ok_or(io::ErrorKind::InvalidData)?;
        let contents = Contents::over(self.base().image(), delta).map_err(io::Error::other)?;
        Ok(Snapshot::new(self, Arc::new(contents)))
    }
}

fn delta(bytes: &[u8]) -> Option<Delta> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    let (entries, lines) = rest.split_at_checked((u32::from_le_bytes(*count) as usize).checked_mul(ENTRY)?)?;
    let entry = |entry: &[u8]| {
        let (page, set) = entry.split_first_chunk::<4>()?;
        Some((u32::from_le_bytes(*page), u64::from_le_bytes(set.try_into().ok()?)))
    };
    let pages: Vec<(u32, u64)> = entries.chunks_exact(ENTRY).map(entry).collect::<Option<_>>()?;
    let rising = pages.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let inside = pages.last().is_none_or(|(page, _)| *page < MAX_PAGES);
    if rising && inside { Delta::from_parts(pages, lines) } else { None }
}
