//! Bodies of requests and answers: whole, or a stream of chunks (docs/decisions/044-streamed-bodies.md).
//!
//! Owns: the two forms of a body, the pipe through which a function writes one, how one that leaves the host is followed to its end.
//! Must not know: HTTP, the guest, who reads or writes.
//!
//! # Layout
//! - [`pipe`]: a body that is written while it is read
//! - [`follow`]: a body on its way out: when it ended, how much went through, how it is cut off
pub mod follow;
pub mod pipe;

pub use follow::{Ended, Follower, follow};
pub use pipe::{Writer, pipe};

use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::Stream;
use futures::stream::BoxStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A body.
#[derive(Debug)]
pub enum Body {
    /// All of it is in memory.
    Whole(Bytes),
    /// It comes in chunks.
    Stream(BodyStream),
}

impl Default for Body {
    fn default() -> Body {
        Body::Whole(Bytes::new())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body::Whole(bytes)
    }
}

impl Body {
    /// Its length, as far as that is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Body::Whole(bytes) => Some(bytes.len() as u64),
            Body::Stream(stream) => stream.length,
        }
    }

    /// Reads it to its end; `what` and `setting` name it where it has more than `limit` bytes.
    pub async fn gather(self, limit: u64, what: &str, setting: &str) -> Result<Bytes, OpError> {
        match self {
            Body::Whole(bytes) if bytes.len() as u64 <= limit => Ok(bytes),
            Body::Whole(_) => Err(too_large(limit, what, setting)),
            Body::Stream(mut stream) => {
                if stream.length.is_some_and(|length| length > limit) {
                    return Err(too_large(limit, what, setting));
                }
                let mut gathered = Vec::new();
                while let Some(chunk) = futures::StreamExt::next(&mut stream).await {
                    let chunk = chunk?;
                    if (gathered.len() + chunk.len()) as u64 > limit {
                        return Err(too_large(limit, what, setting));
                    }
                    gathered.extend_from_slice(&chunk);
                }
                Ok(gathered.into())
            }
        }
    }
}

/// The error for a body that is longer than it may be.
fn too_large(limit: u64, what: &str, setting: &str) -> OpError {
    let message = format!("{what} has more than {limit} bytes ({setting})");
    OpError { code: Code::PayloadTooLarge, message, details: serde_json::Value::Null }
}

/// The chunks of a body. A chunk that is an error is the last one.
pub struct BodyStream {
    /// What was put back, and comes first.
    ahead: Option<Result<Bytes, OpError>>,
    chunks: BoxStream<'static, Result<Bytes, OpError>>,
    length: Option<u64>,
}

impl std::fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyStream")
            .field("ahead", &self.ahead.is_some())
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl BodyStream {
    /// A body of these chunks; `length` is all of their bytes, where that is known.
    pub fn new(chunks: impl Stream<Item = Result<Bytes, OpError>> + Send + 'static, length: Option<u64>) -> BodyStream {
        BodyStream { ahead: None, chunks: Box::pin(chunks), length }
    }

    /// The bytes that are still to come, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The same with the length that was announced for it.
    pub fn with_length(self, length: Option<u64>) -> BodyStream {
        BodyStream { length, ..self }
    }

    /// Puts back what was read last: it is read again.
    pub fn put_back(&mut self, chunk: Result<Bytes, OpError>) {
        if let (Ok(chunk), Some(left)) = (&chunk, &mut self.length) {
            *left += chunk.len() as u64;
        }
        self.ahead = Some(chunk);
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, OpError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, OpError>>> {
        let chunk = match self.ahead.take() {
            Some(ahead) => Some(ahead),
            None => ready!(self.chunks.as_mut().poll_next(cx)),
        };
        if let (Some(Ok(chunk)), Some(left)) = (&chunk, &mut self.length) {
            *left = left.saturating_sub(chunk.len() as u64);
        }
        Poll::Ready(chunk)
    }
}
