//! A host at its addresses: the surfaces made of it, each behind the rules of its site.
//!
//! Owns: which surface stands at which address, and on which threads. Must not know: what a surface does.
use super::runtimes::{self, made_on};
use super::sites::{Sites, bind, bind_place};
use super::{Fatal, Host, faults, storage};
use crate::config::Connections;
use crate::http::trust;
use crate::listener::{self, Listener, Terms};
use crate::site::Site;
use crate::surfaces::embedded::Embedded;
use crate::surfaces::management::{configuration, context, functions, health, metrics};
use crate::surfaces::sidecar::SidecarEvents;
use crate::surfaces::{Inside, Surface, bindings, requests};
use axum::Router;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// What a host in safe mode says of itself.
const SAFE_MODE: &str =
    "safe mode: there are no deliveries, jobs, reminders and timers until a start without --safe-mode";

/// The sockets of a host, bound.
pub struct Listeners {
    functions: Listener,
    management: Option<Listener>,
    /// HTTP and gRPC; none behind a sidecar.
    dapr: Option<(Listener, Listener)>,
}

/// The surfaces and addresses of a host while it serves.
pub struct Serving(Vec<JoinHandle<()>>);

impl Serving {
    /// Waits for the end of every task; they end after the host's `stop`.
    pub(super) async fn ended(self) {
        for task in self.0 {
            let _ended = task.await;
        }
    }
}

impl Host {
    /// Binds the addresses that the configuration names.
    pub async fn listen(&self) -> Result<Listeners, Fatal> {
        let (config, on) = (&self.base.config, self.runtimes.handles());
        let dapr = match self.base.blocks.stores {
            Some(_) => {
                let grpc = bind(config.dapr_grpc_listen).await?;
                Some((bind(config.dapr_listen).await?, grpc))
            }
            None => None,
        };
        let management = match config.admin.listen.clone() {
            Some(place) => Some(made_on(&on.management, async move { bind_place(&place).await }).await?),
            None => None,
        };
        let functions = made_on(&on.connections, bind(config.listen)).await?;
        Ok(Listeners { functions, management, dapr })
    }

    /// Serves until [`Host::drain`].
    pub async fn serve(&self, listeners: Listeners) -> Result<Serving, Fatal> {
        let (config, on) = (&self.base.config, self.runtimes.handles());
        let sites = Sites::new(config, Arc::clone(&self.base.registry))?;
        let most = config.connections.most.min(listener::room_for_connections());
        let limits = Arc::new(Connections { most, ..config.connections.clone() });
        let terms = || Terms {
            limits: Arc::clone(&limits),
            memory: self.base.memory.purse(),
            observer: self.invoker.observer().clone(),
            stop: self.base.stop.clone(),
        };
        let mut running = Vec::new();
        if config.safe_mode {
            tracing::warn!("{SAFE_MODE}");
        }
        let (events, inputs) = self.events();
        running.extend(events.tasks.into_iter().map(tokio::spawn));
        if let Some((http, grpc)) = listeners.dapr {
            let (http_api, grpc_api) = self.base.blocks.api(&self.functions, &self.base.shared());
            let (http_site, grpc_site) = sites.dapr(config, http_api, grpc_api);
            running.push(tokio::spawn(listener::grpc::serve(grpc, grpc_site, terms())));
            running.push(tokio::spawn(listener::serve(http, http_site, terms())));
        }
        let mut management = self.management();
        let mut shared = requests::routes(self.requests()).merge(runtimes::on(events.routes, &on.work));
        if let (Some(listener), Some(place)) = (listeners.management, &config.admin.listen) {
            management = management.merge(health::alive()).fallback(functions::elsewhere);
            let site = sites.management(config, place, management);
            running.push(on.management.spawn(listener::serve(listener, site, terms())));
        } else {
            shared = shared.merge(health::alive()).merge(runtimes::on(management, &on.management));
        }
        let site = self.functions_site(&sites, shared, inputs);
        running.push(on.connections.spawn(listener::serve(listeners.functions, site, terms())));
        Ok(Serving(running))
    }

    fn inside(&self) -> Inside {
        Inside {
            registry: Arc::clone(&self.base.registry),
            invoker: self.invoker.clone(),
            production: self.base.config.production,
            stop: self.base.stop.clone(),
        }
    }

