//! An instance's linear memory as a range of addresses: read, written, mapped, revoked.
//!
//! Must not know: what the bytes mean, when to restore.
#![allow(unsafe_code)]

use super::PAGE;
use super::file::MappedFile;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// The address range of an instance's linear memory. Only the thread that owns the instance may use it, or the watchdog
/// while it holds that thread in guest code.
#[derive(Clone, Copy, Debug)]
pub struct GuestMemory {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a range of addresses; which thread may use it, and when, is the rule above.
unsafe impl Send for GuestMemory {}

impl GuestMemory {
    /// The range of `len` bytes from `base` on, which the caller keeps mapped.
    pub fn new(base: NonNull<u8>, len: usize) -> GuestMemory {
        GuestMemory { base, len }
    }

    /// Where it begins.
    pub fn address(&self) -> usize {
        self.base.as_ptr() as usize
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

    /// Makes every access of the running code fault. The instance cannot be used again.
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

    /// Overwrites the pages of a run.
    pub fn fill(&self, run: &Run) {
        let Some(to) = self.at(run.first * PAGE as u32, run.pages * PAGE as u32) else { return };
        let bytes = run.pages as usize * PAGE;
        // SAFETY: the target is inside; the source was made from a slice of that length that the plan's owner keeps
        // alive.
        unsafe {
            match run.source {
                Some(source) => to.copy_from_nonoverlapping(source.as_ptr(), bytes),
                None => to.write_bytes(0, bytes),
            }
        }
    }

    /// Replaces the whole memory by a private copy-on-write view of `image` and zeros behind it.
    pub fn map(&self, image: &MappedFile) -> io::Result<()> {
        let extent = image.len().min(self.len);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let private = libc::MAP_PRIVATE | libc::MAP_FIXED | libc::MAP_NORESERVE;
        let base: *mut libc::c_void = self.base.as_ptr().cast();
        // SAFETY: both ranges lie inside the instance's own reservation; its code keeps only the base address.
        unsafe {
            if extent > 0 && libc::mmap(base, extent, protection, private, image.descriptor(), 0) != base {
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
            if unsafe { libc::mmap(at, length, protection, flags, file.descriptor(), offset as i64) } != at {
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
