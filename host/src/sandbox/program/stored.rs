//! Snapshots as bytes: what differs from the base image, and the digest that names that image.
//!
//! Bytes are only good over the very base image that they were made over, so whoever keeps them keeps its digest beside
//! them. Must not know: where they are kept, who checks that they are whole.
use crate::sandbox::memory::guest::PAGE;
use crate::sandbox::memory::image::{Delta, Image, Snapshot, ZEROS};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io;
use std::sync::Arc;

/// Pages of the largest memory that Wasm can address.
const MAX_PAGES: u32 = (1u64 << 32).div_ceil(PAGE as u64) as u32;
/// Bytes of a page's number and of the set of its lines.
const ENTRY: usize = 4 + 8;

/// The base image as the keeper of snapshots sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Base {
    image: Arc<Image>,
    digest: [u8; 32],
}

impl Base {
    pub(in crate::sandbox) fn new(image: Arc<Image>) -> Base {
        let mut hash = Sha256::new();
        for page in 0..image.extent() {
            if let Some(bytes) = image.page(page) {
                hash.update(page.to_le_bytes());
                hash.update(bytes);
            }
        }
        Base { image, digest: hash.finalize().into() }
    }

    /// Digest of the image's contents: the same in every process that runs the same guest.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Appends a snapshot of this base: number of pages, each page's number and lines, the lines.
    pub fn encode(&self, snapshot: &Snapshot, bytes: &mut Vec<u8>) {
        let whole = snapshot.over(&self.image);
        let (pages, lines) = whole.parts();
        bytes.reserve(4 + pages.len() * ENTRY + lines.len());
        bytes.extend_from_slice(&(pages.len() as u32).to_le_bytes());
        for (page, set) in pages {
            bytes.extend_from_slice(&page.to_le_bytes());
            bytes.extend_from_slice(&set.to_le_bytes());
        }
        bytes.extend_from_slice(lines);
    }

    /// A snapshot of this base from what `encode` wrote. Bytes that no `encode` writes are [`io::ErrorKind::InvalidData`].
    pub fn decode(&self, bytes: &[u8]) -> io::Result<Snapshot> {
        let delta = delta(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Snapshot::from_delta(&self.image, delta).map_err(io::Error::other)
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

impl Snapshot {
    /// What differs from `base`, also where the snapshot has an image of its own.
    fn over(&self, base: &Arc<Image>) -> Cow<'_, Delta> {
        if Arc::ptr_eq(&self.image, base) {
            return Cow::Borrowed(&self.delta);
        }
        let pages = 0..self.image.extent().max(base.extent());
        let both = |page| (page, self.image.page(page).unwrap_or(ZEROS), base.page(page).unwrap_or(ZEROS));
        Cow::Owned(Delta::between(pages.map(both)))
    }
}
