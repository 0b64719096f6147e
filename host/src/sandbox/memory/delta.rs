//! The difference between two contents of a memory, by lines of a page.
//!
//! Plain data. Must not know: where the contents are.
use super::PAGE;

/// Granule of a difference, bytes: most changes are reference counts scattered over the heap, so most of a whole page
/// would be unchanged. 64 of them make a page.
const LINE: usize = 64;

/// The difference of two contents, in lines.
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
    pub fn between<'a>(pages: impl Iterator<Item = (u32, &'a [u8], &'a [u8])>) -> Delta {
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
    pub fn parts(&self) -> (&[(u32, u64)], &[u8]) {
        (&self.pages, &self.lines)
    }

    /// From [`Delta::parts`]; pages must rise. `None` where the number of lines is not what the sets say.
    pub fn from_parts(pages: Vec<(u32, u64)>, lines: &[u8]) -> Option<Delta> {
        let count: usize = pages.iter().map(|(_, set)| set.count_ones() as usize).sum();
        (count * LINE == lines.len()).then(|| Delta { pages, lines: lines.into() })
    }

    /// The changed pages, whole: those of `base` with the changes.
    pub fn whole<'a>(&'a self, base: impl Fn(u32) -> &'a [u8] + 'a) -> impl Iterator<Item = (u32, [u8; PAGE])> + 'a {
        let mut lines = self.lines.chunks_exact(LINE);
        self.pages.iter().map(move |(page, set)| {
            let mut bytes = [0; PAGE];
            bytes.copy_from_slice(base(*page));
            for index in (0..64).filter(|index| set >> index & 1 != 0) {
                if let Some(line) = lines.next() {
                    bytes[index * LINE..][..LINE].copy_from_slice(line);
                }
            }
            (*page, bytes)
        })
    }

    /// Frees what its list of pages has reserved beyond its length.
    pub fn shrink_to_fit(&mut self) {
        self.pages.shrink_to_fit();
    }

    /// Number of pages.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// The pages' numbers, rising.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.pages.iter().map(|(page, _)| *page)
    }

    /// Memory that it holds, bytes.
    pub fn weight(&self) -> usize {
        self.lines.len() + self.pages.len() * size_of::<(u32, u64)>()
    }

    /// Calls `put` with page, offset in the page and contents of each line.
    pub fn each(&self, mut put: impl FnMut(u32, usize, &[u8])) {
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
