//! Types of settings that have a few words, or two forms.
use clap::ValueEnum;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Place {
    /// An address.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Place {
    /// Whether it is out of reach for other machines.
    pub fn is_private(&self) -> bool {
        match self {
            Place::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Place::Unix(_) => true,
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("a path is missing after unix:".to_owned()),
            Some(path) => Ok(Place::Unix(PathBuf::from(path))),
            None => text.parse().map(Place::Tcp).map_err(|e| format!("{e}: write IP:PORT or unix:PATH")),
        }
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Place, String> {
        text.parse()
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Tcp(address) => write!(f, "http://{address}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Where functions are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum RegistryKind {
    /// In the data folder.
    File,
    /// In a state store of the sidecar.
    Dapr,
}

/// What a list of grants allows that an upload leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum AbsentGrants {
    /// The list's own default; for most lists, everything.
    #[default]
    Open,
    /// Nothing.
    Deny,
}

/// Where functions may fetch from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Outbound {
    /// Public addresses, and hosts that their grants name.
    #[default]
    Public,
    /// Nowhere.
    None,
    /// Every address.
    Any,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_place_is_an_address_or_a_path() {
        assert!("127.0.0.1:1".parse::<Place>().unwrap().is_private());
        assert!("[::ffff:127.0.0.1]:1".parse::<Place>().unwrap().is_private());
        assert!(!"[::]:1".parse::<Place>().unwrap().is_private());
        assert_eq!("unix:/run/a".parse::<Place>().unwrap(), Place::Unix("/run/a".into()));
        for wrong in ["unix:", "localhost:80", "8080", ""] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
