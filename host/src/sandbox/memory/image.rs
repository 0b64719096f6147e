//! Contents of guest memory: the base image, differences in lines, function snapshots.
//!
//! Plain data that slots point into. Must not know: slots, how memory is mapped.
use super::guest::{GuestMemory, MappedFile, PAGE};
use crate::sandbox::SandboxError;
use crate::sandbox::workers::lane::Cost;
use std::sync::Arc;

/// A difference above this many pages becomes an image of its own: binding it then costs what is touched, not its size.
const LARGE_DELTA: usize = 256;

pub(in crate::sandbox) fn engine(error: std::io::Error) -> SandboxError {
    SandboxError::Engine(format!("guest memory: {error}"))
}

/// The memory of an initialised guest, shared by every slot that maps it.
#[derive(Debug)]
pub struct Image {
    pub(in crate::sandbox) file: MappedFile,
    /// Which of its pages hold anything.
    filled: Vec<bool>,
}

impl Image {
    /// Copies a memory's contents up to its last page that is not zero. `candidates`: pages that may be non-zero, in order.
    pub fn capture(memory: &GuestMemory, candidates: impl Iterator<Item = u32>) -> Result<Image, SandboxError> {
        use std::os::unix::fs::FileExt;
        let full: Vec<u32> = candidates.filter(|page| memory.page(*page) != ZEROS).collect();
        let pages = full.last().map_or(0, |last| *last as usize + 1);
        let mut filled = vec![false; pages];
        full.iter().for_each(|page| filled[*page as usize] = true);
        let file = MappedFile::new(pages * PAGE, |file| {
            full.iter().try_for_each(|page| file.write_all_at(memory.page(*page), u64::from(*page) * PAGE as u64))
        });
        Ok(Image { file: file.map_err(engine)?, filled })
    }

    /// What `base` becomes with `delta`.
    fn compose(base: &Image, delta: &Delta) -> Result<Image, SandboxError> {
        use std::os::unix::fs::FileExt;
        let pages = base.extent().max(delta.numbers().last().map_or(0, |page| page + 1));
        let mut filled = base.filled.clone();
        filled.resize(pages as usize, false);
        delta.numbers().for_each(|page| filled[page as usize] = true);
        let file = MappedFile::new(pages as usize * PAGE, |file| {
            let at = |page: u32| u64::from(page) * PAGE as u64;
            let under = (0..base.extent()).filter_map(|page| Some((page, base.page(page)?)));
            under.into_iter().try_for_each(|(page, bytes)| file.write_all_at(bytes, at(page)))?;
            delta.whole(base).try_for_each(|(page, bytes)| file.write_all_at(&bytes, at(page)))
        });
        Ok(Image { file: file.map_err(engine)?, filled })
    }

    /// A page; `None` for zeros.
    pub(in crate::sandbox) fn page(&self, page: u32) -> Option<&[u8]> {
        if *self.filled.get(page as usize)? { self.file.page(page) } else { None }
    }

    /// The pages that hold anything, in order.
    pub(in crate::sandbox) fn filled(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.filled).filter(|(_, filled)| **filled).map(|(page, _)| page)
    }

    /// Pages that the file spans.
    pub fn extent(&self) -> u32 {
        self.filled.len() as u32
    }

    /// Memory that it holds, bytes.
    pub(in crate::sandbox) fn weight(&self) -> usize {
        self.filled.iter().filter(|filled| **filled).count() * PAGE
    }
}

/// Granule of a difference, bytes: most changes are reference counts strewn over the heap, so whole pages would be mostly
/// copies of what is there already. 64 of them make a page.
const LINE: usize = 64;

/// A page that holds nothing.
pub(in crate::sandbox) const ZEROS: &[u8] = &[0; PAGE];

/// What differs from some other contents, in lines.
#[derive(Clone, Default)]
pub struct Delta {
    /// Pages in rising order, each with the set of its lines that differ.
    pages: Vec<(u32, u64)>,
    /// The lines, one after the other.
    lines: Box<[u8]>,
}

impl std::fmt::Debug for Delta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delta").field("pages", &self.pages.len()).field("bytes", &self.lines.len()).finish()
    }
}

