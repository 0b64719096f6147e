//! The contents of a whole memory, in a file that every instance maps.
//!
//! Must not know: instances, how memory is mapped.
use super::delta::Delta;
use super::file::MappedFile;
use super::guest::GuestMemory;
use super::{PAGE, ZEROS};
use crate::sandbox::SandboxError;
use std::os::unix::fs::FileExt;

/// The contents of a memory, shared by every instance that maps it.
#[derive(Debug)]
pub struct Image {
    file: MappedFile,
    /// Which of its pages hold anything; the others are holes of the file.
    filled: Vec<bool>,
}

impl Image {
    /// The file that instances map.
    pub fn file(&self) -> &MappedFile {
        &self.file
    }

    /// Copies a memory's contents up to its last page that is not zero. `candidates`: pages that may be non-zero, in
    /// order.
    pub fn capture(memory: &GuestMemory, candidates: impl Iterator<Item = u32>) -> Result<Image, SandboxError> {
        let full: Vec<u32> = candidates.filter(|page| memory.page(*page) != ZEROS).collect();
        let pages = full.last().map_or(0, |last| *last as usize + 1);
        let mut filled = vec![false; pages];
        full.iter().for_each(|page| filled[*page as usize] = true);
        let file = MappedFile::new(pages * PAGE, |file| {
            full.iter().try_for_each(|page| file.write_all_at(memory.page(*page), u64::from(*page) * PAGE as u64))
        });
        Ok(Image { file: file.map_err(SandboxError::memory)?, filled })
    }

    /// `base` with `delta` applied.
    pub fn compose(base: &Image, delta: &Delta) -> Result<Image, SandboxError> {
        let pages = base.extent().max(delta.numbers().last().map_or(0, |page| page + 1));
        let mut filled = base.filled.clone();
        filled.resize(pages as usize, false);
        delta.numbers().for_each(|page| filled[page as usize] = true);
        let file = MappedFile::new(pages as usize * PAGE, |file| {
            let at = |page: u32| u64::from(page) * PAGE as u64;
            let under = (0..base.extent()).filter_map(|page| Some((page, base.page(page)?)));
            under.into_iter().try_for_each(|(page, bytes)| file.write_all_at(bytes, at(page)))?;
            delta
                .whole(|page| base.page(page).unwrap_or(ZEROS))
                .try_for_each(|(page, bytes)| file.write_all_at(&bytes, at(page)))
        });
        Ok(Image { file: file.map_err(SandboxError::memory)?, filled })
    }

    /// A page; `None` for zeros.
    pub fn page(&self, page: u32) -> Option<&[u8]> {
        if *self.filled.get(page as usize)? { self.file.page(page) } else { None }
    }

    /// The pages that hold anything, in order.
    pub fn filled(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.filled).filter(|(_, filled)| **filled).map(|(page, _)| page)
    }

    /// Pages that the file spans.
    pub fn extent(&self) -> u32 {
        self.filled.len() as u32
    }

    /// Memory that it holds, bytes.
    pub fn weight(&self) -> usize {
        self.filled.iter().filter(|filled| **filled).count() * PAGE
    }
}
