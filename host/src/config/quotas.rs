//! The quotas in force, from their settings.
use super::table::{QuotaSettings, QuotaValues};
use crate::quotas::{Quota, Quotas};

impl QuotaValues {
    /// Joins the settings of each quota.
    pub(super) fn quotas(&self) -> Quotas {
        Quotas {
            messages: Quota::bytes("messages", "messages_mb", self.function_messages_mb, self.messages_mb),
            jobs: Quota::count("jobs", "jobs", self.function_jobs, self.jobs),
            reminders: Quota::count("reminders", "reminders", self.function_reminders, self.reminders),
            state: Quota::bytes("state", "state_mb", self.function_state_mb, self.state_mb),
            functions: Quota::count("functions", "functions", u64::MAX, self.functions),
            snapshot: Quota::bytes("snapshots", "snapshot_mb", self.function_snapshot_mb, u64::MAX),
        }
    }
}

impl Default for Quotas {
    fn default() -> Quotas {
        QuotaSettings::default().in_force().quotas()
    }
}
