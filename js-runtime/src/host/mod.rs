//! The boundary: host functions as safe Rust, the guest's exports, the heap, the control words.
//!
//! The only module with `unsafe`, with `heap` below it. Must not know: what the bytes mean.
#![allow(unsafe_code)]

use daplet_abi::{CONTROL_INTERRUPT, CONTROL_OUT_OF_MEMORY, LogLevel};
use rquickjs::{ArrayBuffer, TypedArray, Value};
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
/// thread is no page fault of that thread.
pub fn clear_control() {
    for word in &CONTROL {
        word.store(0, Ordering::Relaxed);
    }
}

/// Whether an allocation failed since the control words were cleared.
pub fn out_of_memory() -> bool {
    CONTROL[word(CONTROL_OUT_OF_MEMORY)].load(Ordering::Relaxed) != 0
}

/// Lends the bytes of an ArrayBuffer or Uint8Array to `body`; `None` for anything else.
///
/// `body` must not run JavaScript; it gets no engine handle, so it cannot.
pub fn with_bytes<T>(value: &Value<'_>, body: impl FnOnce(&[u8]) -> T) -> Option<T> {
    if let Ok(array) = TypedArray::<u8>::from_value(value.clone()) {
        // SAFETY: no JavaScript runs while the slice lives, so nothing can detach, resize or write the buffer.
        return Some(body(unsafe { array.as_bytes() }.unwrap_or_default()));
    }
    let buffer = ArrayBuffer::from_value(value.clone())?;
    // SAFETY: as above.
    Some(body(unsafe { buffer.as_bytes() }.unwrap_or_default()))
}

/// The bytes of the engine's text, which is no UTF-8 where the text has lone surrogates: so not by way of a `str`.
pub fn bytes_of<'a>(text: &'a rquickjs::CString<'_>) -> &'a [u8] {
    // SAFETY: the engine's text has that length and lives as long as `text`.
    unsafe { std::slice::from_raw_parts(text.as_ptr().cast(), text.len()) }
}

pub use boundary::*;

#[cfg(target_arch = "wasm32")]
mod heap;

/// Leaves the mark of a failed allocation for the host.
#[cfg(target_arch = "wasm32")]
fn refuse() -> *mut u8 {
    CONTROL[word(CONTROL_OUT_OF_MEMORY)].store(1, Ordering::Relaxed);
    std::ptr::null_mut()
}

#[cfg(target_arch = "wasm32")]
mod boundary {
    pub use super::heap::set_heap_limit;
    use super::*;
    use daplet_abi::Status;

    mod import {
        #[link(wasm_import_module = "daplet_v1")]
        unsafe extern "C" {
            pub fn read(ptr: *mut u8, len: usize);
            pub fn write(ptr: *const u8, len: usize);
            pub fn submit(ptr: *const u8, len: usize);
            pub fn log(level: i32, ptr: *const u8, len: usize);
            pub fn now() -> f64;
            pub fn random(ptr: *mut u8, len: usize);
        }
    }

    /// Copies the inbox of `len` bytes out of the host.
    pub fn read(len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        // SAFETY: the pointer and length name a live, writable buffer.
        unsafe { import::read(bytes.as_mut_ptr(), len) };
        bytes
    }

    /// Emits a frame.
    pub fn write(frame: &[u8]) {
        // SAFETY: the host only reads the range.
        unsafe { import::write(frame.as_ptr(), frame.len()) }
    }

    /// Starts an operation.
    pub fn submit(frame: &[u8]) {
        // SAFETY: the host only reads the range.
        unsafe { import::submit(frame.as_ptr(), frame.len()) }
    }

