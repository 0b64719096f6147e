//! The pages of a difference, whole, so that they can be copied back by runs.
use super::super::PAGE;
use super::super::contents::Contents;

/// Numbers of pages in rising order, and their contents one after the other.
#[derive(Default)]
pub struct Unfolded {
    numbers: Vec<u32>,
    bytes: Vec<u8>,
}

impl Unfolded {
    /// Replaces the pages by those of the difference of `contents` from its image.
    pub fn set(&mut self, contents: &Contents) {
        let Unfolded { numbers, bytes } = self;
        numbers.clear();
        numbers.extend(contents.delta().numbers());
        bytes.clear();
        for page in numbers.iter() {
            match contents.image().page(*page) {
                Some(page) => bytes.extend_from_slice(page),
                None => bytes.resize(bytes.len() + PAGE, 0),
            }
        }
        let mut last = (u32::MAX, 0);
        contents.delta().each(|page, offset, line| {
            if last.0 != page {
                last = (page, numbers.binary_search(&page).unwrap_or(0) * PAGE);
            }
            bytes[last.1 + offset..][..line.len()].copy_from_slice(line);
        });
    }

    /// Their numbers, in rising order.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// One of them; `None` where the difference has no such page.
    pub fn page(&self, page: u32) -> Option<&[u8]> {
        let index = self.numbers.binary_search(&page).ok()?;
        Some(&self.bytes[index * PAGE..][..PAGE])
    }
}
