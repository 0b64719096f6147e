//! How much of a body one read takes: what is there already, in chunks of a size.
use crate::body::BodyStream;
use crate::code::OpError;
use bytes::{Bytes, BytesMut};
use futures::{FutureExt, StreamExt};

/// Chunks that have arrived already are joined up to this size, bytes: each costs an entry into the guest.
pub(super) const CHUNK: usize = 64 << 10;

/// The next chunk of a body and the rest of it. Chunks that are there already are joined, since each read is an entry into the guest.
pub(super) async fn next(mut body: BodyStream) -> (Result<Option<Bytes>, OpError>, Option<BodyStream>) {
    let first = loop {
        match body.next().await {
            Some(Ok(chunk)) if chunk.is_empty() => {}
            Some(Ok(chunk)) => break chunk,
            Some(Err(error)) => return (Err(error), None),
            None => return (Ok(None), None),
        }
    };
    let mut chunk = Joined { first, rest: BytesMut::new() };
    while chunk.len() < CHUNK {
        match body.next().now_or_never() {
            Some(Some(Ok(more))) => chunk.add(&more),
            Some(Some(error)) => {
                body.put_back(error);
                break;
            }
            Some(None) => {
                body = BodyStream::new(futures::stream::empty(), Some(0));
                break;
            }
            None => break,
        }
    }
    let mut chunk = chunk.into_bytes();
    if chunk.len() > CHUNK {
        body.put_back(Ok(chunk.split_off(CHUNK)));
    }
    (Ok(Some(chunk)), Some(body))
}

/// Chunks on their way to one; a single one is not copied.
struct Joined {
    first: Bytes,
    rest: BytesMut,
}

impl Joined {
    fn len(&self) -> usize {
        self.first.len().max(self.rest.len())
    }

    fn add(&mut self, more: &[u8]) {
        if self.rest.is_empty() {
            self.rest.extend_from_slice(&self.first);
        }
        self.rest.extend_from_slice(more);
    }

    fn into_bytes(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}
