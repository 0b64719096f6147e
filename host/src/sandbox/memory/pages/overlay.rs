//! Mapping a function's difference over its image, so that its pages are no longer private.
//!
//! From then on only pages that requests really write are copied back. Costs a file of those pages, a mapping per run
//! of them, and a remapping when the instance is bound to another function. Everything else stays shared with the other
//! instances, which keeps the processor's caches warm where functions take turns.
use super::super::file::MappedFile;
use super::super::mappings::{Mappings, joined};
use super::super::{PAGE, ZEROS};
use super::Pages;
use crate::sandbox::SandboxError;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Restores to the same contents after which they are mapped as an overlay.
pub(super) const ROUNDS: u32 = 256;
/// Runs of pages that an overlay may have at most: each costs two mappings.
const RUNS: usize = 32;
/// Pages that an overlay may have beyond the difference, to have so few runs.
const BETWEEN: usize = 128;

impl Pages {
    /// Maps the difference over the image, where that takes few mappings. Only when restored.
    pub(super) fn overlay_difference(&mut self, mappings: &Arc<Mappings>) -> Result<(), SandboxError> {
        let Some(numbers) = joined(self.unfolded.numbers(), RUNS, BETWEEN) else { return Ok(()) };
        let runs = numbers.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count() + 1;
        let Some(share) = mappings.take(2 * runs) else { return Ok(()) };
        let fill = |file: &std::fs::File| {
            let mut pages = numbers.iter().zip(0u64..);
            pages.try_for_each(|(page, at)| file.write_all_at(self.expected(*page).unwrap_or(ZEROS), at * PAGE as u64))
        };
        let overlaid = MappedFile::new(numbers.len() * PAGE, fill).and_then(|file| {
            self.memory.map(self.bound.image().file())?;
            self.memory.overlay(&file, &numbers)
        });
        if overlaid.is_err() {
            // Without memory for it the instance goes on as it was.
            return self.remap();
        }
        (self.overlaid, self.overlay) = (true, Some(share));
        self.only_control();
        Ok(())
    }
}
