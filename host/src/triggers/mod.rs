//! Triggers: an outside event becomes an event for a function, its reply becomes the outside answer. One folder each; `scheduler` is
//! what runs jobs and reminders when they are due.
pub mod actor;
pub mod binding;
pub mod configuration;
pub mod http;
pub mod job;
pub mod places;
pub mod scheduler;
pub mod topic;
