//! The C library's allocator, told to give back what is freed: by itself it keeps the peak of an attack for ever.
//!
//! It takes large blocks from the kernel one by one, and gives them back when they are freed, until it has seen some freed; from then on it
//! keeps blocks of that size in its own areas. Fixing the border turns that off. What small blocks leave behind is given back now and then.
#![allow(unsafe_code)]

/// Blocks from this size on are the kernel's, bytes.
const LARGE: libc::c_int = 256 << 10;

/// Has large blocks given back as soon as they are freed. Before there are threads.
pub fn settle() {
    // SAFETY: sets numbers of the allocator; nothing of it is in use by anybody else yet.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}

/// Gives back what is free in the allocator's areas. Takes milliseconds for each GiB.
pub fn trim() {
    // SAFETY: the allocator takes its own locks.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0)
    };
}
