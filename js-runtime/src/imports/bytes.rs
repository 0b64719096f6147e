//! Bytes that belong to the engine, lent without a copy.
use rquickjs::{ArrayBuffer, TypedArray, Value};

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

/// The bytes of the engine's text, which is not UTF-8 where the text has lone surrogates: so not by way of a `str`.
pub fn bytes_of<'a>(text: &'a rquickjs::CString<'_>) -> &'a [u8] {
    // SAFETY: the engine's text has that length and lives as long as `text`.
    unsafe { std::slice::from_raw_parts(text.as_ptr().cast(), text.len()) }
}