    /// What brings events, and the input bindings that a sidecar delivers beside the functions' own paths.
    fn events(&self) -> (Surface, Option<bindings::sidecar::Context>) {
        let (config, inside) = (&self.base.config, &self.inside());
        if let Some(sidecar) = &self.base.sidecar {
            let (max_api_body_bytes, memory) = (config.max_api_body_bytes, self.base.memory.purse());
            return SidecarEvents { inside, sidecar, max_api_body_bytes, memory, safe_mode: config.safe_mode }
                .surface();
        }
        let Some(stores) = self.base.blocks.stores.as_ref().filter(|_| !config.safe_mode) else {
            return Default::default();
        };
        let (components, configuration) = (&*self.base.components, &self.base.blocks.configuration);
        let (turns, app_id) = (&self.turns, config.app_id.as_str());
        (Embedded { inside, components, stores, turns, configuration, app_id }.surface(), None)
    }

    fn requests(&self) -> requests::Context {
        let Inside { registry, invoker, production, .. } = self.inside();
        requests::Context { registry, invoker, max_body_bytes: self.base.config.max_body_bytes, production }
    }

    /// The address of functions, which a sidecar calls too.
    fn functions_site(&self, sites: &Sites, shared: Router, inputs: Option<bindings::sidecar::Context>) -> Site {
        let config = &self.base.config;
        let (mut shared, mut own) = (shared, requests::own_routes(self.requests(), Arc::new(config.names.clone())));
        if let Some(context) = inputs {
            shared = bindings::sidecar::beside(shared, context);
        }
        if config.sidecar.is_some() || config.app_token.is_some() {
            shared = trust::guard(shared, config.app_token.as_deref());
            own = trust::guard(own, config.app_token.as_deref());
        }
        sites.functions(config, shared, own)
    }

    /// What `/metrics` asks.
    fn sources(&self) -> metrics::Sources {
        let (registry, stores) = (&self.base.registry, self.base.blocks.stores.as_ref());
        let state = stores.map(|stores| (storage::STATE, Arc::clone(&stores.file)));
        metrics::Sources {
            observer: self.invoker.observer().clone(),
            sandbox: Arc::clone(&self.sandbox),
            invoker: self.invoker.clone(),
            memory: self.base.memory.clone(),
            snapshots: self.snapshots.clone(),
            registry: Arc::clone(registry),
            databases: registry.file().map(|file| (storage::FUNCTIONS, file)).into_iter().chain(state).collect(),
            log: stores.map(|stores| stores.log.clone()),
            jobs: stores.map_or_else(Vec::new, |stores| {
                vec![("job", stores.jobs.clone()), ("reminder", stores.reminders.clone())]
            }),
        }
    }

    fn management(&self) -> Router {
        let (config, registry) = (&self.base.config, &self.base.registry);
        let faults: health::Faults = Arc::new({
            let (registry, stores) =
                (Arc::clone(registry), self.base.blocks.stores.as_ref().map(|stores| Arc::clone(&stores.file)));
            let (data_dir, safe_mode) = (config.data_dir.clone(), config.safe_mode.then(|| SAFE_MODE.to_owned()));
            move || safe_mode.iter().cloned().chain(faults::of(&registry, stores.as_ref(), &data_dir)).collect()
        });
        let (memory, refuse_invoked) = (self.base.memory.purse(), !config.manage_through_dapr);
        let uploads = context::Context {
            observer: self.invoker.observer().clone(),
            registry: Arc::clone(registry),
            deployer: Arc::clone(&self.deployer),
            limits: config.limits.clone(),
            max_limits: config.max_limits.clone(),
            max_source_bytes: config.max_source_bytes,
            memory: memory.clone(),
            refuse_invoked,
        };
        let health = health::routes(Arc::clone(&self.ready), self.base.sidecar.clone(), Arc::clone(registry), faults);
        let management = health.merge(functions::routes(uploads)).merge(metrics::routes(self.sources()));
        let Some(stores) = &self.base.blocks.stores else { return management };
        let (stores, max_api_body_bytes) = (Arc::new(stores.items.clone()), config.max_api_body_bytes);
        management.merge(configuration::routes(configuration::Context {
            stores,
            max_api_body_bytes,
            memory,
            refuse_invoked,
        }))
    }
}
