//! Finds the pages of a memory that are private to its mapping.
//!
//! Must not know: what they are found for.
#![allow(unsafe_code)]

use super::PAGE;
use super::guest::GuestMemory;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

#[repr(C)]
struct ScanArguments {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const PAGEMAP_SCAN: libc::c_ulong = 0xc060_6610;
const IS_FILE: u64 = 1 << 2;
const IS_PRESENT: u64 = 1 << 3;
const IS_SWAPPED: u64 = 1 << 4;
const IS_ZERO: u64 = 1 << 5;
const REGIONS: usize = 512;

/// Finds the pages of a memory that are private: written, whether in RAM or swapped out.
pub struct Scanner {
    pagemap: File,
    regions: Vec<Region>,
    /// Kernels before 6.7 have no scan; then each page's entry is read.
    scans: bool,
}

impl Scanner {
    /// Opens `/proc/self/pagemap` and tries whether the kernel can scan it.
    pub fn new() -> io::Result<Scanner> {
        let pagemap = File::open("/proc/self/pagemap")?;
        let mut scanner = Scanner { pagemap, regions: vec![Region::default(); REGIONS], scans: true };
        let probe = vec![0u8; PAGE];
        let start = probe.as_ptr() as u64 & !(PAGE as u64 - 1);
        scanner.scans = scanner.scan(start, start + PAGE as u64, &mut |_, _| {}).is_ok();
        Ok(scanner)
    }

    /// Whether it scans, rather than reads each page's entry.
    pub fn scans(&self) -> bool {
        self.scans
    }

    /// Reads each page's entry from now on.
    pub fn read_entries(&mut self) {
        self.scans = false;
    }

    /// Puts the private pages of `memory` into `pages`, in order.
    pub fn private(&mut self, memory: &GuestMemory, pages: &mut Vec<u32>) -> io::Result<()> {
        pages.clear();
        let start = memory.address() as u64;
        let number = |address: u64| ((address - start) / PAGE as u64) as u32;
        if self.scans {
            let end = start + memory.len() as u64;
            self.scan(start, end, &mut |from, to| pages.extend(number(from)..number(to)))
        } else {
            self.read(memory, pages)
        }
    }

    fn scan(&mut self, start: u64, end: u64, found: &mut dyn FnMut(u64, u64)) -> io::Result<()> {
        let mut at = start;
        while at < end {
            let mut arguments = ScanArguments {
                size: size_of::<ScanArguments>() as u64,
                flags: 0,
                start: at,
                end,
                walk_end: 0,
                vec: self.regions.as_mut_ptr() as u64,
                vec_len: self.regions.len() as u64,
                max_pages: 0,
                category_inverted: IS_FILE | IS_ZERO,
                category_mask: IS_FILE | IS_ZERO,
                category_anyof_mask: IS_PRESENT | IS_SWAPPED,
                return_mask: IS_PRESENT,
            };
            // SAFETY: the arguments have the layout of `struct pm_scan_arg`, and the vector the announced length.
            let count = unsafe { libc::ioctl(self.pagemap.as_raw_fd(), PAGEMAP_SCAN, &mut arguments) };
            let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
            for region in &self.regions[..count] {
                found(region.start, region.end);
            }
            if arguments.walk_end <= at {
                return Err(io::Error::other("the page scan does not advance"));
            }
            at = arguments.walk_end;
        }
        Ok(())
    }

    /// Reads the entry of each page: slower, and the check of the scan.
    pub fn read(&self, memory: &GuestMemory, pages: &mut Vec<u32>) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        pages.clear();
        let first = memory.address() as u64 / PAGE as u64;
        let mut entries = vec![0u8; memory.pages() as usize * 8];
        self.pagemap.read_exact_at(&mut entries, first * 8)?;
        for (page, entry) in entries.chunks_exact(8).enumerate() {
            let entry = u64::from_le_bytes(entry.try_into().unwrap_or_default());
            let (held, file) = (entry >> 62 != 0, entry >> 61 & 1 != 0);
            if held && !file {
                pages.push(page as u32);
            }
        }
        Ok(())
    }
}
