//! The end-to-end tests: one binary, HTTP in and HTTP out, against the built server.
//!
//! `cases` runs the data in `tests/cases`; the other modules hold tests that need more than one request and answer.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod abuse;
mod actors;
mod attacks;
mod bulk;
mod bundle;
mod chart;
mod client;
mod configuration;
mod conformance;
mod crashes;
mod dapr;
mod differential;
mod documents;
mod durability;
mod examples;
mod faults;
mod hogs;
mod image;
mod inputs;
mod isolation;
mod jobs;
mod kernel;
mod layers;
mod lifecycle;
mod lines;
mod memory;
mod metrics;
mod nesting;
mod outgoing;
mod overload;
mod parsing;
mod places;
mod quotas;
mod reminders;
mod resources;
mod rest;
mod routing;
mod secrets;
mod sidecar;
mod sites;
mod snapshots;
mod soak;
mod streams;
mod supply;
mod test262;
mod types;
mod uploads;
mod waiting;
mod wpt;
