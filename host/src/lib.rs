//! The Daplet host: runs JavaScript functions for Dapr, each request in a fresh WebAssembly sandbox.
//!
//! # Layout
//! A module imports only from lower layers; `tests/e2e/layers.rs` enforces it.
//!
//! ```text
//! L6  app          the program around a host: signals, the log, the end; `main` parses and runs it
//!     host         names every concrete type; built of a configuration, served, drained
//! L5  surfaces     where the outside meets functions: requests, management, topics, jobs, bindings, configuration, actors
//!     listener     connections and their limits · site: which names, pages and tokens an address lets in
//! L3  invoke       one invocation from event to reply · functions: upload, registry · components: what the embedded default has
//! L2  blocks       what a function may ask for; above them Dapr's API over HTTP and gRPC · snapshot: cache of loaded functions
//!     http         what every HTTP side shares: bodies, problems, trust, header pairs
//! L1  sandbox      the only module that names WasmEdge · dapr: the only one that knows the sidecar · store: the database
//! L0  allowance, budget, code, config, headers, limits, observer, origin, outside, private, quotas, telemetry (and the crate `daplet-abi`)
//! ```
pub mod allowance;
pub mod budget;
pub mod code;
pub mod config;
pub mod headers;
pub mod limits;
pub mod observer;
pub mod origin;
pub mod outside;
pub mod private;
pub mod quotas;
pub mod telemetry;

pub mod dapr;
pub mod http;
pub mod sandbox;
pub mod store;

pub mod blocks;
pub mod snapshot;

pub mod components;

pub mod functions;
pub mod invoke;

pub mod listener;
pub mod site;
pub mod surfaces;

pub mod host;

pub mod app;
