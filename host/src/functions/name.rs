//! Valid names of functions: a name is a path segment, a state prefix and a consumer group.
use std::fmt;

/// A checked name: 1 to 63 of `a-z`, `0-9` and `-`, not at the ends (as a DNS label), and not reserved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionName(String);

/// First path segments that mean something else to Daplet or to a Dapr sidecar.
pub const RESERVED: &[&str] =
    &["functions", "livez", "readyz", "healthz", "dapr", "job", "configuration", "actors", "metrics"];

/// Why a text is not a function name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty or too long.
    #[error("the function name {0:?} has {1} characters; it must have 1 to 63")]
    Length(String, usize),
    /// A character that is not allowed, or `-` at an end.
    #[error("the function name {0:?} may have only a-z, 0-9 and -, and no - at its ends")]
    Characters(String),
    /// The server itself uses it.
    #[error("the function name {0:?} is reserved; so are {reserved}", reserved = RESERVED.join(", "))]
    Reserved(String),
}

impl FunctionName {
    /// Checks a name.
    pub fn new(name: &str) -> Result<FunctionName, NameError> {
        let length = name.chars().count();
        if !(1..=63).contains(&length) {
            return Err(NameError::Length(name.chars().take(80).collect(), length));
        }
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !name.bytes().all(allowed) || name.starts_with('-') || name.ends_with('-') {
            return Err(NameError::Characters(name.to_owned()));
        }
        if RESERVED.contains(&name) {
            return Err(NameError::Reserved(name.to_owned()));
        }
        Ok(FunctionName(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for FunctionName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels_that_are_not_reserved() {
        for good in ["a", "hello", "a-b-1", "0", &"x".repeat(63)] {
            assert!(FunctionName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a_b", "-a", "a-", "a/b", "é", "..", "functions", "v1.0", &"x".repeat(64)] {
            assert!(FunctionName::new(bad).is_err(), "{bad}");
        }
    }
}