impl Delta {
    /// Compares pages, given in rising order as number, contents now and contents before.
    pub(in crate::sandbox) fn between<'a>(pages: impl Iterator<Item = (u32, &'a [u8], &'a [u8])>) -> Delta {
        let (mut numbers, mut lines) = (Vec::new(), Vec::new());
        for (page, now, before) in pages {
            let mut set = 0u64;
            for (index, (a, b)) in now.chunks_exact(LINE).zip(before.chunks_exact(LINE)).enumerate() {
                if a != b {
                    set |= 1 << index;
                    lines.extend_from_slice(a);
                }
            }
            if set != 0 {
                numbers.push((page, set));
            }
        }
        Delta { pages: numbers, lines: lines.into_boxed_slice() }
    }

    /// Pages with the sets of their lines, and the lines.
    pub(in crate::sandbox) fn parts(&self) -> (&[(u32, u64)], &[u8]) {
        (&self.pages, &self.lines)
    }

    /// From [`Delta::parts`]; pages must rise. `None`: there are not as many lines as the sets say.
    pub(in crate::sandbox) fn from_parts(pages: Vec<(u32, u64)>, lines: &[u8]) -> Option<Delta> {
        let count: usize = pages.iter().map(|(_, set)| set.count_ones() as usize).sum();
        (count * LINE == lines.len()).then(|| Delta { pages, lines: lines.into() })
    }

    /// The pages as they are over `base`, whole.
    fn whole<'a>(&'a self, base: &'a Image) -> impl Iterator<Item = (u32, [u8; PAGE])> + 'a {
        let mut lines = self.lines.chunks_exact(LINE);
        self.pages.iter().map(move |(page, set)| {
            let mut bytes = [0; PAGE];
            bytes.copy_from_slice(base.page(*page).unwrap_or(ZEROS));
            for index in (0..64).filter(|index| set >> index & 1 != 0) {
                if let Some(line) = lines.next() {
                    bytes[index * LINE..][..LINE].copy_from_slice(line);
                }
            }
            (*page, bytes)
        })
    }

    /// Number of pages.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// The pages' numbers, rising.
    pub(in crate::sandbox) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.pages.iter().map(|(page, _)| *page)
    }

    /// Memory that it holds, bytes.
    pub(in crate::sandbox) fn weight(&self) -> usize {
        self.lines.len() + self.pages.len() * size_of::<(u32, u64)>()
    }

    /// Calls `put` with page, offset in the page and contents of each line.
    pub(in crate::sandbox) fn each(&self, mut put: impl FnMut(u32, usize, &[u8])) {
        let mut lines = self.lines.chunks_exact(LINE);
        for (page, set) in &self.pages {
            let mut set = *set;
            while set != 0 {
                if let Some(line) = lines.next() {
                    put(*page, set.trailing_zeros() as usize * LINE, line);
                }
                set &= set - 1;
            }
        }
    }
}

/// A loaded function, ready to be restored into any slot: what differs from the base image.
pub struct Snapshot {
    pub(in crate::sandbox) image: Arc<Image>,
    pub(in crate::sandbox) delta: Delta,
    /// Whether `image` belongs to this snapshot alone.
    own: bool,
    /// What its entries cost.
    pub(in crate::sandbox) cost: Cost,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("delta", &self.delta).field("weight", &self.weight()).finish()
    }
}

impl Snapshot {
    /// The base image itself: no function loaded.
    pub fn base(image: Arc<Image>) -> Snapshot {
        Snapshot::lines(&image, Delta::default())
    }

    fn lines(image: &Arc<Image>, delta: Delta) -> Snapshot {
        Snapshot { image: Arc::clone(image), delta, own: false, cost: Cost::default() }
    }

    fn whole(image: Image) -> Snapshot {
        Snapshot { image: Arc::new(image), delta: Delta::default(), own: true, cost: Cost::default() }
    }

    /// `base` with `delta`.
    pub(in crate::sandbox) fn from_delta(base: &Arc<Image>, mut delta: Delta) -> Result<Snapshot, SandboxError> {
        if delta.len() <= LARGE_DELTA {
            delta.pages.shrink_to_fit();
            return Ok(Snapshot::lines(base, delta));
        }
        Image::compose(base, &delta).map(Snapshot::whole)
    }

    /// Memory that it holds, bytes.
    pub fn weight(&self) -> usize {
        let own = if self.own { self.image.weight() } else { 0 };
        own + self.delta.weight() + size_of::<Snapshot>()
    }
}
