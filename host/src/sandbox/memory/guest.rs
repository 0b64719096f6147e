//! Guest memory as the kernel sees it: mapping images, finding private pages, copying pages, revoking.
//!
//! The raw side of [`super::pages`]. Must not know: what the bytes are, when to restore.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// Size of a page, bytes.
pub const PAGE: usize = 4096;

/// Where an instance's linear memory lies. A plain name for a range: whoever uses it must be the thread that owns the
/// instance, or the watchdog while it holds the instance in guest code.
#[derive(Clone, Copy, Debug)]
pub struct GuestMemory {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a range of addresses; who may touch it when is the rule above.
unsafe impl Send for GuestMemory {}

impl GuestMemory {
    pub(in crate::sandbox) fn new(base: NonNull<u8>, len: usize) -> GuestMemory {
        GuestMemory { base, len }
    }

    /// Size, bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Size, pages.
    pub fn pages(&self) -> u32 {
        (self.len / PAGE) as u32
    }

    fn at(&self, pointer: u32, length: u32) -> Option<*mut u8> {
        let end = u64::from(pointer) + u64::from(length);
        // SAFETY: the range lies inside the memory.
        (end <= self.len as u64).then(|| unsafe { self.base.as_ptr().add(pointer as usize) })
    }

    /// Copies a range out; `None` when it is not all inside.
    pub fn read(&self, pointer: u32, length: u32) -> Option<Vec<u8>> {
        let from = self.at(pointer, length)?;
        let mut bytes = Vec::with_capacity(length as usize);
        // SAFETY: `at` checked the range, the vector has the room, and both are disjoint.
        unsafe {
            from.copy_to_nonoverlapping(bytes.as_mut_ptr(), length as usize);
            bytes.set_len(length as usize);
        }
        Some(bytes)
    }

    /// Copies `bytes` in; `None` when they would not all be inside.
    pub fn write(&self, pointer: u32, bytes: &[u8]) -> Option<()> {
        let to = self.at(pointer, u32::try_from(bytes.len()).ok()?)?;
        // SAFETY: as in `read`.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Some(())
    }

