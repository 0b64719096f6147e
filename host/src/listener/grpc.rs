//! Listening for gRPC, which is HTTP/2 from the first byte: a place for each connection, and a bound on its streams.
use super::http2::{self, Kind};
use super::stream::Listener;
use super::{Terms, next};
use crate::site::Site;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Serves `site` on `listener` until it is stopped, and finishes what runs then. A connection beyond the bound is closed
/// without an answer: it has not sent a request yet.
pub async fn serve(listener: Listener, site: Site, terms: Terms) {
    let Terms { limits, memory, stop, .. } = &terms;
    let places = Arc::new(Semaphore::new(limits.most));
    let connections = TaskTracker::new();
    while let Some(stream) = next(&listener, stop).await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            terms.full();
            continue;
        };
        let Ok(share) = memory.take(http2::CONNECTION) else { continue };
        let connection =
            http2::connection(stream, site.clone(), Arc::clone(limits), memory.clone(), stop.clone(), Kind::Grpc);
        connections.spawn(async move {
            connection.await;
            drop((place, share));
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}
