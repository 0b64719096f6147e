//! Input bindings of the configuration: schedules that send what Dapr's `bindings.cron` sends. A failed run is not
//! retried, nor is one that was due while the server was down; jobs are for what must happen.
use super::{deliver, receivers};
use crate::blocks::jobs::schedule::Schedule;
use crate::functions::Registry;
use crate::invoke::Invoker;
use crate::origin::Origin;
use crate::store::now_ms;
use serde_json::{Map, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest sleep: a clock that jumps is noticed within it.
const LOOK: Duration = Duration::from_secs(5);

/// One binding that comes by a schedule.
pub struct Cron {
    pub name: String,
    /// When.
    pub schedule: Schedule,
    /// Who declares it.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Cron {
    /// Runs until stopped, or until the schedule ends.
    pub async fn run(self) {
        let (shared, tasks) = (Arc::new(self), TaskTracker::new());
        let mut due = shared.schedule.next(now_ms());
        while let Some(at) = due {
            let left = Duration::from_millis(at.saturating_sub(now_ms()));
            tokio::select! {
                () = tokio::time::sleep(left.min(LOOK)) => {}
                () = shared.stop.cancelled() => break,
            }
            if now_ms() >= at {
                tasks.spawn(Arc::clone(&shared).fire());
                due = shared.schedule.next(now_ms());
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    async fn fire(self: Arc<Self>) {
        let functions = receivers(&self.registry, &self.name);
        let mut event = Map::new();
        event.insert("name".to_owned(), json!(self.name));
        event.insert("data".to_owned(), json!(null));
        let metadata = json!({"timezone": "UTC", "readtimeutc": jiff::Timestamp::now().to_string()});
        event.insert("metadata".to_owned(), metadata);
        if let Err(error) = deliver(&self.invoker, &functions, &event, Origin::root()).await {
            tracing::warn!("the binding {}: {error}", self.name);
        }
    }
}
