//! The same for gRPC, which is HTTP/2 from the first byte: a place for each connection, and a bound on its streams.
use super::unaccepted;
use crate::config::Connections;
use axum::Router;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Calls at once on one connection; the protocol lets a client wait with more.
const STREAMS: u32 = 1_000;
/// A peer that says nothing this long is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Serves `router` on `listener` until `stop`, and what runs then to its end. What is one connection too many is closed: it
/// has not said yet what it wants, so there is nothing to answer.
pub async fn serve(listener: TcpListener, router: Router, limits: Connections, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.most));
    let connections = TaskTracker::new();
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new()).max_concurrent_streams(STREAMS).keep_alive_interval(KEEP_ALIVE);
    http.max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    unaccepted(&listener, &error).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let _slower = stream.set_nodelay(true);
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (http, service, stop) = (http.clone(), TowerToHyperService::new(router.clone()), stop.clone());
        connections.spawn(async move {
            let connection = http.serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!("a gRPC connection ended: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}
