//! Which version must be live for a change to be made, so that a client does not overwrite what it has not seen (RFC
//! 9110 §13.1).
use std::fmt;

/// Versions that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Any live version.
    Any,
    /// One of these.
    OneOf(Vec<String>),
}

impl Versions {
    /// Whether the live version is among them; false if there is none.
    pub fn have(&self, live: Option<&str>) -> bool {
        match (self, live) {
            (_, None) => false,
            (Versions::Any, Some(_)) => true,
            (Versions::OneOf(list), Some(live)) => list.iter().any(|version| version == live),
        }
    }
}

/// A condition of an upload or a removal. The default always holds.
#[derive(Clone, Debug, Default)]
pub struct Precondition {
    /// The live version must be one of these.
    pub matches: Option<Versions>,
    /// The live version must not be one of these; ignored if `matches` is given.
    pub matches_none: Option<Versions>,
}

/// A failed condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Whether `matches` failed, and not `matches_none`.
    pub wanted: bool,
    /// The version that is live.
    pub live: Option<String>,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.live {
            None => write!(f, "there is no live version"),
            Some(live) => write!(f, "the live version is \"{live}\""),
        }
    }
}

impl Precondition {
    /// Whether the condition holds for the live version.
    pub fn check(&self, live: Option<&str>) -> Result<(), Unmet> {
        let unmet = |wanted| Err(Unmet { wanted, live: live.map(str::to_owned) });
        match (&self.matches, &self.matches_none) {
            (Some(wanted), _) => {
                if wanted.have(live) {
                    Ok(())
                } else {
                    unmet(true)
                }
            }
            (None, Some(unwanted)) if unwanted.have(live) => unmet(false),
            _ => Ok(()),
        }
    }
}
