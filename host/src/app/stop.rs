//! When the server stops: at SIGTERM or SIGINT, after a time in which it still serves but reports that it is not ready.
//!
//! An orchestrator takes some seconds to tell every client that a server is going; requests that come meanwhile are
//! answered.
use crate::host::Fatal;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that concern the server.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on. SIGHUP, which a terminal sends when it is closed, no longer ends the process.
    pub(super) fn listen() -> Result<Signals, Fatal> {
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                tracing::info!("SIGHUP is ignored: settings are read at the start; SIGTERM stops the server");
            }
        });
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the signal to stop.
    pub(super) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Waits for `time`, or until a second signal.
    pub(super) async fn drain(&mut self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let ms = time.as_millis();
        tracing::info!(
            "stopping: requests are served for another {ms} ms (setting drain_ms); a second signal ends that"
        );
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.stop() => {}
        }
    }
}
