//! Native code that was compiled from a guest, verified and held in memory.
//!
//! Must not know: where it was kept, how it is run.
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The name of the file in memory, as the kernel lists it among the mappings.
pub const NAME: &std::ffi::CStr = c"daplet-aot";

/// Verified native code, in memory.
pub struct Artefact(File);

impl Artefact {
    /// `file` is a sealed file in memory of that [`NAME`].
    pub fn new(file: File) -> Artefact {
        Artefact(file)
    }

    /// Where the engine can load it from.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }

    /// The addresses of its code, once loaded.
    pub fn text(&self) -> io::Result<std::ops::Range<usize>> {
        let inode = self.0.metadata()?.ino();
        let maps = fs::read_to_string("/proc/self/maps")?;
        let ranges = maps.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (range, access) = (words.next()?, words.next()?);
            let (start, end) = range.split_once('-')?;
            let found = access.contains('x') && words.nth(2)?.parse() == Ok(inode) && line.contains("memfd:daplet-aot");
            let address = |text| usize::from_str_radix(text, 16).ok();
            if found { Some(address(start)?..address(end)?) } else { None }
        });
        ranges.max_by_key(|range| range.len()).ok_or_else(|| io::Error::other("its code is not mapped as executable"))
    }
}
