//! Sealed files in memory: images that instances map, and compiled code.
//!
//! Must not know: which instance maps them.
#![allow(unsafe_code)]

use super::PAGE;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::ptr::NonNull;

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

    /// Size, bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The open descriptor; not longer than this value lives.
    pub fn descriptor(&self) -> RawFd {
        self.file.as_raw_fd()
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

/// Ends every way to change a file that nothing maps writably. `F_SEAL_WRITE` says the same, but waits up to 150 ms for
/// the kernel's own references to pages just written (`memfd_wait_for_pins`), on a thread that has requests to serve.
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
