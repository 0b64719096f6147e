//! The composition root: names every concrete type and wires them together. Knows no details of any.
use crate::api::{functions, health};
use crate::capabilities::Capabilities;
use crate::capabilities::timer::Timer;
use crate::config::Config;
use crate::functions::{Deployer, Registry};
use crate::invoke::Invoker;
use crate::sandbox::{Progress, Sandbox, SandboxConfig};
use crate::snapshot::{SnapshotCache, SnapshotKey};
use crate::triggers::http;
use axum::Router;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The guest, compiled from `js-runtime`.
const GUEST: &[u8] = include_bytes!(env!("DAPLET_GUEST_WASM"));

/// Whatever ends the program; its message is all that is left to say.
pub type Fatal = Box<dyn std::error::Error + Send + Sync>;

/// Fills the cache of the compiled engine.
pub fn compile(cache_dir: &Path) -> Result<(), Fatal> {
    Sandbox::compile(cache_dir, GUEST, progress)?;
    println!("daplet: the compiled engine is in {}", cache_dir.display());
    Ok(())
}

/// Runs the server until a signal ends it.
pub fn serve(config: Config) -> Result<(), Fatal> {
    let sandbox = Sandbox::start(
        SandboxConfig {
            cache_dir: config.cache_dir.clone(),
            workers: config.workers,
            queue: config.queue,
            verify_restore: config.verify_restore,
            ..SandboxConfig::default()
        },
        GUEST,
        progress,
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(config, Arc::new(sandbox)))
}

async fn run(config: Config, sandbox: Arc<Sandbox>) -> Result<(), Fatal> {
    std::fs::create_dir_all(&config.data_dir).map_err(|e| format!("data folder {}: {e}", config.data_dir.display()))?;
    let registry = Arc::new(Registry::open(&config.data_dir.join("functions.redb"), SnapshotKey::guest(GUEST))?);
    let deployer = Arc::new(Deployer {
        registry: Arc::clone(&registry),
        sandbox: Arc::clone(&sandbox),
        snapshots: SnapshotCache::new(config.snapshot_cache_bytes),
        load_cpu: config.load_cpu,
    });
    let invoker = Invoker::new(Arc::clone(&sandbox), Arc::clone(&deployer));
    invoker.equip(Capabilities::new(vec![Box::new(Timer)]));

    let ready = Arc::new(AtomicBool::new(true));
    let trigger = http::Context {
        registry: Arc::clone(&registry),
        invoker: invoker.clone(),
        max_body_bytes: config.max_body_bytes,
        production: config.production,
        app_api_token: config.app_api_token.as_deref().map(Arc::from),
    };
    let management = functions::Context {
        registry,
        deployer,
        limits: config.limits.clone(),
        max_source_bytes: config.max_source_bytes,
        refuse_invoked: true,
    };
    let router = health::routes(Arc::clone(&ready)).merge(functions::routes(management)).merge(http::routes(trigger));

    let stop = CancellationToken::new();
    let server = tokio::spawn(listen(config.listen, router, stop.clone()).await?);
    println!("daplet: listening on http://{}", config.listen);

    wait_for_signal().await?;
    ready.store(false, Ordering::Relaxed);
    stop.cancel();
    let finished = async {
        let _ended = server.await;
        invoker.finished().await;
    };
    if tokio::time::timeout(config.shutdown_grace, finished).await.is_err() {
        let grace = config.shutdown_grace.as_millis();
        tracing::warn!(
            "{} invocations still ran after {grace} ms (setting shutdown_grace_ms); they are cut off",
            invoker.running()
        );
    }
    Ok(())
}

/// Binds now, serves in the returned future until `stop`.
async fn listen(
    address: std::net::SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> Result<impl Future<Output = std::io::Result<()>>, Fatal> {
    use axum::serve::ListenerExt;
    let listener = TcpListener::bind(address).await.map_err(|e| format!("cannot listen on {address}: {e}"))?;
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for more; a socket that refuses is only slower.
        let _slower = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).into_future())
}

async fn wait_for_signal() -> Result<(), Fatal> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Tells how the start gets along, on one line that is written over.
fn progress(progress: Progress) {
    let mut out = std::io::stderr();
    let _no_terminal_no_line = match progress {
        Progress::Cached => Ok(()),
        Progress::Waiting => writeln!(out, "daplet: another process compiles the engine; waiting for it"),
        Progress::Compiling { elapsed, estimate } => write!(
            out,
            "\rdaplet: compiling the engine ahead of time, once on this machine: {} s of about {} s ",
            elapsed.as_secs(),
            estimate.as_secs()
        ),
        Progress::Compiled { took } => {
            writeln!(out, "\rdaplet: compiled the engine ahead of time in {:.0} s{:40}", took.as_secs_f64(), "")
        }
    };
    let _same = out.flush();
}
