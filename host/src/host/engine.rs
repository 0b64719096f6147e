//! The compiled guest: made ahead of time, or started.
use super::Fatal;
use crate::config::{Config, LogFormat};
use crate::sandbox::{Program, Progress, Sandbox, SandboxConfig};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use tokio::runtime::Handle;

/// The guest, compiled from `js-runtime`.
pub(super) const GUEST: &[u8] = include_bytes!(env!("DAPLET_GUEST_WASM"));

/// Fills the cache of the compiled engine.
pub fn compile(cache_dir: &Path) -> Result<(), Fatal> {
    let folder = folder(cache_dir);
    Program::compile(&folder, GUEST, progress)?;
    println!("daplet: the compiled engine is in {}", folder.display());
    Ok(())
}

/// Starts what runs functions. `drivers` runs what drives long invocations.
pub(super) fn start(config: &Config, workers: usize, drivers: &Handle) -> Result<Sandbox, Fatal> {
    let settings = SandboxConfig {
        cache_dir: folder(&config.cache_dir),
        workers,
        queue: config.queue,
        queue_wait: config.queue_wait,
        verify_restore: config.verify_restore,
        drivers: Some(drivers.clone()),
        ..SandboxConfig::default()
    };
    let started = match config.log_format {
        LogFormat::Text => Sandbox::start(settings, GUEST, progress),
        LogFormat::Json => Sandbox::start(settings, GUEST, log_progress),
    };
    Ok(started?)
}

/// A folder of its own, because it is made private.
fn folder(cache_dir: &Path) -> PathBuf {
    cache_dir.join("engine")
}

/// Reports the progress of the start, in lines of the log.
fn log_progress(progress: Progress) {
    match progress {
        Progress::Cached => {}
        Progress::Waiting => tracing::info!("another process compiles the engine; waiting for it"),
        Progress::Compiling { elapsed, .. } if elapsed.as_secs() > 0 => {}
        Progress::Compiling { estimate, .. } => {
            tracing::info!("compiling the engine ahead of time, once on this machine: about {} s", estimate.as_secs());
        }
        Progress::Compiled { took } => tracing::info!("compiled the engine in {:.0} s", took.as_secs_f64()),
    }
}

/// Reports the progress of the start, on one line that is overwritten.
fn progress(progress: Progress) {
    let mut out = std::io::stderr();
    let _no_terminal_no_line = match progress {
        Progress::Cached => Ok(()),
        Progress::Waiting => writeln!(out, "daplet: another process compiles the engine; waiting for it"),
        // Without a terminal a line cannot be written over: one has to do.
        Progress::Compiling { elapsed, .. } if !out.is_terminal() && elapsed.as_secs() > 0 => Ok(()),
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
