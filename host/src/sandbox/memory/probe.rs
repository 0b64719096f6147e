//! The self-test at the start: whether the kernel shows what restoring relies on.
//!
//! Restoring trusts a counter of page faults to say that a slot has no further private pages. Sandboxed runtimes and seccomp
//! profiles exist under which it stands still, and then a request would read what the one before wrote.
use super::guest::{self as memory, Area, MappedFile, PAGE, Scanner};
use super::image::engine;
use crate::sandbox::SandboxError;
use std::io;
use std::os::unix::fs::FileExt;

/// Pages of the test's mapping: half of a file, half of zeros, as a slot's memory.
const PAGES: u32 = 16;

/// What the kernel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shows {
    /// A write that makes a page private moves the thread's fault counter.
    pub faults: bool,
    /// The page scan finds that page; else each page's entry is read.
    pub scan: bool,
}

/// Writes to some pages of a mapping like a slot's, and looks.
pub fn look() -> Result<Shows, SandboxError> {
    let file = MappedFile::new(PAGES as usize / 2 * PAGE, |file| file.write_all_at(&[1; PAGE], 0)).map_err(engine)?;
    let area = Area::new(PAGES as usize * PAGE).map_err(engine)?;
    let memory = area.memory();
    memory.map(&file).map_err(engine)?;
    // Reading maps pages too, and must not look like writing.
    (0..PAGES).for_each(|page| drop(memory.read(page * PAGE as u32, 1)));
    let mut scanner = Scanner::new().map_err(engine)?;
    let (mut faults, mut written, mut private) = (true, Vec::new(), Vec::new());
    for page in [0, 5, PAGES / 2 + 1, PAGES - 1] {
        let before = memory::thread_usage();
        memory.touch(page);
        let after = memory::thread_usage();
        faults &= matches!((before, after), (Some(before), Some(after)) if after.faults > before.faults);
        written.push(page);
        scanner.private(&memory, &mut private).map_err(engine)?;
        if !written.iter().all(|page| private.contains(page)) {
            scanner.one_by_one();
            scanner.private(&memory, &mut private).map_err(engine)?;
        }
        if !written.iter().all(|page| private.contains(page)) {
            let hidden = "a written page does not show in /proc/self/pagemap, so slots cannot be restored here";
            return Err(engine(io::Error::other(hidden)));
        }
    }
    let shows = Shows { faults, scan: scanner.scans() };
    if !shows.faults {
        tracing::warn!(
            "the kernel does not count page faults of threads (getrusage): every restore looks at the page table, which is slower"
        );
    }
    Ok(shows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn a_usual_kernel_counts_faults() {
        assert!(super::look().unwrap().faults);
    }
}
