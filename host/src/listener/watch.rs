//! A stream that notices a peer that says too little or too much: silent between requests, slow with a head, a head without
//! end, an answer that nobody takes.
//!
//! It only notices and breaks off; who owns the connection says why. A body's time is [`crate::api::body`]'s. One timer a
//! connection, set again only when it rings: a busy connection pays a look at the clock per request.
use super::stream::Stream;
use crate::api::ApiError;
use crate::config::Connections;
use std::io::{Error, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How far the answer to this connection's request is.
#[derive(Default)]
pub struct Phase(AtomicU8);

/// There is no request, or its answer is on its way.
const NONE: u8 = 0;
const SERVED: u8 = 1;
const ANSWERED: u8 = 2;

impl Phase {
    /// A request's head is there.
    pub fn serve(&self) {
        self.0.store(SERVED, Relaxed);
    }

    /// Its answer is there, to be written.
    pub fn answer(&self) {
        self.0.store(ANSWERED, Relaxed);
    }

    fn is(&self, phase: u8) -> bool {
        self.0.load(Relaxed) == phase
    }
}

#[derive(Clone, Copy)]
enum Fault {
    Slow,
    Line,
    Head,
    Count,
    Malformed,
}

/// What hyper says by itself to a head that it cannot take: a status and no body.
const OWN_WORDS: [(&[u8], Fault); 3] = [
    (b"HTTP/1.1 400 Bad Request\r\n", Fault::Malformed),
    (b"HTTP/1.1 414 URI Too Long\r\n", Fault::Line),
    (b"HTTP/1.1 431 Request Header Fields Too Large\r\n", Fault::Count),
];

/// The stream.
pub struct Watched {
    stream: Stream,
    limits: Arc<Connections>,
    phase: Arc<Phase>,
    alarm: Option<Pin<Box<Sleep>>>,
    /// Since when the peer is waited for.
    waiting: Option<Instant>,
    /// Bytes of the head that is arriving.
    head: usize,
    /// Its first line is complete.
    line: bool,
    /// No request has come yet.
    fresh: bool,
    fault: Option<Fault>,
}

impl Watched {
    /// Watches a stream that has been waited for since then.
    pub fn new(stream: Stream, since: Instant, limits: Arc<Connections>, phase: Arc<Phase>) -> Watched {
        let waiting = Some(since);
        Watched { stream, limits, phase, alarm: None, waiting, head: 0, line: false, fresh: true, fault: None }
    }

    /// What the peer did wrong and can be told.
    pub fn fault(&self) -> Option<ApiError> {
        Some(match self.fault? {
            Fault::Slow => ApiError::too_slow("the head of the request", self.limits.head, "head_ms"),
            Fault::Line => ApiError::line_too_long(self.limits.line_bytes),
            Fault::Head => ApiError::head_too_large(self.limits.head_bytes),
            Fault::Count => ApiError::too_many_headers(),
            Fault::Malformed => ApiError::bad_request("this is no request of HTTP/1.1"),
        })
    }

    /// The stream alone.
    pub fn into_stream(self) -> Stream {
        self.stream
    }

    /// Whether the peer has been waited for longer than `patience`; wakes the task when it will have been.
    fn expired(&mut self, cx: &mut Context<'_>, patience: Duration) -> bool {
        let now = Instant::now();
        let deadline = *self.waiting.get_or_insert(now) + patience;
        if now >= deadline {
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

    /// An answer to no request is hyper's; who owns the connection has better words.
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

    /// Takes in what a write did.
    fn written(&mut self, cx: &mut Context<'_>, wrote: Poll<std::io::Result<usize>>) -> Poll<std::io::Result<usize>> {
        if wrote.is_ready() {
            (self.waiting, self.head, self.line, self.fresh) = (None, 0, false, false);
            if self.phase.is(ANSWERED) {
                self.phase.0.store(NONE, Relaxed);
            }
            // hyper may have asked for the next head before this, and does not ask again: it must be woken.
            let _just_begun = self.expired(cx, self.limits.idle);
        } else if self.expired(cx, self.limits.write) {
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the peer does not take the answer (write_ms)")));
        }
        wrote
    }
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let serving = !this.phase.is(NONE);
        // All that came before has been parsed, and was no whole head.
        if !serving && !this.line && this.head > this.limits.line_bytes {
            return this.broken(Fault::Line);
        }
        if !serving && this.head > this.limits.head_bytes {
            return this.broken(Fault::Head);
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
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
            return read;
        }
        let between = this.head == 0 && !this.fresh;
        let patience = if between { this.limits.idle } else { this.limits.head };
        match this.expired(cx, patience) {
            false => Poll::Pending,
            // As if the peer had closed: it has nothing to be told.
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
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
