//! The check of restoring: the whole memory compared with the bound contents.
use super::super::ZEROS;
use super::{Pages, Tracker};
use crate::sandbox::SandboxError;

impl Pages {
    /// Compares the whole memory with the bound contents, in a way that shares nothing else with [`Pages::restore`].
    pub fn verify(&self, tracker: &Tracker) -> Result<(), SandboxError> {
        let mut private = Vec::new();
        tracker.read_entries(&self.memory, &mut private)?;
        // A page that is neither private nor of the contents is a hole of its file; to read it would fill it.
        let shared = self.bound.image().filled().chain(self.unfolded.numbers().iter().copied());
        let differs = |page: &u32| self.expected(*page).unwrap_or(ZEROS) != self.memory.page(*page);
        match shared.chain(private.iter().copied()).find(differs) {
            None => Ok(()),
            Some(page) => Err(SandboxError::Engine(format!(
                "page {page} differs from the snapshot after a restore (known {}, private {})",
                self.known.binary_search(&page).is_ok(),
                private.binary_search(&page).is_ok(),
            ))),
        }
    }
}
