//! Quotas: how much of each kind may be stored on disk, for one function and for all, and the words that report an excess.
//!
//! Plain data. Who enforces what: `store` messages, jobs, reminders and state; `functions` the rest. A new quota is a field of
//! [`Quotas`], its rows in `config/table.rs`, and a line in `config/quotas.rs` that joins them.
use std::fmt;

/// Every quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Messages that wait for subscribers, bytes.
    pub messages: Quota,
    pub jobs: Quota,
    /// Reminders of actors.
    pub reminders: Quota,
    /// State, bytes; of a function, of a shared space, of the actors of a type.
    pub state: Quota,
    /// Functions; only in all.
    pub functions: Quota,
    /// Snapshots of loaded functions on disk, bytes; that of one function. `snapshot_disk_mb` bounds all of them.
    pub snapshot: Quota,
}

impl Quotas {
    /// No bound, for stores that are not shared by functions.
    pub fn unlimited() -> Quotas {
        let mut quotas = Quotas::default();
        let all = [&mut quotas.messages, &mut quotas.jobs, &mut quotas.reminders, &mut quotas.state];
        for quota in all {
            (quota.function, quota.total) = (u64::MAX, u64::MAX);
        }
        quotas
    }
}

/// One quota: what one function may keep, and what all may keep together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What is kept: a plural noun.
    what: &'static str,
    /// The key of the total in the table `[quotas]`; that of a function's begins with `function_`.
    key: &'static str,
    /// Whether bytes are counted, which settings give in MiB.
    bytes: bool,
    /// Of one function.
    pub function: u64,
    /// Of all.
    pub total: u64,
}

impl Quota {
    /// A quota that counts bytes, from settings in MiB.
    pub fn bytes(what: &'static str, key: &'static str, function_mb: u64, total_mb: u64) -> Quota {
        let bytes = |mb: u64| mb.saturating_mul(1 << 20);
        Quota { what, key, bytes: true, function: bytes(function_mb), total: bytes(total_mb) }
    }

    /// A quota that counts things.
    pub fn count(what: &'static str, key: &'static str, function: u64, total: u64) -> Quota {
        Quota { what, key, bytes: false, function, total }
    }

    /// Whether a function may keep `own` and all together `all`, counted with what is to be added.
    pub fn check(&self, function: &str, own: u64, all: u64) -> Result<(), QuotaExceeded> {
        if own > self.function {
            return Err(self.exceeded(Some(function.to_owned()), self.function, own));
        }
        if all > self.total {
            return Err(self.exceeded(None, self.total, all));
        }
        Ok(())
    }

    fn exceeded(&self, function: Option<String>, limit: u64, actual: u64) -> QuotaExceeded {
        let &Quota { what, key, bytes, .. } = self;
        QuotaExceeded { what, key, bytes, function, limit, actual }
    }
}

/// Something was refused because it would exceed a quota.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct QuotaExceeded {
    what: &'static str,
    key: &'static str,
    bytes: bool,
    /// Whose quota it is; absent for the total.
    pub function: Option<String>,
    pub limit: u64,
    /// What there would be.
    pub actual: u64,
}

impl QuotaExceeded {
    /// The setting's key in the table `[quotas]`.
    pub fn quota(&self) -> String {
        if self.function.is_some() { format!("function_{}", self.key) } else { self.key.to_owned() }
    }

    /// How to change it.
    pub fn setting(&self) -> String {
        let key = self.quota();
        format!("`--quota-{}`, or `{key}` under [quotas] in the configuration file", key.replace('_', "-"))
    }
}

impl fmt::Display for QuotaExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = self.function.as_ref().map_or_else(|| "all functions".to_owned(), |name| format!("{name:?}"));
        let unit = if self.bytes { format!("bytes of {}", self.what) } else { self.what.to_owned() };
        let (key, limit, actual) = (self.quota(), self.limit, self.actual);
        let quota = format!("the quota {key} is {limit}{}", if self.bytes { " bytes" } else { "" });
        write!(f, "{owner} would keep {actual} {unit}; {quota} ({})", self.setting())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_quota_its_value_and_its_setting() {
        let quota = Quota::bytes("messages", "messages_mb", 1, 3);
        assert_eq!(quota.check("f", 1 << 20, 3 << 20), Ok(()));
        let own = quota.check("f", (1 << 20) + 1, 0).map_err(|e| e.to_string());
        assert_eq!(
            own,
            Err("\"f\" would keep 1048577 bytes of messages; the quota function_messages_mb is 1048576 bytes \
                 (`--quota-function-messages-mb`, or `function_messages_mb` under [quotas] in the configuration file)"
                .to_owned())
        );
        let all = quota.check("f", 0, (3 << 20) + 1).map_err(|e| (e.quota(), e.limit, e.function));
        assert_eq!(all, Err(("messages_mb".to_owned(), 3 << 20, None)));
        let jobs = Quotas::default().jobs.check("f", 10_001, 0).map_err(|e| e.to_string());
        assert!(jobs.is_err_and(|e| e.contains("\"f\" would keep 10001 jobs; the quota function_jobs is 10000 (")));
    }
}
