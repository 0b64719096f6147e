//! Settings of the C library's allocator, so that it gives freed memory back: by default it keeps the peak of an attack
//! for ever.
//!
//! It takes large blocks from the kernel one by one, and gives them back when they are freed, until it has seen some
//! freed; from then on it keeps blocks of that size in its own areas. Fixing the border turns that off. What small
//! blocks leave behind is given back now and then.
#![allow(unsafe_code)]

/// Blocks from this size on are the kernel's, bytes.
const LARGE: libc::c_int = 256 << 10;

/// Makes the allocator give large blocks back as soon as they are freed. Call it before there are other threads.
pub fn settle() {
    // SAFETY: sets numbers of the allocator; no other thread uses it yet.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}

/// Gives free memory of the allocator's areas back. Takes milliseconds for each GiB.
pub fn trim() {
    // SAFETY: the allocator takes its own locks.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0)
    };
}
