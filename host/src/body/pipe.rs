//! A body that is written while it is read: the writer waits until the reader has taken what was written before.
use super::BodyStream;
use crate::code::{Code, OpError};
use bytes::Bytes;
use futures::stream;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Chunks that wait for the reader. With one, the writer makes the next chunk while the reader sends this one.
const WAITING: usize = 1;

/// The end into which a body is written. Cheap to clone; the body ends when the last clone is gone, cleanly if it was closed.
#[derive(Clone, Debug)]
pub struct Writer {
    chunks: mpsc::Sender<Bytes>,
    /// How the body ends.
    end: Arc<OnceLock<Result<(), OpError>>>,
    /// Canceled when the reader goes away.
    left: CancellationToken,
}

/// The reader went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Both ends of a body.
pub fn pipe() -> (Writer, BodyStream) {
    let (chunks, mut taken) = mpsc::channel(WAITING);
    let end: Arc<OnceLock<Result<(), OpError>>> = Arc::default();
    let (left, mut over) = (CancellationToken::new(), false);
    let reads = left.clone().drop_guard();
    let writer = Writer { chunks, end: Arc::clone(&end), left };
    let read = stream::poll_fn(move |cx| {
        let _as_long_as_it_is_read = &reads;
        if over {
            return Poll::Ready(None);
        }
        taken.poll_recv(cx).map(|chunk| {
            over = chunk.is_none();
            match (chunk, end.get()) {
                (Some(chunk), _) => Some(Ok(chunk)),
                (None, Some(Ok(()))) => None,
                (None, Some(Err(why))) => Some(Err(why.clone())),
                (None, None) => Some(Err(unfinished())),
            }
        })
    });
    (writer, BodyStream::new(read, None))
}

fn unfinished() -> OpError {
    let message = "the body is not complete: its writer ended before it".to_owned();
    OpError { code: Code::Canceled, message, details: Value::Null }
}

impl Writer {
    /// Passes a chunk on, as soon as there is room for it.
    pub async fn write(&self, chunk: Bytes) -> Result<(), Gone> {
        self.chunks.send(chunk).await.map_err(|_| Gone)
    }

    /// The body is complete, or failed, once every clone is dropped. The first word counts.
    pub fn end(self, how: Result<(), OpError>) {
        let _ended_already = self.end.set(how);
    }

    /// Ends when the reader goes away. To wait for that does not keep the body open.
    pub fn gone(&self) -> impl Future<Output = ()> + Send + use<> {
        self.left.clone().cancelled_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::{FutureExt, StreamExt};

    #[tokio::test]
    async fn a_writer_waits_for_its_reader() {
        let (writer, mut body) = pipe();
        writer.write(Bytes::from_static(b"one")).await.unwrap();
        let other = writer.clone();
        let mut second = Box::pin(other.write(Bytes::from_static(b"two")));
        assert_eq!((&mut second).now_or_never(), None);
        assert_eq!(body.next().await.unwrap().unwrap(), "one");
        second.await.unwrap();
        drop(other);
        let _watched = writer.gone();
        writer.end(Ok(()));
        assert_eq!(body.next().await.unwrap().unwrap(), "two");
        assert_eq!(body.next().await, None);
        assert_eq!(body.next().await, None);
    }

    #[tokio::test]
    async fn a_body_whose_writer_failed_or_is_gone_does_not_end_cleanly() {
        let failure = OpError { code: Code::Exception, message: "no more".to_owned(), details: Value::Null };
        for (end, code) in [(None, Code::Canceled), (Some(Err(failure)), Code::Exception)] {
            let (writer, mut body) = pipe();
            writer.write(Bytes::from_static(b"one")).await.unwrap();
            match end {
                Some(end) => writer.end(end),
                None => drop(writer),
            }
            assert_eq!(body.next().await.unwrap().unwrap(), "one");
            assert_eq!(body.next().await.unwrap().unwrap_err().code, code);
            assert_eq!(body.next().await, None);
        }
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_is_noticed() {
        let (writer, body) = pipe();
        writer.write(Bytes::from_static(b"one")).await.unwrap();
        let gone = writer.gone();
        drop(body);
        gone.await;
        assert_eq!(writer.write(Bytes::from_static(b"two")).await, Err(Gone));
    }
}
