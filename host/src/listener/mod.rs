//! Listening: accepts connections and passes requests to a router, within the limits that apply before there is a
//! request.
//!
//! Owns: how many connections may exist, how long they may be silent, how large a head may be. Must not know: routes.
//!
//! # Layout
//! - [`buffers`]: what a connection holds between its requests
//! - [`grpc`]: connections of gRPC
//! - [`http2`]: connections of HTTP/2
//! - [`queues`]: what the kernel still holds of what was written
//! - [`stream`]: TCP, and sockets in the file system
//! - [`watch`]: a stream that notices a peer that sends or accepts too slowly, or sends too much
mod buffers;
pub mod grpc;
mod http2;
mod queues;
mod stream;
mod watch;

pub use stream::Listener;

use crate::budget::{Purse, Share};
use crate::config::Connections;
use crate::http::ApiError;
use crate::http::streamed::{Streamed, WhileSent};
use crate::http::timed::{Patience, Timed};
use crate::observer::Observer;
use crate::site::{Admission, Site};
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use buffers::{Buffers, CONNECTION};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use queues::Queues;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stream::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use watch::{Phase, Watched};

/// How long a refused connection may take to read the reason.
const LINGER: Duration = Duration::from_secs(1);
/// Refused connections that get a reason at once; further ones are closed without.
const REFUSALS: usize = 256;
/// Headers of a request, as hyper counts them for HTTP/1.
const MAX_HEADERS: usize = 100;
/// Open files that are not connections of clients: database, sidecar, log.
const OTHER_FILES: u64 = 256;

/// Raises the limit of open files as far as possible; returns how many connections that leaves room for.
pub fn room_for_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _as_before = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files.saturating_sub(OTHER_FILES).max(files / 2)).unwrap_or(usize::MAX)
}

/// The terms on which an address accepts connections.
pub struct Terms {
    /// How many connections there may be, and how large and how slow their requests.
    pub limits: Arc<Connections>,
    /// The address's part of the memory budget.
    pub memory: Purse,
    /// Counts refusals.
    pub observer: Observer,
    /// Ends the listening.
    pub stop: CancellationToken,
}

impl Terms {
    /// Counts a connection that `max_connections` refused.
    fn full(&self) {
        self.observer.shed("max_connections");
    }
}

/// Serves `site` on `listener` until it is stopped, and finishes what runs then.
pub async fn serve(listener: Listener, site: Site, terms: Terms) {
    let Terms { limits, memory, stop, .. } = &terms;
    let (places, refusals) = (Arc::new(Semaphore::new(limits.most)), Arc::new(Semaphore::new(REFUSALS)));
    let (connections, queues) = (TaskTracker::new(), Arc::new(Queues::default()));
    while let Some(stream) = next(&listener, stop).await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            terms.full();
            turn_away(stream, ApiError::too_many_connections(limits.most), &refusals);
            continue;
        };
        let mut share = match memory.take(CONNECTION) {
            Ok(share) => share,
            Err(refused) => {
                turn_away(stream, ApiError::no_memory(&refused), &refusals);
                continue;
            }
        };
        let (site, limits, stop) = (site.clone(), Arc::clone(limits), stop.clone());
        let (queues, memory) = (Arc::clone(&queues), memory.clone());
        connections.spawn(async move {
            let since = Instant::now();
            let begins = tokio::select! {
                begins = http2::begins(&stream, limits.head) => begins,
                () = stop.cancelled() => return,
            };
            if !begins {
                connection(stream, since, site, limits, (share, queues), stop).await;
            } else if share.resize(http2::CONNECTION).is_ok() {
                http2::connection(stream, site, limits, memory, stop, http2::Kind::Http).await;
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// The next connection; `None` once the listening ends.
async fn next(listener: &Listener, stop: &CancellationToken) -> Option<Stream> {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(stream) => return Some(stream),
                Err(error) => unaccepted(listener, &error).await,
            },
            () = stop.cancelled() => return None,
        }
    }
}

/// Sends a refused connection the reason, unless too many are being refused.
fn turn_away(stream: Stream, error: ApiError, refusals: &Arc<Semaphore>) {
    if let Ok(place) = Arc::clone(refusals).try_acquire_owned() {
        tokio::spawn(async move {
            refuse(stream, error).await;
            drop(place);
        });
    }
}

