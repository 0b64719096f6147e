//! A body on its way out of the host, followed to its end by the invocation that answers with it.
use super::BodyStream;
use crate::code::OpError;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How much went through the bodies of one invocation, and when the last of it did. Clones share it.
#[derive(Clone, Debug)]
pub struct Meter(Arc<Passed>);

#[derive(Debug)]
struct Passed {
    since: Instant,
    /// When bytes last moved, ms after `since`.
    last: AtomicU64,
    /// Bytes that the guest read or wrote and nobody has collected.
    carried: AtomicU64,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter(Arc::new(Passed { since: Instant::now(), last: AtomicU64::new(0), carried: AtomicU64::new(0) }))
    }
}

impl Meter {
    /// Bytes moved now.
    pub fn moved(&self) {
        self.0.last.store(u64::try_from(self.0.since.elapsed().as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// The guest read or wrote so many bytes.
    pub fn carried(&self, bytes: usize) {
        self.0.carried.fetch_add(bytes as u64, Relaxed);
        self.moved();
    }

    /// Returns what the guest carried since the last call.
    pub fn collect(&self) -> u64 {
        self.0.carried.swap(0, Relaxed)
    }

    /// When bytes last moved.
    pub fn last(&self) -> Instant {
        self.0.since + Duration::from_millis(self.0.last.load(Relaxed))
    }
}

/// How a followed body ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// Its reader has all of it.
    Whole,
    /// It failed.
    Failed(OpError),
    /// Its reader went away.
    Left,
    /// Nobody wanted any of it.
    Unread,
}

/// Follows one body. Dropping it lets the body go on unseen.
#[derive(Debug)]
pub struct Follower {
    cut: Option<oneshot::Sender<OpError>>,
    ended: oneshot::Receiver<Ended>,
}

impl Follower {
    /// Waits for the body's end.
    pub async fn ended(&mut self) -> Ended {
        (&mut self.ended).await.unwrap_or(Ended::Left)
    }

    /// Makes the body fail.
    pub fn cut(&mut self, why: OpError) {
        if let Some(cut) = self.cut.take() {
            let _over_already = cut.send(why);
        }
    }
}

/// The same body, followed; `meter` sees what its reader takes.
pub fn follow(body: BodyStream, meter: Meter) -> (BodyStream, Follower) {
    let (cut, cuts) = oneshot::channel();
    let (ends, ended) = oneshot::channel();
    let length = body.length();
    let followed = Followed { body: Some(body), read: false, meter, cuts: Some(cuts), ends: Some(ends) };
    (BodyStream::new(followed, length), Follower { cut: Some(cut), ended })
}

struct Followed {
    /// Absent after the end.
    body: Option<BodyStream>,
    /// Its reader has asked for a chunk.
    read: bool,
    meter: Meter,
    /// Absent once nobody can cut it off.
    cuts: Option<oneshot::Receiver<OpError>>,
    ends: Option<oneshot::Sender<Ended>>,
}

impl Followed {
    fn end(&mut self, how: Ended) {
        self.body = None;
        if let Some(ends) = self.ends.take() {
            let _nobody_follows = ends.send(how);
        }
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.end(if self.read { Ended::Left } else { Ended::Unread });
    }
}

impl Stream for Followed {
    type Item = Result<Bytes, OpError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, OpError>>> {
        if let Some(Poll::Ready(cut)) = self.cuts.as_mut().map(|cuts| Pin::new(cuts).poll(cx)) {
            self.cuts = None;
            if let (Ok(why), true) = (cut, self.body.is_some()) {
                self.end(Ended::Failed(why.clone()));
                return Poll::Ready(Some(Err(why)));
            }
        }
        self.read = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let chunk = ready!(body.poll_next_unpin(cx));
        match &chunk {
            Some(Ok(_)) => self.meter.moved(),
            Some(Err(why)) => self.end(Ended::Failed(why.clone())),
            None => self.end(Ended::Whole),
        }
        Poll::Ready(chunk)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::body::pipe;
    use crate::code::Code;
    use futures::FutureExt;

    fn failure() -> OpError {
        OpError { code: Code::ExceededWallTime, message: "too long".to_owned(), details: serde_json::Value::Null }
    }

    #[tokio::test]
    async fn the_end_is_told() {
        let (writer, body) = pipe();
        let (mut body, mut follower) = follow(body, Meter::default());
        writer.write(Bytes::from_static(b"one")).await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), "one");
        writer.end(Ok(()));
        assert_eq!(body.next().await, None);
        assert_eq!(follower.ended().await, Ended::Whole);
    }

    #[tokio::test]
    async fn a_body_can_be_cut_off_and_left() {
        let (_writer, body) = pipe();
        let (mut body, mut follower) = follow(body, Meter::default());
        follower.cut(failure());
        assert_eq!(body.next().await.unwrap().unwrap_err(), failure());
        assert_eq!((body.next().await, follower.ended().await), (None, Ended::Failed(failure())));
        let (_writer, body) = pipe();
        let (body, mut follower) = follow(body, Meter::default());
        drop(body);
        assert_eq!(follower.ended().await, Ended::Unread);
        let (_writer, body) = pipe();
        let (mut body, mut follower) = follow(body, Meter::default());
        assert_eq!(body.next().now_or_never(), None);
        drop(body);
        assert_eq!(follower.ended().await, Ended::Left);
    }
}
