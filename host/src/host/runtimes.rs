//! The server's three runtimes, so that no work of tenants delays connections, health or management.
//!
//! Functions themselves run on the sandbox's own threads. Must not know: routes, what a task does.
use super::Fatal;
use crate::code::Code;
use crate::http::ApiError;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// The runtimes. Dropping it ends what still runs on them.
pub(super) struct Runtimes {
    work: Runtime,
    connections: Runtime,
    management: Runtime,
}

/// The ways onto them. Cheap to clone.
#[derive(Clone)]
pub(super) struct Handles {
    /// Accepts connections, parses requests, writes answers. Nothing here computes for a tenant.
    pub connections: Handle,
    /// Health, management, and a listener of their own.
    pub management: Handle,
    /// Tenants' work outside the sandbox: events, Dapr's API, operations of long invocations.
    pub work: Handle,
}

impl Runtimes {
    /// Starts the threads.
    pub fn start() -> Result<Runtimes, Fatal> {
        let threads = |name: &str, count: Option<usize>| {
            let mut builder = Builder::new_multi_thread();
            count.map(|count| builder.worker_threads(count));
            builder.enable_all().thread_name(name).build().map_err(|e| format!("the threads {name}: {e}"))
        };
        Ok(Runtimes {
            work: threads("daplet-work", None)?,
            connections: threads("daplet-net", None)?,
            // A probe must not wait behind an upload.
            management: threads("daplet-manage", Some(2))?,
        })
    }

    /// The ways onto them.
    pub fn handles(&self) -> Handles {
        Handles {
            connections: self.connections.handle().clone(),
            management: self.management.handle().clone(),
            work: self.work.handle().clone(),
        }
    }

    /// Makes what this thread spawns run beside the tenants' work, as long as the guard exists.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.work.enter()
    }

    /// Runs the server to its end, beside the tenants' work.
    pub fn block_on<T>(&self, body: impl Future<Output = T>) -> T {
        self.work.block_on(body)
    }
}

/// Makes a socket on the runtime that waits for it: its events arrive at the runtime that made it.
pub(super) async fn made_on<T: Send + 'static>(
    runtime: &Handle,
    making: impl Future<Output = Result<T, Fatal>> + Send + 'static,
) -> Result<T, Fatal> {
    runtime.spawn(making).await?
}

/// Handles the requests of `router` on another runtime than the one that reads them from the connection.
pub(super) fn on(router: Router, runtime: &Handle) -> Router {
    let runtime = runtime.clone();
    router.layer(from_fn(move |request: Request, next: Next| {
        // A caller that goes away ends it.
        let answer = AbortOnDropHandle::new(runtime.spawn(next.run(request)));
        async move {
            answer.await.unwrap_or_else(|error| {
                tracing::error!("a handler failed: {error}");
                let detail = "the handler of this request failed; the server's log has more";
                ApiError::new(Code::InternalError, detail).into_response()
            })
        }
    }))
}