    /// Writes a console line.
    pub fn log(level: LogLevel, text: &str) {
        // SAFETY: the host only reads the range.
        unsafe { import::log(level as i32, text.as_ptr(), text.len()) }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now() -> f64 {
        // SAFETY: no memory is involved.
        unsafe { import::now() }
    }

    /// Fills `bytes` with random ones.
    pub fn random(bytes: &mut [u8]) {
        // SAFETY: the pointer and length name a live, writable buffer.
        unsafe { import::random(bytes.as_mut_ptr(), bytes.len()) }
    }

    /// The clock that QuickJS's C code asks for, in microseconds; answering it here keeps the import list ours.
    #[unsafe(no_mangle)]
    extern "C" fn __rquickjs_host_now_us() -> f64 {
        now() * 1000.0
    }

    unsafe extern "C" {
        fn __real_acosh(x: f64) -> f64;
    }

    /// Below 1 there is none, but musl's `acosh`, which `Math.acosh` is, returns numbers for large negative arguments.
    #[unsafe(no_mangle)]
    extern "C" fn __wrap_acosh(x: f64) -> f64 {
        // SAFETY: a pure function.
        if x < 1.0 { f64::NAN } else { unsafe { __real_acosh(x) } }
    }

    fn code(status: Status) -> i32 {
        status as i32
    }

    /// The end of a phase after which a snapshot is taken.
    fn sealed(status: Status) -> i32 {
        super::heap::seal();
        status as i32
    }

    #[unsafe(no_mangle)]
    extern "C" fn init() -> i32 {
        sealed(crate::guest::init())
    }

    #[unsafe(no_mangle)]
    extern "C" fn load(len: usize) -> i32 {
        sealed(crate::guest::load(len))
    }

    #[unsafe(no_mangle)]
    extern "C" fn handle(kind: i32, len: usize) -> i32 {
        code(crate::guest::handle(kind, len))
    }

    #[unsafe(no_mangle)]
    extern "C" fn resume(len: usize) -> i32 {
        code(crate::guest::resume(len))
    }

    #[unsafe(no_mangle)]
    extern "C" fn control() -> *const AtomicU32 {
        CONTROL.as_ptr()
    }
}

/// A host for native tests: what the guest reads is set before, what it does is recorded.
#[cfg(not(target_arch = "wasm32"))]
mod boundary {
    use super::*;
    use std::cell::RefCell;

    /// Everything that crossed the boundary since the last [`take`].
    #[derive(Debug, Default)]
    pub struct Record {
        /// Frames written.
        pub writes: Vec<Vec<u8>>,
        /// Operations submitted.
        pub submits: Vec<Vec<u8>>,
        /// Console lines.
        pub logs: Vec<(LogLevel, String)>,
    }

    thread_local! {
        static INBOX: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        static RECORD: RefCell<Record> = RefCell::new(Record::default());
        static SEED: std::cell::Cell<u64> = const { std::cell::Cell::new(0x9e37_79b9_7f4a_7c15) };
    }

    /// The heap is not limited natively: the limit is enforced by the allocator of the Wasm build.
    pub fn set_heap_limit(_bytes: usize) {}

    /// Sets what the next [`read`] returns; its length.
    pub fn put(frame: Vec<u8>) -> usize {
        let length = frame.len();
        INBOX.set(frame);
        length
    }

    /// Takes what was recorded.
    pub fn take() -> Record {
        RECORD.take()
    }

    /// Copies the inbox of `len` bytes.
    pub fn read(len: usize) -> Vec<u8> {
        let frame = INBOX.take();
        assert_eq!(frame.len(), len, "the announced length");
        frame
    }

    /// Records a frame.
    pub fn write(frame: &[u8]) {
        RECORD.with_borrow_mut(|record| record.writes.push(frame.to_vec()));
    }

    /// Records an operation.
    pub fn submit(frame: &[u8]) {
        RECORD.with_borrow_mut(|record| record.submits.push(frame.to_vec()));
    }

    /// Records a console line.
    pub fn log(level: LogLevel, text: &str) {
        RECORD.with_borrow_mut(|record| record.logs.push((level, text.to_owned())));
    }

    /// The system's clock.
    pub fn now() -> f64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0.0, |since| since.as_secs_f64() * 1e3)
    }

    /// A fixed sequence (splitmix64): enough for tests.
    pub fn random(bytes: &mut [u8]) {
        for byte in bytes {
            let next = SEED.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            SEED.set(next);
            let mixed = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed >> 56) as u8;
        }
    }
}
