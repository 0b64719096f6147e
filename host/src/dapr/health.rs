//! Whether the sidecar is there: asked twice a second, so that nothing waits long for one that is dead, hangs or comes late.
//!
//! `/v1.0/healthz/outbound` tells of the sidecar alone; `/v1.0/healthz` would also tell of the application, which is this host.
use super::{Answer, Sidecar};
use hyper::Method;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two questions.
const EVERY: Duration = Duration::from_millis(500);
/// For an answer. With the pause before it, a call learns within two seconds that the sidecar is gone.
const PATIENCE: Duration = Duration::from_millis(1_400);

/// What is known of the sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It was not asked yet.
    Unknown,
    /// It answers, and its components are there.
    Ready,
    /// It answers, but is not ready; its status.
    Starting(u16),
    /// It does not answer; why.
    Absent(String),
}

/// What all clones of a client know of the sidecar.
#[derive(Clone)]
pub struct Pulse {
    health: Arc<watch::Sender<Health>>,
    starts: Arc<watch::Sender<u64>>,
}

impl Default for Pulse {
    fn default() -> Pulse {
        let (health, starts) = (watch::Sender::new(Health::Unknown), watch::Sender::new(0));
        Pulse { health: Arc::new(health), starts: Arc::new(starts) }
    }
}

impl Pulse {
    /// The latest.
    pub fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// Ends when the sidecar is absent, with the reason.
    pub async fn absent(&self) -> String {
        let mut health = self.health.subscribe();
        loop {
            if let Health::Absent(reason) = &*health.borrow_and_update() {
                return reason.clone();
            }
            // The sender lives in `self`.
            let _changed = health.changed().await;
        }
    }
}

impl Sidecar {
    /// It may be another process now: it came to be ready, or called what it calls at its start, which is seen however soon it is back.
    pub fn has_started(&self) {
        self.pulse.starts.send_modify(|starts| *starts += 1);
    }

    /// How often it may have started: what it was told before it may have forgotten.
    pub fn starts(&self) -> watch::Receiver<u64> {
        self.pulse.starts.subscribe()
    }

    /// Asks for ever.
    pub async fn watch(self) {
        loop {
            let seen = self.ask().await;
            let before = self.pulse.health.send_replace(seen.clone());
            if seen == Health::Ready && before != seen {
                self.has_started();
            }
            match (&before, &seen) {
                (_, _) if before == seen => {}
                (Health::Absent(_), Health::Absent(_)) => {}
                (_, Health::Absent(reason)) => {
                    tracing::warn!("the Dapr sidecar at {} does not answer: {reason}; trying again", self.base);
                }
                (_, Health::Starting(status)) => {
                    tracing::info!("the Dapr sidecar at {} is not ready yet (status {status})", self.base);
                }
                _ => tracing::info!("the Dapr sidecar at {} is ready", self.base),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn ask(&self) -> Health {
        let call = self.http.send(self.request(Method::GET, "/v1.0/healthz/outbound", None));
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(Ok(Answer { status: 200..300, .. }))) => Health::Ready,
            Ok(Ok(Ok(answer))) => Health::Starting(answer.status),
            Ok(Ok(Err(reason))) => Health::Absent(reason),
            Ok(Err(error)) => Health::Absent(error.to_string()),
            Err(_late) => Health::Absent(format!("no answer within {} ms", PATIENCE.as_millis())),
        }
    }
}
