//! Answers whose bodies stream: as HTTP carries them, with the length that was promised.
//!
//! A body that fails, or does not have its length, resets the connection (HTTP/1) or the stream (HTTP/2): never a clean end.
use crate::body::{Body as Made, BodyStream};
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::io::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Marks an answer whose body is made while it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Streamed;

/// A body as that of an answer; a stream must have the length that it announces.
pub fn body(body: Made) -> Body {
    match body {
        Made::Whole(bytes) if bytes.is_empty() => Body::empty(),
        Made::Whole(bytes) => Body::from(bytes),
        Made::Stream(stream) => {
            let left = stream.length();
            Body::new(Sent { stream: Some(stream), left, last: None })
        }
    }
}

/// A body, and what is dropped with it: at its end, or when nobody wants it any more.
pub struct WhileSent<T> {
    body: Body,
    _until: T,
}

impl<T: Send + Unpin + 'static> WhileSent<T> {
    /// The body, with what lasts as long.
    pub fn body(body: Body, until: T) -> Body {
        Body::new(WhileSent { body, _until: until })
    }
}

impl<T: Send + Unpin + 'static> HttpBody for WhileSent<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct Sent {
    /// Absent after the end.
    stream: Option<BodyStream>,
    /// Bytes that are still promised.
    left: Option<u64>,
    /// The chunk that completes the promised length. It is sent once the stream has ended: hyper asks for nothing after it.
    last: Option<Bytes>,
}

impl Sent {
    fn fail(&mut self, why: String) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        (self.stream, self.last) = (None, None);
        Poll::Ready(Some(Err(Error::other(why))))
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        loop {
            let Some(stream) = &mut this.stream else { return Poll::Ready(None) };
            match (ready!(stream.poll_next_unpin(cx)), &mut this.left) {
                (Some(Err(error)), _) => return this.fail(error.message),
                (Some(Ok(chunk)), _) if chunk.is_empty() => {}
                (Some(Ok(chunk)), None) => return Poll::Ready(Some(Ok(Frame::data(chunk)))),
                (Some(Ok(chunk)), Some(left)) => match left.checked_sub(chunk.len() as u64) {
                    None => return this.fail("the body is longer than its content-length".to_owned()),
                    Some(0) => (this.left, this.last) = (Some(0), Some(chunk)),
                    Some(less) => {
                        *left = less;
                        return Poll::Ready(Some(Ok(Frame::data(chunk))));
                    }
                },
                (None, Some(left)) if *left > 0 => {
                    let why = format!("the body is {left} bytes shorter than its content-length");
                    return this.fail(why);
                }
                (None, _) => {
                    this.stream = None;
                    return Poll::Ready(this.last.take().map(|last| Ok(Frame::data(last))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.last.as_ref().map_or(0, Bytes::len) as u64;
        self.left.map_or_else(SizeHint::default, |left| SizeHint::with_exact(left + held))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::stream;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_promised_length_is_kept_or_the_body_fails() {
        for (length, whole) in [(None, true), (Some(6), true), (Some(5), false), (Some(7), false)] {
            let chunks = ["one", "two"].map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())));
            let sent = body(Made::Stream(BodyStream::new(stream::iter(chunks), length)));
            assert_eq!(sent.collect().await.is_ok(), whole, "{length:?}");
        }
    }
}
