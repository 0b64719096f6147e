//! `GET /metrics`: the observer's counters and the present amounts, as Prometheus' text.
//!
//! Owns: which parts of the server are read at a scrape. Part of management, with the same guards: names of functions and
//! topics are not public. Must not know: how the text is written.
use crate::budget::Budget;
use crate::code::Code;
use crate::functions::Registry;
use crate::http::ApiError;
use crate::invoke::Invoker;
use crate::observer::{Format, Labels, Observer, Readings};
use crate::sandbox::Sandbox;
use crate::snapshot::SnapshotCache;
use crate::store::file::DatabaseFile;
use crate::store::{Backlog, Jobs, Log, StoreError, now_ms};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// A job counts as late when it has been due for longer, ms: one that runs stays due until its outcome is on disk.
const LATE_MS: u64 = 1_000;
/// Late jobs are counted one by one at a scrape, up to this number.
const MOST: usize = 100_000;

/// What is read.
#[derive(Clone)]
pub struct Sources {
    /// What has counted.
    pub observer: Observer,
    /// The workers.
    pub sandbox: Arc<Sandbox>,
    /// What runs.
    pub invoker: Invoker,
    /// Memory of work in flight.
    pub memory: Budget,
    /// Loaded functions.
    pub snapshots: SnapshotCache,
    /// Functions.
    pub registry: Arc<Registry>,
    /// Databases by the names of their files.
    pub databases: Vec<(&'static str, Arc<DatabaseFile>)>,
    /// What waits for subscribers; `None` behind a sidecar.
    pub log: Option<Log>,
    /// (kind, what is to run); empty behind a sidecar.
    pub jobs: Vec<(&'static str, Jobs)>,
}

/// The route.
pub fn routes(sources: Sources) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(sources)
}

async fn metrics(State(sources): State<Sources>, headers: HeaderMap) -> Result<Response, ApiError> {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let format = Format::accepted(accept);
    sources.snapshots.settle().await;
    // Counting reads the database.
    let text = tokio::task::spawn_blocking(move || sources.render(format)).await;
    let text = text.map_err(|e| ApiError::new(Code::InternalError, e.to_string()))??;
    Ok(([(header::CONTENT_TYPE, format.content_type())], text).into_response())
}

impl Sources {
    fn render(&self, format: Format) -> Result<String, ApiError> {
        let mut readings = Readings::default();
        readings.gauges(
            "build_info",
            "The version that runs; the value is always 1",
            [(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0)],
        );
        self.workers(&mut readings);
        self.held(&mut readings);
        self.waiting(&mut readings).map_err(ApiError::from)?;
        self.observer.make_room(|name| self.registry.get(name).is_some());
        self.observer.render(readings, format).map_err(|e| ApiError::new(Code::InternalError, e.to_string()))
    }

    fn workers(&self, readings: &mut Readings) {
        let (metrics, lines) = (self.sandbox.metrics(), self.sandbox.lines());
        readings.gauge("invocations_running", "Invocations that run or wait", self.invoker.running() as f64);
        readings.gauge("workers", "Worker threads of each lane", self.sandbox.workers() as f64);
        let length = lines.iter().map(|line| (label("line", line.name), line.length as f64));
        readings.gauges("queue_length", "Entries that wait for a worker, by line", length);
        let oldest = lines.iter().map(|line| (label("line", line.name), line.oldest.as_secs_f64()));
        readings.gauges("queue_oldest_seconds", "Age of the oldest entry that waits, by line", oldest);
        readings.gauge("queue_limit", "Entries that may wait (setting queue)", self.sandbox.queue_limit() as f64);
        readings.gauge("slots", "Instances of the guest", metrics.slots as f64);
        readings.gauge("parked", "Invocations that wait for operations", metrics.parked as f64);
        readings.counter("slots_retired", "Instances that were thrown away", metrics.retired);
        readings.counter("entries", "Entries into the guest", metrics.entries);
        readings.counter("overruns", "Entries that were too long for the short lane and began again", metrics.overruns);
        readings.counter("page_scans", "Looks at the page table for changed pages", metrics.scans);
        readings.counter("rebinds", "Instances that were bound to another function", metrics.rebinds);
        readings.counter("restores_verified", "Restores whose whole memory was compared", metrics.verified);
    }

    fn held(&self, readings: &mut Readings) {
        let functions = [("live", self.registry.list().len()), ("outOfService", self.registry.damaged().len())];
        let functions = functions.map(|(state, count)| (label("state", state), count as f64));
        readings.gauges("functions", "Functions, by state", functions);
        readings.gauge("memory_limit_bytes", "Memory budget for work in flight", self.memory.limit() as f64);
        readings.gauge("memory_used_bytes", "Memory of work in flight", self.memory.used() as f64);
        readings.counter("memory_refusals", "Refusals of the memory budget", self.memory.refused());
        let snapshots = &self.snapshots;
        readings.gauge("snapshots", "Loaded functions in memory", snapshots.len() as f64);
        let bytes = [("memory", snapshots.bytes()), ("disk", snapshots.disk_bytes())];
        let bytes = bytes.map(|(place, bytes)| (label("place", place), bytes as f64));
        readings.gauges("snapshot_bytes", "Bytes of loaded functions, by place", bytes);
        let lookups = snapshots.lookups();
        let lookups = [("memory", lookups.hits), ("disk", lookups.read), ("made", lookups.made)];
        let lookups = lookups.map(|(result, count)| (label("result", result), count as f64));
        readings.counters("snapshot_lookups", "Where loaded functions were found, or that they were made", lookups);
        let databases = self.databases.iter().map(|(name, file)| (label("database", name), file.bytes() as f64));
        readings.gauges("database_bytes", "Size of the databases' files", databases);
    }

    fn waiting(&self, readings: &mut Readings) -> Result<(), StoreError> {
        let backlogs = self.log.as_ref().map_or_else(|| Ok(Vec::new()), Log::backlogs)?;
        // Streams come and go under random names.
        let of_functions = backlogs.into_iter().filter(|backlog| !Log::is_stream(&backlog.subscriber));
        let labelled = of_functions.map(|Backlog { topic, subscriber, messages }| {
            (vec![("topic", topic), ("function", subscriber)], messages as f64)
        });
        let help = "Messages that wait for a subscription or are being delivered";
        readings.gauges("subscription_backlog", help, labelled);
        let mut late = Vec::new();
        for (kind, jobs) in &self.jobs {
            late.push((label("kind", kind), jobs.late(now_ms().saturating_sub(LATE_MS), MOST)? as f64));
        }
        readings.gauges("jobs_late", "Jobs and reminders that have been due for more than a second", late);
        Ok(())
    }
}

fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}
