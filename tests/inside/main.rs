//! The tests that need no process of their own: HTTP in and HTTP out, against hosts in this process, many at once.
//!
//! `cases` runs the data in `tests/cases`; the other modules hold what is no single request and answer. What ends, kills, floods or
//! measures a server is in `tests/e2e`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use daplet_inside::server;

mod actors;
mod blocks;
mod cases;
mod dapr;
mod events;
mod fetch;
mod grants;
mod http;
mod inputs;
mod jobs;
mod lifecycle;
mod metrics;
mod origins;
mod results;
mod secrets;
mod transactions;
mod uploads;
mod workflows;