    /// Fills a range with random bytes; `None` when it is not all inside.
    pub fn randomize(&self, pointer: u32, length: u32) -> Option<()> {
        let to = self.at(pointer, length)?;
        let mut done = 0;
        while done < length as usize {
            // SAFETY: `at` checked the range.
            let got = unsafe { libc::getrandom(to.add(done).cast(), length as usize - done, 0) };
            match usize::try_from(got) {
                Ok(got) => done += got,
                Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        Some(())
    }

    /// One aligned little-endian word; `None` when outside.
    pub fn word(&self, pointer: u32) -> Option<u32> {
        let at = self.at(pointer, 4)?;
        // SAFETY: inside; the guest aligns its words, and an unaligned pointer is refused.
        (pointer.is_multiple_of(4)).then(|| unsafe { AtomicU32::from_ptr(at.cast()) }.load(Ordering::Relaxed))
    }

    /// Sets one aligned word to 1 while the guest may run.
    pub fn set_word(&self, pointer: u32) {
        if let (Some(at), true) = (self.at(pointer, 4), pointer.is_multiple_of(4)) {
            // SAFETY: inside and aligned; atomic because the guest reads it.
            unsafe { AtomicU32::from_ptr(at.cast()) }.store(1, Ordering::Relaxed);
        }
    }

    /// Makes a page private to this mapping without changing it.
    pub fn touch(&self, page: u32) {
        if let Some(at) = self.at(page * PAGE as u32, 1) {
            // SAFETY: inside; volatile so that the write happens.
            unsafe { at.write_volatile(at.read_volatile()) };
        }
    }

    /// Takes the memory away from running code. Only the end of the instance follows.
    pub fn revoke(&self) {
        // SAFETY: the range belongs to a living instance; its code then faults, which is the purpose.
        unsafe { libc::mprotect(self.base.as_ptr().cast(), self.len, libc::PROT_NONE) };
    }

    /// A page's bytes, for comparing and copying by the owning thread while the guest does not run.
    pub fn page(&self, page: u32) -> &[u8] {
        let Some(at) = self.at(page * PAGE as u32, PAGE as u32) else { return &[] };
        // SAFETY: inside; nothing writes while the guest does not run.
        unsafe { std::slice::from_raw_parts(at, PAGE) }
    }

    /// Overwrites `target.pages` pages from `target.first` on.
    pub fn fill(&self, run: &Run) {
        let Some(to) = self.at(run.first * PAGE as u32, run.pages * PAGE as u32) else { return };
        let bytes = run.pages as usize * PAGE;
        // SAFETY: the target is inside; the source was made from a slice of that length that the plan's owner keeps alive.
        unsafe {
            match run.source {
                Some(source) => to.copy_from_nonoverlapping(source.as_ptr(), bytes),
                None => to.write_bytes(0, bytes),
            }
        }
    }

    /// Replaces the whole memory by a private copy-on-write view of `image` and zeros behind it.
    pub fn map(&self, image: &MappedFile) -> io::Result<()> {
        let extent = image.len.min(self.len);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let private = libc::MAP_PRIVATE | libc::MAP_FIXED | libc::MAP_NORESERVE;
        let base: *mut libc::c_void = self.base.as_ptr().cast();
        // SAFETY: both ranges lie inside the instance's own reservation; its code keeps only the base address.
        unsafe {
            if extent > 0 && libc::mmap(base, extent, protection, private, image.file.as_raw_fd(), 0) != base {
                return Err(io::Error::last_os_error());
            }
            let rest = base.byte_add(extent);
            let length = self.len - extent;
            let anonymous = private | libc::MAP_ANONYMOUS;
            if length > 0 && libc::mmap(rest, length, protection, anonymous, -1, 0) != rest {
                return Err(io::Error::last_os_error());
            }
            // One written byte must cost one small page, not two megabytes.
            libc::madvise(base, self.len, libc::MADV_NOHUGEPAGE);
        }
        Ok(())
    }

    /// Replaces some pages, `numbers` in rising order, by private views of `file`, which has them one after the other.
    pub fn overlay(&self, file: &MappedFile, numbers: &[u32]) -> io::Result<()> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_FIXED | libc::MAP_NORESERVE;
        let (mut rest, mut offset) = (numbers, 0);
        while let Some(first) = rest.first() {
            let count = rest.iter().zip(*first..).take_while(|(page, next)| *page == next).count();
            let length = count * PAGE;
            let outside = || io::Error::from(io::ErrorKind::InvalidInput);
            let at: *mut libc::c_void = self.at(first * PAGE as u32, length as u32).ok_or_else(outside)?.cast();
            // SAFETY: `at` checked the range, which lies inside the instance's own reservation.
            if unsafe { libc::mmap(at, length, protection, flags, file.file.as_raw_fd(), offset as i64) } != at {
                return Err(io::Error::last_os_error());
            }
            rest = &rest[count..];
            offset += length;
        }
        Ok(())
    }

    /// Drops every private page: the memory is the mapped image again.
    pub fn forget(&self) -> io::Result<()> {
        // SAFETY: the range is private to the instance.
        match unsafe { libc::madvise(self.base.as_ptr().cast(), self.len, libc::MADV_DONTNEED) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Consecutive pages and where their contents come from.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// First page.
    pub first: u32,
    /// Number of pages.
    pub pages: u32,
    /// Their contents; `None` for zeros.
    pub source: Option<NonNull<u8>>,
}

// SAFETY: the source is only read, and the owner of the run keeps it alive.
unsafe impl Send for Run {}

impl Run {
    /// Appends a page, to this run if it continues it. `false`: it starts a new run.
    pub fn extend(&mut self, page: u32, source: Option<NonNull<u8>>) -> bool {
        let next = match (self.source, source) {
            (None, None) => true,
            (Some(a), Some(b)) => a.as_ptr().wrapping_add(self.pages as usize * PAGE) == b.as_ptr(),
            _ => false,
        };
        let joins = next && page == self.first + self.pages;
        self.pages += u32::from(joins);
        joins
    }
}

/// An anonymous file in memory, sealed, with a shared view of its contents.
#[derive(Debug)]
pub struct MappedFile {
    file: File,
    view: NonNull<u8>,
    len: usize,
}

// SAFETY: the contents never change after sealing.
unsafe impl Send for MappedFile {}
// SAFETY: as above.
unsafe impl Sync for MappedFile {}

impl MappedFile {
    /// A file of `len` bytes, filled by `fill`, then sealed.
    pub fn new(len: usize, fill: impl FnOnce(&File) -> io::Result<()>) -> io::Result<MappedFile> {
        let file = memory_file(c"daplet-image", 0)?;
        file.set_len(len as u64)?;
        fill(&file)?;
        seal(&file)?;
        // SAFETY: a fresh mapping of a file that cannot change or shrink any more.
        let view = unsafe {
            libc::mmap(std::ptr::null_mut(), len.max(1), libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        match NonNull::new(view.cast::<u8>()) {
            Some(view) if view.as_ptr().cast() != libc::MAP_FAILED => Ok(MappedFile { file, view, len }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Contents of one page inside the file.
    pub fn page(&self, page: u32) -> Option<&[u8]> {
        let offset = page as usize * PAGE;
        // SAFETY: the whole page lies inside the view, whose contents never change.
        (offset + PAGE <= self.len).then(|| unsafe { std::slice::from_raw_parts(self.view.as_ptr().add(offset), PAGE) })
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        // SAFETY: our own mapping; slots that map the file have mappings of their own.
        unsafe { libc::munmap(self.view.as_ptr().cast(), self.len.max(1)) };
    }
}

fn memory_file(name: &std::ffi::CStr, flags: libc::c_uint) -> io::Result<File> {
    // SAFETY: a C string; the descriptor is owned by the file from here on.
    unsafe {
        let flags = flags | libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        match libc::memfd_create(name.as_ptr(), flags) {
            -1 => Err(io::Error::last_os_error()),
            descriptor => Ok(File::from_raw_fd(descriptor)),
        }
    }
}

/// Ends every way to change a file that nothing maps writably. `F_SEAL_WRITE` says the same, but waits up to 150 ms for the
/// kernel's own references to pages just written (`memfd_wait_for_pins`), on a thread that has requests to serve.
fn seal(file: &File) -> io::Result<()> {
    let seals = libc::F_SEAL_FUTURE_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: a plain call on an open descriptor.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A sealed file in memory that holds `bytes` and may be run.
pub fn executable(name: &std::ffi::CStr, bytes: &[u8]) -> io::Result<File> {
    use std::io::Write;
    // Kernels before 6.3 do not know MFD_EXEC and allow execution anyway.
    const MFD_EXEC: libc::c_uint = 0x10;
    let mut file = memory_file(name, MFD_EXEC).or_else(|_| memory_file(name, 0))?;
    file.write_all(bytes)?;
    seal(&file)?;
    Ok(file)
}

/// What the kernel counts of a thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Page faults, minor and major.
    pub faults: u64,
    /// CPU time, ns; may lag behind by a scheduler's tick.
    pub cpu: u64,
}

/// Of the calling thread; none where the kernel refuses to tell.
pub fn thread_usage() -> Option<Usage> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the out-pointer is ours; zeroes are a valid `rusage`.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) != 0 {
            return None;
        }
        usage.assume_init()
    };
    let nanos = |time: libc::timeval| time.tv_sec as u64 * 1_000_000_000 + time.tv_usec as u64 * 1_000;
    Some(Usage {
        faults: (usage.ru_minflt as u64).wrapping_add(usage.ru_majflt as u64),
        cpu: nanos(usage.ru_utime) + nanos(usage.ru_stime),
    })
}

/// Addresses of our own, for trying out on them what is done with a slot's memory.
pub struct Area(GuestMemory);

impl Area {
    /// `len` bytes of zeros.
    pub fn new(len: usize) -> io::Result<Area> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a fresh mapping that this value owns.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ, flags, -1, 0) };
        match NonNull::new(base.cast::<u8>()) {
            Some(base) if base.as_ptr().cast() != libc::MAP_FAILED => Ok(Area(GuestMemory::new(base, len))),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// All of it; not longer than this value lives.
    pub fn memory(&self) -> GuestMemory {
        self.0
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: our own mapping.
        unsafe { libc::munmap(self.0.base.as_ptr().cast(), self.0.len) };
    }
}

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
    /// Opens `/proc/self/pagemap` and tries what it can do.
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
    pub fn one_by_one(&mut self) {
        self.scans = false;
    }

    /// Puts the private pages of `memory` into `pages`, in order.
    pub fn private(&mut self, memory: &GuestMemory, pages: &mut Vec<u32>) -> io::Result<()> {
        pages.clear();
        let start = memory.base.as_ptr() as u64;
        let number = |address: u64| ((address - start) / PAGE as u64) as u32;
        if self.scans {
            let end = start + memory.len as u64;
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

    /// The slow way, also the witness of the fast one.
    pub fn read(&self, memory: &GuestMemory, pages: &mut Vec<u32>) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        pages.clear();
        let first = memory.base.as_ptr() as u64 / PAGE as u64;
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
