//! One line for each change of a function through management: what changed, from which version to which, and who asked.
//!
//! The lines have the log target `daplet::audit`. They never contain values of `env`.
use super::Observer;
use serde_json::Value;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;

/// The log target of these lines.
pub const TARGET: &str = "daplet::audit";

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// A new function.
    Uploaded,
    /// Another version of a function.
    Replaced,
    /// A function is gone.
    Removed,
}

impl Changed {
    fn word(self) -> &'static str {
        match self {
            Changed::Uploaded => "uploaded",
            Changed::Replaced => "replaced",
            Changed::Removed => "removed",
        }
    }
}

/// Who asked for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source {
    /// The other end of the connection; absent for a socket in the file system.
    pub peer: Option<SocketAddr>,
    /// Whether the request showed the operator's token.
    pub operator: bool,
}

/// A change that is on disk.
#[derive(Debug)]
pub struct Change<'a> {
    /// What changed.
    pub what: Changed,
    /// The function.
    pub function: &'a str,
    /// The version before.
    pub old: Option<&'a str>,
    /// The version after.
    pub new: Option<&'a str>,
    /// Grants before and after, as JSON.
    pub grants: (Value, Value),
    /// Who asked for it.
    pub source: Source,
}

impl Observer {
    /// A function was uploaded, replaced or removed.
    pub fn change(&self, change: &Change<'_>) {
        self.0.changes[change.what as usize].fetch_add(1, Relaxed);
        let peer = change.source.peer.map_or_else(|| "local socket".to_owned(), |peer| peer.to_string());
        tracing::info!(
            target: TARGET,
            function = change.function,
            old_version = change.old,
            version = change.new,
            peer,
            operator_token = change.source.operator,
            grants = differences(&change.grants.0, &change.grants.1),
            "{}",
            change.what.word()
        );
    }
}

/// What differs between two sets of grants: `topics: +pubsub/a -pubsub/b; secrets: all -> []`.
fn differences(old: &Value, new: &Value) -> String {
    let mut text = String::new();
    let lists = |value: &Value| value.as_object().map(|lists| lists.keys().cloned().collect::<Vec<_>>());
    let mut names: Vec<String> = [old, new].into_iter().filter_map(lists).flatten().collect();
    names.sort();
    names.dedup();
    for name in names {
        let (before, after) = (old.get(&name).unwrap_or(&Value::Null), new.get(&name).unwrap_or(&Value::Null));
        if before == after {
            continue;
        }
        let separator = if text.is_empty() { "" } else { "; " };
        let _never_fails = match (before.as_array(), after.as_array()) {
            (Some(before), Some(after)) => {
                let only = |in_one: &[Value], sign: char, not_in: &[Value]| {
                    let only = in_one.iter().filter(|entry| !not_in.contains(entry));
                    only.map(|entry| format!(" {sign}{}", entry.as_str().unwrap_or("?"))).collect::<String>()
                };
                let (added, gone) = (only(after, '+', before), only(before, '-', after));
                write!(text, "{separator}{name}:{added}{gone}")
            }
            _ => {
                let show = |value: &Value| if value.is_null() { "default".to_owned() } else { value.to_string() };
                write!(text, "{separator}{name}: {} -> {}", show(before), show(after))
            }
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn grants_that_differ_are_named() {
        let old = json!({"topics": ["a", "b"], "state": null, "invoke": ["x"]});
        let new = json!({"topics": ["b", "c"], "state": ["s"], "invoke": ["x"]});
        assert_eq!(differences(&old, &new), r#"state: default -> ["s"]; topics: +c -a"#);
        assert_eq!(differences(&Value::Null, &json!({"secrets": ["k"]})), r#"secrets: default -> ["k"]"#);
        assert_eq!(differences(&new, &new), "");
    }
}
