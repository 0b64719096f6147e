//! Connections of HTTP/2 without TLS: recognised by their first bytes, and held to the limits of HTTP/1.
use super::stream::Stream;
use super::{answer, size_of_head, too_large};
use crate::budget::{Purse, Share};
use crate::config::Connections;
use crate::http::ApiError;
use crate::http::pace::{self, Pace};
use crate::http::timed::{Patience, Timed};
use crate::site::Site;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// What a connection takes of the memory budget: its buffers, and what it may send before a handler reads it.
pub const CONNECTION: usize = 256 << 10;
/// What a request takes besides its head, from its first byte to its answer's last: the stream, its task, what serves it.
const STREAM: usize = 8 << 10;
/// What a connection may send before a handler reads it, bytes; one request may send half of it.
const WINDOW: u32 = 128 << 10;
/// The first bytes that a client sends (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Requests at once on one connection; the protocol makes a client wait with more.
const STREAMS: u32 = 1_000;
/// A peer that is silent this long is sent a ping.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How much of an answer is passed on at once: more would wait in memory for a window that the peer does not open.
const PIECE: usize = 8 << 10;
/// The pause before another look at an incomplete preface.
const AGAIN: Duration = Duration::from_millis(5);

/// Which limits a connection is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Requests and answers, with the times of HTTP/1.
    Http,
    /// Streams that may last without a limit.
    Grpc,
}

/// Returns whether a connection begins as HTTP/2. A preface that does not arrive is left to HTTP/1, which answers it.
pub async fn begins(stream: &Stream, within: Duration) -> bool {
    let looking = async {
        let mut start = [0; PREFACE.len()];
        loop {
            match stream.peek(&mut start).await {
                Ok(seen) if seen == PREFACE.len() => return start == PREFACE,
                Ok(seen) if seen > 0 && PREFACE.starts_with(&start[..seen]) => sleep(AGAIN).await,
                _ => return false,
            }
        }
    };
    timeout(within, looking).await.unwrap_or(false)
}

/// Serves one connection to its end.
///
/// Each request takes a share of `memory`: the protocol allows many at once, each with a head of its own, and one that
/// waits for its body or for its reader holds that as long as it waits.
pub async fn connection(
    stream: Stream,
    site: Site,
    limits: Arc<Connections>,
    memory: Purse,
    stop: CancellationToken,
    kind: Kind,
) {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new()).max_concurrent_streams(STREAMS).keep_alive_interval(KEEP_ALIVE);
    http.initial_connection_window_size(WINDOW).initial_stream_window_size(WINDOW / 2);
    http.max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
    let answers = Arc::new(Answers::default());
    let peer = stream.addresses().map(|(_, peer)| peer);
    let (given, rules) = (Arc::clone(&answers), Arc::clone(&limits));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let place = Place::new(&given, rules.rate);
        let head = size_of_head(&request);
        let (share, refused) = match memory.take(STREAM + head) {
            Ok(share) => (share, too_large(&request, &rules)),
            Err(refused) => (memory.none(), Some(ApiError::no_memory(&refused))),
        };
        let patience = Patience::of(&rules);
        let body = move |body| if kind == Kind::Grpc { Body::new(body) } else { Timed::body(body, patience) };
        let answer = answer(&site, peer, request, refused, body);
        async move {
            let response: Response = answer.await;
            Ok::<_, std::convert::Infallible>(match kind {
                Kind::Grpc => response.map(|inner| Body::new(inner.map_frame(move |frame| held(frame, &share)))),
                Kind::Http => {
                    response.map(|inner| Body::new(Paced { inner, rest: Bytes::new(), place, _share: share }))
                }
            })
        }
    });
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let overdue = answers.overdue(&limits);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = overdue, if kind == Kind::Http => return,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection of HTTP/2 ended: {error}");
    }
}

/// Passes a frame on. The closure that calls this holds the share as long as the body exists.
fn held<T>(frame: Frame<T>, _share: &Share) -> Frame<T> {
    frame
}

/// The answers of one connection that are being written.
#[derive(Default)]
struct Answers(Mutex<Open>);

#[derive(Default)]
struct Open {
    next: u64,
    /// By the numbers that they got.
    waiting: HashMap<u64, Taken>,
    /// When the last answer or request ended.
    last: Option<Instant>,
}

/// The progress of one answer.
struct Taken {
    /// Since when it waits for the peer; `None` while it waits for the server.
    since: Option<Instant>,
    pace: Pace,
}

impl Taken {
    fn stalls(&mut self, limits: &Connections) -> bool {
        let Some(since) = self.since else { return false };
        since.elapsed() > limits.write || self.pace.wait(Instant::now()).is_err()
    }
}

impl Answers {
    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the peer leaves an answer unread too long, or sends no request for too long.
    async fn overdue(&self, limits: &Connections) {
        let start = Instant::now();
        loop {
            sleep(limits.write.min(limits.idle).min(pace::WINDOW).max(AGAIN) / 4).await;
            let mut open = self.open();
            let idle = open.waiting.is_empty() && open.last.unwrap_or(start).elapsed() > limits.idle;
            let stalled = open.waiting.values_mut().any(|taken| taken.stalls(limits));
            if idle || stalled {
                return;
            }
        }
    }
}

/// One answer's entry among them.
struct Place {
    answers: Arc<Answers>,
    id: u64,
}

impl Place {
    fn new(answers: &Arc<Answers>, rate: u64) -> Place {
        let mut open = answers.open();
        open.next += 1;
        let id = open.next;
        open.waiting.insert(id, Taken { since: None, pace: Pace::new(rate) });
        Place { answers: Arc::clone(answers), id }
    }

    /// Notes whether the answer waits for the peer, which took `moved` bytes before, or for the server.
    fn waits(&self, since: Option<Instant>, moved: usize) {
        if let Some(taken) = self.answers.open().waiting.get_mut(&self.id) {
            taken.since = since;
            taken.pace.moved(moved);
            match since {
                Some(now) => drop(taken.pace.wait(now)),
                None => taken.pace.rest(),
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.answers.open();
        open.waiting.remove(&self.id);
        open.last = Some(Instant::now());
    }
}

/// A body that is passed on in pieces, as fast as the peer takes them.
struct Paced {
    inner: Body,
    rest: Bytes,
    place: Place,
    _share: Share,
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            match Pin::new(&mut this.inner).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => {
                    this.place.waits(None, 0);
                    return other;
                }
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.place.waits(Some(Instant::now()), piece.len());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
