//! A stream that notices a peer at fault: silent between requests, slow with a head, a head without end, an answer that
//! it does not read.
//!
//! It only notices and stops; the connection's owner reports why. The time of a body is [`crate::http::body`]'s. Each
//! connection has one timer, set again only when it fires: a busy connection pays one look at the clock per request.
use super::buffers::{Buffers, READ};
use super::queues::Queues;
use super::stream::Stream;
use crate::budget::BudgetError;
use crate::config::Connections;
use crate::http::ApiError;
use crate::http::pace::{Pace, TooSlow};
use std::io::{Error, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// After this time of waiting, a peer may be slow.
const MOMENT: Duration = Duration::from_secs(1);

/// How far the current request and its answer are.
#[derive(Default)]
pub struct Phase {
    answer: AtomicU8,
    /// Bodies of requests that are not read to their ends. One may be dropped after the next has begun.
    bodies: AtomicU8,
}

/// There is no request, or its answer is being written.
const NONE: u8 = 0;
const SERVED: u8 = 1;
const ANSWERED: u8 = 2;
/// Its answer is made while it is written: neither the peer nor the server is late.
const STREAMED: u8 = 3;

impl Phase {
    /// Notes that a request's head has arrived.
    pub fn serve(&self) {
        self.answer.store(SERVED, Relaxed);
    }

    /// Notes that its answer is ready to be written.
    pub fn answer(&self) {
        self.answer.store(ANSWERED, Relaxed);
    }

    /// Notes that its answer is made while it is written; it is so until the result is dropped.
    pub fn stream(self: &Arc<Phase>) -> Streaming {
        self.answer.store(STREAMED, Relaxed);
        Streaming(Arc::clone(self))
    }

    /// Notes that the request's body is being read; it is so until the result is dropped. It may outlast the answer.
    pub fn read(self: &Arc<Phase>) -> Reading {
        self.bodies.fetch_add(1, Relaxed);
        Reading(Arc::clone(self))
    }

    fn is(&self, phase: u8) -> bool {
        self.answer.load(Relaxed) == phase
    }
}

/// A request's body that is being read.
pub struct Reading(Arc<Phase>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.bodies.fetch_sub(1, Relaxed);
    }
}

/// An answer that is made while it is written. Its last bytes are written after this is dropped.
pub struct Streaming(Arc<Phase>);

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.answer();
    }
}

#[derive(Clone, Copy)]
enum Fault {
    Slow,
    Line,
    Head,
    Count,
    Malformed,
    Memory(BudgetError),
}

/// What hyper itself answers to a head that it cannot parse: a status without a body.
const OWN_WORDS: [(&[u8], Fault); 3] = [
    (b"HTTP/1.1 400 Bad Request\r\n", Fault::Malformed),
    (b"HTTP/1.1 414 URI Too Long\r\n", Fault::Line),
    (b"HTTP/1.1 431 Request Header Fields Too Large\r\n", Fault::Count),
];

/// The stream, and what it has noticed.
pub struct Watched {
    stream: Stream,
    limits: Arc<Connections>,
    phase: Arc<Phase>,
    alarm: Option<Pin<Box<Sleep>>>,
    /// Since when the server waits for the peer.
    waiting: Option<Instant>,
    /// Bytes of the head that is arriving.
    head: usize,
    /// Whether its first line is complete.
    line: bool,
    /// Whether no request has arrived yet.
    fresh: bool,
    fault: Option<Fault>,
    /// How fast the peer reads an answer.
    pace: Pace,
    /// What the kernel held soon after that window of the pace began.
    queued: Option<(Instant, u64)>,
    queues: Arc<Queues>,
    buffers: Buffers,
}

impl Watched {
    /// Watches a stream whose peer has been waited for since `since`.
    pub fn new(
        stream: Stream,
        since: Instant,
        limits: Arc<Connections>,
        phase: Arc<Phase>,
        buffers: Buffers,
        queues: Arc<Queues>,
    ) -> Watched {
        let (waiting, pace) = (Some(since), Pace::new(limits.rate));
        let (alarm, head, line, fresh, fault) = (None, 0, false, true, None);
        Watched { stream, limits, phase, alarm, waiting, head, line, fresh, fault, pace, queued: None, queues, buffers }
    }

    /// The peer's fault, if an answer can report it.
    pub fn fault(&self) -> Option<ApiError> {
        Some(match self.fault? {
            Fault::Slow => ApiError::too_slow("the head of the request", self.limits.head, "head_ms"),
            Fault::Line => ApiError::line_too_long(self.limits.line_bytes),
            Fault::Head => ApiError::head_too_large(self.limits.head_bytes),
            Fault::Count => ApiError::too_many_headers(),
            Fault::Memory(refused) => ApiError::no_memory(&refused),
            Fault::Malformed => ApiError::bad_request("this is not an HTTP/1.1 request"),
        })
    }

    /// Returns the stream without the watch.
    pub fn into_stream(self) -> Stream {
        self.stream
    }

    /// Returns whether the server has waited for the peer longer than `patience`; otherwise wakes the task at that
    /// moment.
    fn expired(&mut self, cx: &mut Context<'_>, patience: Duration) -> bool {
        let deadline = *self.waiting.get_or_insert_with(Instant::now) + patience;
        self.rang(cx, deadline)
    }

