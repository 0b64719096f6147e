//! The tables `[limits]` and `[limits.max]` of the file: what functions may use.
use super::ConfigError;
use crate::limits::Limits;
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
