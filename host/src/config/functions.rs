//! What functions may use and store: the tables `[limits]` and `[quotas]`.
use super::ConfigError;
use super::table::{QuotaSettings, QuotaValues};
use crate::limits::Limits;
use crate::quotas::{Quota, Quotas};
use serde::Deserialize;

/// `[limits]` and `[limits.max]` of the file, as far as it sets them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "toml::Table")]
pub(super) struct LimitSettings {
    defaults: toml::Table,
    max: toml::Table,
}

impl TryFrom<toml::Table> for LimitSettings {
    type Error = String;

    fn try_from(mut defaults: toml::Table) -> Result<LimitSettings, String> {
        let max = match defaults.remove("max") {
            None => toml::Table::new(),
            Some(toml::Value::Table(max)) => max,
            Some(other) => return Err(format!("limits.max is {other}, but must be a table")),
        };
        let settings = LimitSettings { defaults, max };
        filled(Limits::default(), &settings.defaults).map_err(|e| format!("limits: {e}"))?;
        filled(Limits::ceilings(), &settings.max).map_err(|e| format!("limits.max: {e}"))?;
        Ok(settings)
    }
}

/// `limits`, changed by the table.
fn filled(limits: Limits, given: &toml::Table) -> Result<Limits, String> {
    let mut all = toml::Table::try_from(limits).map_err(|e| e.to_string())?;
    all.extend(given.clone());
    all.try_into().map_err(|e| e.to_string())
}

impl LimitSettings {
    /// Defaults and ceilings, changed by the tables.
    pub(super) fn filled(&self) -> Result<(Limits, Limits), String> {
        Ok((filled(Limits::default(), &self.defaults)?, filled(Limits::ceilings(), &self.max)?))
    }

    /// Whether the file sets this default.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.defaults.contains_key(name)
    }
}

/// The defaults of the functions' limits, and their ceilings. A default that the file does not set is lowered to its
/// ceiling.
pub(super) fn limits(given: &LimitSettings) -> Result<(Limits, Limits), ConfigError> {
    let (mut limits, max) = given.filled().map_err(|e| ConfigError::out_of_range("limits", e, "a table of limits"))?;
    for (table, limits) in [("limits", &limits), ("limits.max", &max)] {
        limits.check().map_err(|e| {
            let (name, range) = (format!("{table}.{}", e.name), format!("{} to {}", e.min, e.max));
            ConfigError::out_of_range(name, e.value.to_string(), range)
        })?;
    }
    if let Some((name, value, ceiling)) = limits.above(&max).into_iter().find(|(name, ..)| given.gives(name)) {
        let range = format!("at most limits.max.{name}, which is {ceiling}; raise that, too");
        return Err(ConfigError::out_of_range(format!("limits.{name}"), value.to_string(), range));
    }
    limits.lower_to(&max);
    Ok((limits, max))
}

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
