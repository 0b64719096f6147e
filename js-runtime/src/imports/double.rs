//! A host for native tests: the guest's input is set before, its actions are recorded.
use daplet_abi::LogLevel;
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
