//! What there is without a sidecar alone: the events of the embedded default, and Dapr's own API.
use super::Fatal;
use super::sites::{Sites, bind};
use crate::blocks::Kept;
use crate::blocks::configuration::ConfigurationStore;
use crate::blocks::{grpc, http as dapr};
use crate::budget::Budget;
use crate::components::{Block, Components};
use crate::config::{Config, Connections};
use crate::functions::Registry;
use crate::invoke::Invoker;
use crate::listener;
use crate::store::Jobs;
use crate::surfaces::scheduler::{Scheduler, Work};
use crate::surfaces::{actors, bindings, configuration, jobs, topics};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What the triggers need.
pub struct Alone {
    /// What there is.
    pub components: Arc<Components>,
    /// Where events wait.
    pub kept: Kept,
    /// What runs actors' turns.
    pub turns: actors::embedded::Embedded,
    /// Where configuration changes.
    pub configuration: Arc<dyn ConfigurationStore>,
    /// This host.
    pub app_id: String,
    /// Whose events there are.
    pub registry: Arc<Registry>,
    /// What runs them.
    pub invoker: Invoker,
    /// Ends the tasks.
    pub stop: CancellationToken,
}

impl Alone {
    /// Starts what brings events.
    pub fn start(&self) -> Vec<JoinHandle<()>> {
        let (registry, invoker) = (|| Arc::clone(&self.registry), || self.invoker.clone());
        let (kept, stop) = (self.kept.clone(), || self.stop.clone());
        let mut running = Vec::new();
        for (name, schedule) in self.components.schedules.clone() {
            let (registry, invoker, stop) = (registry(), invoker(), stop());
            running.push(tokio::spawn(bindings::embedded::Cron { name, schedule, registry, invoker, stop }.run()));
        }
        let of_functions = jobs::embedded::FunctionJobs { registry: registry(), invoker: invoker() };
        running.push(tokio::spawn(self.scheduler(&kept.jobs, of_functions).run()));
        let of_actors = actors::reminders::ActorReminders(self.turns.clone());
        running.push(tokio::spawn(self.scheduler(&kept.reminders, of_actors).run()));
        for name in self.components.names(Block::Configuration) {
            let (name, store) = (name.to_owned(), Arc::clone(&self.configuration));
            let (registry, invoker, stop) = (registry(), invoker(), stop());
            let changes = configuration::embedded::Changes { name, store, registry, invoker, stop };
            running.push(tokio::spawn(changes.run()));
        }
        let (log, brokers) = (kept.log, Arc::clone(&self.components.brokers));
        let (app_id, flights) = (self.app_id.clone(), kept.flights);
        let (registry, invoker, stop) = (registry(), invoker(), stop());
        let deliveries = topics::embedded::Deliveries { log, brokers, app_id, flights, registry, invoker, stop };
        running.push(tokio::spawn(deliveries.run()));
        running
    }

    fn scheduler<W: Work>(&self, jobs: &Jobs, work: W) -> Scheduler<W> {
        let (functions, flights) = (self.registry.changes(), self.kept.flights.clone());
        Scheduler { jobs: jobs.clone(), work, functions, flights, stop: self.stop.clone() }
    }

    /// Serves Dapr's API, by HTTP and gRPC.
    pub async fn serve(
        &self,
        config: &Config,
        context: dapr::Context,
        connections: &Connections,
        sites: &Sites,
        memory: &Budget,
    ) -> Result<Vec<JoinHandle<()>>, Fatal> {
        let (grpc_listener, http_listener) = (bind(config.dapr_grpc_listen).await?, bind(config.dapr_listen).await?);
        let grpc = grpc::routes(&context);
        let (http, grpc) = sites.dapr(config, dapr::routes(context), grpc);
        let grpc = listener::grpc::serve(grpc_listener, grpc, connections.clone(), memory.purse(), self.stop.clone());
        let http = listener::serve(http_listener, http, connections.clone(), memory.purse(), self.stop.clone());
        Ok(vec![tokio::spawn(grpc), tokio::spawn(http)])
    }
}