    /// Returns whether `deadline` has passed; otherwise wakes the task at that moment.
    fn rang(&mut self, cx: &mut Context<'_>, deadline: Instant) -> bool {
        if Instant::now() >= deadline {
            return true;
        }
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            alarm.as_mut().reset(deadline);
            if Instant::now() >= deadline {
                return true;
            }
        }
        false
    }

    fn broken(&mut self, fault: Fault) -> Poll<std::io::Result<()>> {
        self.fault = Some(fault);
        Poll::Ready(Err(Error::from(ErrorKind::ConnectionAborted)))
    }

    /// An answer without a request is hyper's; the connection's owner writes a better one.
    fn intercept(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.head == 0 || !self.phase.is(NONE) {
            return Ok(());
        }
        match OWN_WORDS.into_iter().find(|(words, _)| bytes.starts_with(words)) {
            None => Ok(()),
            Some((_, fault)) => {
                self.fault = Some(fault);
                Err(Error::from(ErrorKind::ConnectionAborted))
            }
        }
    }

    /// Notes the result of a write.
    fn written(&mut self, cx: &mut Context<'_>, wrote: Poll<std::io::Result<usize>>) -> Poll<std::io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &wrote {
            self.pace.moved(*bytes);
        }
        if wrote.is_ready() {
            (self.waiting, self.head, self.line, self.fresh) = (None, 0, false, false);
            if self.phase.is(ANSWERED) {
                self.phase.answer.store(NONE, Relaxed);
            }
            // hyper may have asked for the next head before this, and does not ask again: wake it.
            let _just_begun = self.expired(cx, self.limits.idle);
            return wrote;
        }
        let slow = |setting: &str| {
            let reason = format!("the peer does not take the answer ({setting})");
            Poll::Ready(Err(Error::new(ErrorKind::TimedOut, reason)))
        };
        loop {
            let now = Instant::now();
            let look = self.pace.wait(now).or_else(|TooSlow| self.acknowledged(now));
            let Ok(look) = look else { return slow("min_rate_bytes") };
            let deadline = *self.waiting.get_or_insert(now) + self.limits.write;
            if now >= deadline {
                return slow("write_ms");
            }
            let look = look.into_iter().chain(self.sample(now)).min();
            if !self.rang(cx, look.map_or(deadline, |look| look.min(deadline))) {
                return Poll::Pending;
            }
        }
    }

    /// The pace by what the peer has acknowledged: the kernel takes more than it can send.
    fn acknowledged(&mut self, now: Instant) -> Result<Option<Instant>, TooSlow> {
        let (Some((_, before)), Some(queued)) = (self.queued, self.unsent()) else { return Err(TooSlow) };
        self.pace.moved(usize::try_from(before.saturating_sub(queued)).unwrap_or(usize::MAX));
        let look = self.pace.wait(now)?;
        // It has taken a part, although the kernel asks for the next one later.
        self.waiting = Some(now);
        Ok(look)
    }

    /// Reads what the kernel holds, once in each window of the pace, a moment after the wait began. Returns when that
    /// will be.
    fn sample(&mut self, now: Instant) -> Option<Instant> {
        let since = self.pace.since()?;
        if self.queued.is_some_and(|(window, _)| window == since) {
            return None;
        }
        if now < since + MOMENT {
            return Some(since + MOMENT);
        }
        self.queued = self.unsent().map(|queued| (since, queued));
        None
    }

    fn unsent(&self) -> Option<u64> {
        let (local, peer) = self.stream.addresses()?;
        // A connection without queued bytes is not listed.
        Some(self.queues.unsent(local, peer).unwrap_or(0))
    }
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let serving = !this.phase.is(NONE) || this.phase.bodies.load(Relaxed) > 0;
        // Everything before this has been parsed, and was not a whole head.
        if !serving && !this.line && this.head > this.limits.line_bytes {
            return this.broken(Fault::Line);
        }
        if !serving && this.head > this.limits.head_bytes {
            return this.broken(Fault::Head);
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut (&mut this.stream).take(READ)).poll_read(cx, buffer);
        if serving {
            return read;
        }
        if read.is_ready() {
            let new = &buffer.filled()[before..];
            if this.head == 0 && !this.fresh {
                this.waiting = None;
            }
            this.head += new.len();
            this.line = this.line || new.contains(&b'\n');
            return match this.buffers.head(this.head) {
                Ok(()) => read,
                Err(refused) => this.broken(Fault::Memory(refused)),
            };
        }
        let between = this.head == 0 && !this.fresh;
        let patience = if between { this.limits.idle } else { this.limits.head };
        match this.expired(cx, patience) {
            false => Poll::Pending,
            // As if the peer had closed: there is no answer to send.
            true if this.head == 0 => Poll::Ready(Ok(())),
            true => this.broken(Fault::Slow),
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        this.intercept(bytes)?;
        let wrote = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.written(cx, wrote)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        this.intercept(slices.first().map_or(&[], |first| first))?;
        let wrote = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.written(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        // Everything is written: the next answer is another transfer.
        this.pace.rest();
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
