//! Events of the embedded default: messages, jobs, reminders, schedules, changes of the configuration.
use super::scheduler::{Scheduler, Work};
use super::{Inside, Surface, actors, bindings, configuration, jobs, topics};
use crate::blocks::configuration::ConfigurationStore;
use crate::blocks::stores::Stores;
use crate::components::{Block, Components};
use crate::store::Jobs;
use std::sync::Arc;

/// What the surface is made of.
pub struct Embedded<'a> {
    /// The host.
    pub inside: &'a Inside,
    /// Its components.
    pub components: &'a Components,
    /// Where events wait.
    pub stores: &'a Stores,
    /// What runs actors' turns.
    pub turns: &'a actors::embedded::Embedded,
    /// Where configuration changes.
    pub configuration: &'a Arc<dyn ConfigurationStore>,
    /// The host's app-id.
    pub app_id: &'a str,
}

impl Embedded<'_> {
    /// Everything that brings events.
    pub fn surface(&self) -> Surface {
        let Inside { registry, invoker, stop, .. } = self.inside;
        let (registry, invoker, stop) = (|| Arc::clone(registry), || invoker.clone(), || stop.clone());
        let mut surface = Surface::default();
        for (name, schedule) in self.components.schedules.clone() {
            let (registry, invoker, stop) = (registry(), invoker(), stop());
            surface = surface.doing(bindings::embedded::Cron { name, schedule, registry, invoker, stop }.run());
        }
        for name in self.components.names(Block::Configuration) {
            let (name, store) = (name.to_owned(), Arc::clone(self.configuration));
            let (registry, invoker, stop) = (registry(), invoker(), stop());
            surface = surface.doing(configuration::embedded::Changes { name, store, registry, invoker, stop }.run());
        }
        let of_functions = jobs::embedded::FunctionJobs { registry: registry(), invoker: invoker() };
        let of_actors = actors::reminders::ActorReminders(self.turns.clone());
        let (log, flights, brokers) =
            (self.stores.log.clone(), self.stores.flights.clone(), Arc::clone(&self.components.brokers));
        let (app_id, registry, invoker, stop) = (self.app_id.to_owned(), registry(), invoker(), stop());
        let deliveries = topics::deliveries::Deliveries { log, brokers, app_id, flights, registry, invoker, stop };
        surface
            .doing(self.scheduler(&self.stores.jobs, of_functions).run())
            .doing(self.scheduler(&self.stores.reminders, of_actors).run())
            .doing(deliveries.run())
    }

    fn scheduler<W: Work>(&self, jobs: &Jobs, work: W) -> Scheduler<W> {
        let Inside { registry, stop, .. } = self.inside;
        let (functions, flights) = (registry.changes(), self.stores.flights.clone());
        Scheduler { jobs: jobs.clone(), work, functions, flights, stop: stop.clone() }
    }
}
