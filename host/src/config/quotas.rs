//! The quotas as they can be typed, set and written: `--quota-NAME`, or `NAME` in the table `[quotas]` of the file.
use crate::quotas::Quotas;
use clap::Args;
use serde::Deserialize;

/// What was typed, set or written; defaults stand in [`Quotas`].
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct QuotaSettings {
    /// Messages that wait for the subscriptions of one function, MiB [default: 256]
    #[arg(
        long = "quota-function-messages-mb",
        value_name = "MIB",
        env = "DAPLET_QUOTA_FUNCTION_MESSAGES_MB",
        help_heading = "Quotas"
    )]
    function_messages_mb: Option<u64>,
    /// Messages that wait for all subscriptions, MiB [default: 4096]
    #[arg(long = "quota-messages-mb", value_name = "MIB", env = "DAPLET_QUOTA_MESSAGES_MB", help_heading = "Quotas")]
    messages_mb: Option<u64>,
    /// Jobs of one function [default: 10000]
    #[arg(long = "quota-function-jobs", value_name = "N", env = "DAPLET_QUOTA_FUNCTION_JOBS", help_heading = "Quotas")]
    function_jobs: Option<u64>,
    /// Jobs of all functions [default: 100000]
    #[arg(long = "quota-jobs", value_name = "N", env = "DAPLET_QUOTA_JOBS", help_heading = "Quotas")]
    jobs: Option<u64>,
    /// Reminders of one function's actors [default: 100000]
    #[arg(
        long = "quota-function-reminders",
        value_name = "N",
        env = "DAPLET_QUOTA_FUNCTION_REMINDERS",
        help_heading = "Quotas"
    )]
    function_reminders: Option<u64>,
    /// Reminders of all actors [default: 1000000]
    #[arg(long = "quota-reminders", value_name = "N", env = "DAPLET_QUOTA_REMINDERS", help_heading = "Quotas")]
    reminders: Option<u64>,
    /// State of one function, of one shared space, of the actors of one type, MiB [default: 2048]
    #[arg(
        long = "quota-function-state-mb",
        value_name = "MIB",
        env = "DAPLET_QUOTA_FUNCTION_STATE_MB",
        help_heading = "Quotas"
    )]
    function_state_mb: Option<u64>,
    /// State in all, MiB [default: 16384]
    #[arg(long = "quota-state-mb", value_name = "MIB", env = "DAPLET_QUOTA_STATE_MB", help_heading = "Quotas")]
    state_mb: Option<u64>,
    /// Functions in all [default: 100000]
    #[arg(long = "quota-functions", value_name = "N", env = "DAPLET_QUOTA_FUNCTIONS", help_heading = "Quotas")]
    functions: Option<u64>,
    /// Snapshot of one loaded function, MiB; `snapshot_disk_mb` bounds all of them on disk [default: 112]
    #[arg(
        long = "quota-function-snapshot-mb",
        value_name = "MIB",
        env = "DAPLET_QUOTA_FUNCTION_SNAPSHOT_MB",
        help_heading = "Quotas"
    )]
    function_snapshot_mb: Option<u64>,
}

impl QuotaSettings {
    /// The quotas in force: what was typed before what the file says before the default.
    pub(super) fn in_force(&self, file: &QuotaSettings) -> Quotas {
        let mut quotas = Quotas::default();
        macro_rules! take {
            ($($quota:ident: $function:ident, $total:ident;)*) => {$(
                quotas.$quota.set(self.$function.or(file.$function), self.$total.or(file.$total));
            )*};
        }
        take! {
            messages: function_messages_mb, messages_mb;
            jobs: function_jobs, jobs;
            reminders: function_reminders, reminders;
            state: function_state_mb, state_mb;
        }
        quotas.functions.set(None, self.functions.or(file.functions));
        quotas.snapshot.set(self.function_snapshot_mb.or(file.function_snapshot_mb), None);
        quotas
    }
}
