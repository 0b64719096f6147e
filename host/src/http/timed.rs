//! The time that the body of a request may take: to its end, or for each MiB of a longer one, and at a least pace.
//!
//! The clock runs only while the server waits for the peer; a body that has arrived needs no timer, and a reader may pause.
use super::pace::{Pace, TooSlow};
use crate::config::Connections;
use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The part of a body for which the whole time counts, bytes.
const PART: usize = 1 << 20;

/// What a body may take of time.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// To its end, or for each MiB of a longer one.
    pub within: Duration,
    /// Bytes per second, at least; 0: however slow.
    pub rate: u64,
}

impl Patience {
    /// The settings of connections.
    pub fn of(limits: &Connections) -> Patience {
        Patience { within: limits.body, rate: limits.rate }
    }
}

/// A body took too long.
#[derive(Debug, thiserror::Error)]
pub enum Slow {
    /// To its end.
    #[error("the request body did not arrive within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("the request body came slower than {0} bytes a second")]
    Pace(u64),
}

/// A body that fails as [`Slow`] when it is not there in time. The clock runs only while more is asked for.
pub struct Timed<B> {
    inner: B,
    patience: Patience,
    pace: Pace,
    deadline: Option<Instant>,
    /// Bytes of the part that the deadline is for.
    came: usize,
    /// Since when nobody asks for more; absent as long as there is no deadline.
    rests: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<B> Timed<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// The clock starts with the first wait for the peer.
    pub fn body(inner: B, patience: Patience) -> Body {
        if inner.is_end_stream() {
            return Body::empty();
        }
        Body::new(Timed {
            inner,
            patience,
            pace: Pace::new(patience.rate),
            deadline: None,
            came: 0,
            rests: None,
            alarm: None,
        })
    }

    /// Bytes came; the peer is waited for again when more are asked for.
    fn moved(&mut self, bytes: usize) {
        self.pace.moved(bytes);
        let Some(deadline) = &mut self.deadline else { return };
        self.came += bytes;
        *deadline += self.patience.within * u32::try_from(self.came / PART).unwrap_or(u32::MAX);
        self.came %= PART;
        self.rests = Some(Instant::now());
    }

    /// More is asked for: the time since the last bytes was not the peer's.
    fn wake(&mut self) {
        if let (Some(rested), Some(deadline)) = (self.rests.take(), &mut self.deadline) {
            let pause = rested.elapsed();
            *deadline += pause;
            self.pace.pause(pause);
        }
    }

    /// Whether the peer took too long; wakes the task when it may have.
    fn late(&mut self, cx: &mut Context<'_>) -> Option<Slow> {
        loop {
            let now = Instant::now();
            let deadline = *self.deadline.get_or_insert(now + self.patience.within);
            if now >= deadline {
                return Some(Slow::Late(self.patience.within));
            }
            let look = match self.pace.wait(now) {
                Err(TooSlow) => return Some(Slow::Pace(self.patience.rate)),
                Ok(look) => look.map_or(deadline, |look| look.min(deadline)),
            };
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(look)));
            if alarm.deadline() != look {
                alarm.as_mut().reset(look);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return None;
            }
        }
    }
}

impl<B> HttpBody for Timed<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        this.wake();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                this.moved(frame.data_ref().map_or(0, Bytes::len));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        this.late(cx).map_or(Poll::Pending, |slow| Poll::Ready(Some(Err(slow.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_long_body_has_its_time_for_each_part_and_a_reader_may_pause() {
        let within = Duration::from_secs(60);
        let (patience, start) = (Patience { within, rate: 1_024 }, Instant::now());
        let pace = Pace::new(patience.rate);
        let mut body =
            Timed { inner: Body::empty(), patience, pace, deadline: None, came: 0, rests: None, alarm: None };
        // What comes before anybody waits has no deadline.
        body.moved(PART);
        assert_eq!((body.deadline, body.rests), (None, None));
        body.deadline = Some(start + within);
        body.moved(PART - 1);
        assert_eq!(body.deadline, Some(start + within));
        body.moved(PART + 1);
        assert_eq!(body.deadline, Some(start + 3 * within));
        body.rests = Some(start.checked_sub(Duration::from_secs(100)).unwrap_or(start));
        body.wake();
        assert!(body.deadline.unwrap() >= start + 3 * within && body.rests.is_none());
    }
}
