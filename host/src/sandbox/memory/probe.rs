//! The self-test at the start: whether the kernel shows what restoring relies on.
//!
//! Restoring relies on a counter of page faults to prove that an instance has no further private pages. Under some
//! sandboxed runtimes and seccomp profiles that counter stands still, and then a request would read what the one before
//! wrote.
use super::PAGE;
use super::file::MappedFile;
use super::guest::Area;
use super::scan::Scanner;
use crate::sandbox::SandboxError;
use crate::sandbox::system::thread;
use std::os::unix::fs::FileExt;

/// Pages of the test's mapping: half of a file, half of zeros, as a instance's memory.
const PAGES: u32 = 16;

/// What the kernel supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// A write that makes a page private moves the thread's fault counter.
    pub faults: bool,
    /// The page scan finds that page; else each page's entry is read.
    pub scan: bool,
}

/// Writes to some pages of a mapping like an instance's, and checks what the kernel shows of that.
pub fn run() -> Result<Support, SandboxError> {
    let file = MappedFile::new(PAGES as usize / 2 * PAGE, |file| file.write_all_at(&[1; PAGE], 0))
        .map_err(SandboxError::memory)?;
    let area = Area::new(PAGES as usize * PAGE).map_err(SandboxError::memory)?;
    let memory = area.memory();
    memory.map(&file).map_err(SandboxError::memory)?;
    // Reading maps pages too, and must not look like writing.
    (0..PAGES).for_each(|page| drop(memory.read(page * PAGE as u32, 1)));
    let mut scanner = Scanner::new().map_err(SandboxError::memory)?;
    let (mut faults, mut written, mut private) = (true, Vec::new(), Vec::new());
    for page in [0, 5, PAGES / 2 + 1, PAGES - 1] {
        let before = thread::usage();
        memory.touch(page);
        let after = thread::usage();
        faults &= matches!((before, after), (Some(before), Some(after)) if after.faults > before.faults);
        written.push(page);
        scanner.private(&memory, &mut private).map_err(SandboxError::memory)?;
        if !written.iter().all(|page| private.contains(page)) {
            scanner.read_entries();
            scanner.private(&memory, &mut private).map_err(SandboxError::memory)?;
        }
        if !written.iter().all(|page| private.contains(page)) {
            let hidden = "a written page does not show in /proc/self/pagemap, so instances cannot be restored here";
            return Err(SandboxError::memory(hidden));
        }
    }
    let support = Support { faults, scan: scanner.scans() };
    if !support.faults {
        tracing::warn!(
            "the kernel does not count page faults of threads (getrusage): every restore looks at the page table, which is slower"
        );
    }
    Ok(support)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn a_usual_kernel_counts_faults() {
        assert!(super::run().unwrap().faults);
    }
}
