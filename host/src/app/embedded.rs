//! What there is without a sidecar alone: the events of the embedded default, and Dapr's own API.
use super::backends::Kept;
use super::{Fatal, bind};
use crate::api::{dapr, grpc};
use crate::capabilities::configuration::ConfigurationStore;
use crate::capabilities::jobs::schedule::Schedule;
use crate::config::{BindingSettings, Config, Connections};
use crate::functions::Registry;
use crate::invoke::Invoker;
use crate::listener;
use crate::triggers::{binding, configuration, job, topic};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What the triggers need.
pub struct Alone {
    /// Where events wait.
    pub kept: Kept,
    /// Where configuration changes.
    pub configuration: Arc<dyn ConfigurationStore>,
    /// Whose events there are.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Ends the tasks.
    pub stop: CancellationToken,
}

impl Alone {
    /// Starts what brings events.
    pub fn start(&self, config: &Config) -> Result<Vec<JoinHandle<()>>, Fatal> {
        let (registry, invoker) = (|| Arc::clone(&self.registry), || self.invoker.clone());
        let (kept, stop) = (self.kept.clone(), || self.stop.clone());
        let mut running = Vec::new();
        for (name, schedule) in crons(config)? {
            let cron =
                binding::embedded::Cron { name, schedule, registry: registry(), invoker: invoker(), stop: stop() };
            running.push(tokio::spawn(cron.run()));
        }
        let jobs = kept.jobs;
        let scheduler = job::embedded::Scheduler { jobs, registry: registry(), invoker: invoker(), stop: stop() };
        running.push(tokio::spawn(scheduler.run()));
        let store = Arc::clone(&self.configuration);
        let changes =
            configuration::embedded::Changes { store, registry: registry(), invoker: invoker(), stop: stop() };
        running.push(tokio::spawn(changes.run()));
        let log = kept.log;
        let deliveries = topic::embedded::Deliveries { log, registry: registry(), invoker: invoker(), stop: stop() };
        running.push(tokio::spawn(deliveries.run()));
        Ok(running)
    }

    /// Serves Dapr's API, by HTTP and gRPC.
    pub async fn serve(
        &self,
        config: &Config,
        context: dapr::Context,
        connections: &Connections,
    ) -> Result<Vec<JoinHandle<()>>, Fatal> {
        let (grpc_listener, http_listener) = (bind(config.dapr_grpc_listen).await?, bind(config.dapr_listen).await?);
        let grpc = grpc::routes(&context);
        let grpc = listener::grpc::serve(grpc_listener, grpc, connections.clone(), self.stop.clone());
        let http = listener::serve(http_listener, dapr::routes(context), connections.clone(), self.stop.clone());
        Ok(vec![tokio::spawn(grpc), tokio::spawn(http)])
    }
}

/// The input bindings that the configuration names.
fn crons(config: &Config) -> Result<Vec<(String, Schedule)>, Fatal> {
    let mut crons = Vec::new();
    for (name, binding) in &config.bindings {
        if let BindingSettings::Cron(schedule) = binding {
            let schedule = Schedule::parse(schedule).map_err(|e| format!("[bindings.{name}] {e}"))?;
            crons.push((name.clone(), schedule));
        }
    }
    Ok(crons)
}
