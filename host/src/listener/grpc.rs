//! Listening for gRPC, which is HTTP/2 from the first byte: a place for each connection, and a bound on its streams.
use super::http2::{self, Kind};
use super::stream::Listener;
use super::unaccepted;
use crate::budget::Purse;
use crate::config::Connections;
use crate::site::Site;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Serves `site` on `listener` until `stop`, and finishes what runs then. A connection beyond the bound is closed
/// without an answer: it has not sent a request yet.
pub async fn serve(listener: Listener, site: Site, limits: Connections, memory: Purse, stop: CancellationToken) {
    let (places, limits) = (Arc::new(Semaphore::new(limits.most)), Arc::new(limits));
    let connections = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    unaccepted(&listener, &error).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let Ok(share) = memory.take(http2::CONNECTION) else { continue };
        let connection =
            http2::connection(stream, site.clone(), Arc::clone(&limits), memory.clone(), stop.clone(), Kind::Grpc);
        connections.spawn(async move {
            connection.await;
            drop((place, share));
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}
