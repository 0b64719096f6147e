//! The host's functions, as the linker finds them.
use daplet_abi::LogLevel;

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