/// A connection that broke before it was accepted needs no action; without files or memory only time helps.
async fn unaccepted(listener: &Listener, error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!("{}: {error}", listener.place());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn connection(
    stream: Stream,
    since: Instant,
    site: Site,
    limits: Arc<Connections>,
    (share, queues): (Share, Arc<Queues>),
    stop: CancellationToken,
) {
    let phase = Arc::new(Phase::default());
    let peer = stream.addresses().map(|(_, peer)| peer);
    let watched = Watched::new(stream, since, Arc::clone(&limits), Arc::clone(&phase), Buffers::new(share), queues);
    // What `watch` must see whole, and one read more.
    let buffer = limits.head_bytes + (64 << 10);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        phase.serve();
        let refused = too_large(&request, &limits);
        let patience = Patience::of(&limits);
        let read = Arc::clone(&phase);
        let answer = answer(&site, peer, request, refused, move |body: Incoming| match body.is_end_stream() {
            true => Body::empty(),
            false => WhileSent::body(Timed::body(body, patience), read.read()),
        });
        let phase = Arc::clone(&phase);
        async move {
            let mut response = answer.await;
            match response.extensions().get::<Streamed>() {
                Some(Streamed) => response = response.map(|body| WhileSent::body(body, phase.stream())),
                None => phase.answer(),
            }
            if buffers::outgrown_by(response.headers()) {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut connection = http1::Builder::new().max_buf_size(buffer).serve_connection(TokioIo::new(watched), service);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let watched = connection.into_parts().io.into_inner();
    match (watched.fault(), ended) {
        (Some(error), _) => refuse(watched.into_stream(), error).await,
        (None, Err(error)) => tracing::debug!("a connection ended: {error}"),
        (None, Ok(())) if stop.is_cancelled() => {}
        // The answer left before the end of the request's body; a refusal does, for example.
        (None, Ok(())) => drop(tokio::time::timeout(LINGER, drain(watched.into_stream())).await),
    }
}

/// Reads to the end: closing with unread bytes would take the last answer away from the peer.
async fn drain(mut stream: Stream) -> std::io::Result<()> {
    let mut rest = vec![0; 4 << 10];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Asks the site to admit the request; its body is not read before that.
fn answer<B: FnOnce(Incoming) -> Body>(
    site: &Site,
    peer: Option<SocketAddr>,
    mut request: hyper::Request<Incoming>,
    refused: Option<ApiError>,
    body: B,
) -> impl Future<Output = Response> + Send + use<B> {
    let admitted = match refused {
        Some(error) => Err(error.into_response()),
        None => site.admit(&mut request, peer),
    };
    let next = admitted.map(|admission| (site.routes(&admission).oneshot(request.map(body)), admission));
    async move {
        let (mut response, admission) = match next {
            Ok((served, admission)) => (served.await.unwrap_or_else(|never| match never {}), admission),
            Err(response) => (response, Admission::default()),
        };
        Site::finish(admission, &mut response);
        response
    }
}

/// Measures a head that arrived in one piece.
fn too_large(request: &hyper::Request<Incoming>, limits: &Connections) -> Option<ApiError> {
    let line = size_of_line(request);
    if line > limits.line_bytes {
        return Some(ApiError::line_too_long(limits.line_bytes));
    }
    // hyper counts headers only for HTTP/1. Over HTTP/2 one `cookie` header arrives in several fields.
    if request.version() == hyper::Version::HTTP_2
        && request.headers().len() > MAX_HEADERS
        && request.headers().keys().map(|name| of_name(request, name)).sum::<usize>() > MAX_HEADERS
    {
        return Some(ApiError::too_many_headers());
    }
    (size_of_head(request) > limits.head_bytes).then(|| ApiError::head_too_large(limits.head_bytes))
}

/// Returns the size of the request line as HTTP/1 writes it.
fn size_of_line(request: &hyper::Request<Incoming>) -> usize {
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    request.method().as_str().len() + target + " HTTP/1.1 \r\n".len()
}

fn size_of_head(request: &hyper::Request<Incoming>) -> usize {
    size_of_line(request) + buffers::size_of(request.headers())
}

fn of_name(request: &hyper::Request<Incoming>, name: &hyper::header::HeaderName) -> usize {
    if *name == hyper::header::COOKIE { 1 } else { request.headers().get_all(name).iter().count() }
}

/// Answers with the reason, and closes.
async fn refuse(mut stream: Stream, error: ApiError) {
    let said = async {
        stream.write_all(&error.to_wire()).await?;
        stream.shutdown().await?;
        drain(stream).await
    };
    let _in_time = tokio::time::timeout(LINGER, said).await;
}
