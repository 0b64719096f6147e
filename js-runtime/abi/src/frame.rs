//! The frame codec: `u32le head length | head (JSON, UTF-8) | body (raw bytes)`. Pure functions, no I/O.
use serde::{Serialize, de::DeserializeOwned};

/// A decoded frame that borrows from the buffer it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The JSON head, not yet parsed.
    pub head: &'a [u8],
    /// The raw body: never base64, never assumed to be text.
    pub body: &'a [u8],
}

/// Why bytes are not a frame, or a head is not the expected one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Fewer bytes than the length word needs.
    #[error("frame of {actual} bytes is shorter than its 4-byte length word")]
    Short {
        /// Bytes given.
        actual: usize,
    },
    /// The length word points past the end.
    #[error("frame head of {head} bytes does not fit in the {available} bytes that follow")]
    HeadLength {
        /// Announced head length, bytes.
        head: usize,
        /// Bytes after the length word.
        available: usize,
    },
    /// The head is no JSON of the expected shape.
    #[error("frame head: {0}")]
    Head(#[from] serde_json::Error),
}

impl<'a> Frame<'a> {
    /// Splits `bytes`. The head is not parsed here.
    pub fn decode(bytes: &'a [u8]) -> Result<Frame<'a>, FrameError> {
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
            return Err(FrameError::Short { actual: bytes.len() });
        };
        let head = u32::from_le_bytes(*length) as usize;
        if head > rest.len() {
            return Err(FrameError::HeadLength { head, available: rest.len() });
        }
        let (head, body) = rest.split_at(head);
        Ok(Frame { head, body })
    }

    /// Parses the head.
    pub fn parse_head<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        Ok(serde_json::from_slice(self.head)?)
    }
}

/// Builds a frame from a serializable head and a body.
pub fn encode(head: &impl Serialize, body: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::with_capacity(256 + body.len());
    bytes.extend_from_slice(&[0; 4]);
    serde_json::to_writer(&mut bytes, head)?;
    let length = (bytes.len() - 4) as u32;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(body);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn round_trip_keeps_binary_bodies() {
        let body = [0, 255, 10, 13, 0x80];
        let bytes = encode(&serde_json::json!({"a": "é"}), &body).unwrap();
        let frame = Frame::decode(&bytes).unwrap();
        assert_eq!(frame.body, body);
        assert_eq!(frame.parse_head::<serde_json::Value>().unwrap()["a"], "é");
    }

    #[test]
    fn refuses_what_is_no_frame() {
        assert!(matches!(Frame::decode(&[1, 0]), Err(FrameError::Short { actual: 2 })));
        assert!(matches!(Frame::decode(&[9, 0, 0, 0, b'{']), Err(FrameError::HeadLength { head: 9, available: 1 })));
        assert!(Frame::decode(&[0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
