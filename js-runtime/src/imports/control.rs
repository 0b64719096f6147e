//! The control words, through which host and guest reach each other while JavaScript runs.
use daplet_abi::{CONTROL_INTERRUPT, CONTROL_OUT_OF_MEMORY};
use std::sync::atomic::{AtomicU32, Ordering};

/// The words that `control()` points to, in the order of their byte offsets in the ABI.
static CONTROL: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

const fn word(offset: u32) -> usize {
    offset as usize / 4
}

/// Whether the host asks running JavaScript to stop. Only a load: the engine asks often.
pub fn interrupted() -> bool {
    CONTROL[word(CONTROL_INTERRUPT)].load(Ordering::Relaxed) != 0
}

/// Clears the control words. Also makes their page private to the slot, so that the host's later write from its watchdog
/// thread causes no page fault there.
pub fn clear_control() {
    for word in &CONTROL {
        word.store(0, Ordering::Relaxed);
    }
}

/// Whether an allocation failed since the control words were cleared.
pub fn out_of_memory() -> bool {
    CONTROL[word(CONTROL_OUT_OF_MEMORY)].load(Ordering::Relaxed) != 0
}

/// Leaves the mark of a failed allocation for the host.
#[cfg(target_arch = "wasm32")]
pub(super) fn refuse() -> *mut u8 {
    CONTROL[word(CONTROL_OUT_OF_MEMORY)].store(1, Ordering::Relaxed);
    std::ptr::null_mut()
}

/// Where the words are.
#[cfg(target_arch = "wasm32")]
pub fn address() -> *const AtomicU32 {
    CONTROL.as_ptr()
}
