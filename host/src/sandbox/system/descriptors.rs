//! Descriptors that a process was started with and must not keep.

/// Closes every descriptor of this process from `first` on. For a process that owns none yet: whatever a parent left
/// open to it.
pub fn close_descriptors_from(first: u32) -> std::io::Result<()> {
    // SAFETY: the call touches no memory. Nothing in the process has opened a descriptor yet, so none that is closed
    // has an owner.
    match unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
