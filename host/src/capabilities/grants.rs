//! Grants: what a function may reach, as its upload says.
//!
//! Owns: their form, the words of a refusal. Must not know: what is reached.
use super::error;
use daplet_abi::op::{OpError, codes};
use serde::{Deserialize, Serialize};

/// What a function may reach beyond its own key space. Least privilege where it matters most: shared spaces and secrets are
/// refused unless granted. Of the rest an absent list allows everything, and a list that is there is exact.
///
/// Entries name a thing (`"orders"`), or a thing in a component (`"pubsub/orders"`); a `*` at the end stands for any rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Grants {
    /// Shared state spaces that the function may use: `state(store, { space })`.
    pub spaces: Vec<String>,
    /// Secrets, `store/key`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Keys for encryption and decryption, `key` or `component/key`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// State stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stores: Option<Vec<String>>,
    /// Topics to publish to, `pubsub/topic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topics: Option<Vec<String>>,
    /// App-ids to invoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apps: Option<Vec<String>>,
    /// Types of actors to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actors: Option<Vec<String>>,
    /// Components of workflows and conversations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<String>>,
    /// Output bindings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bindings: Option<Vec<String>>,
    /// Configuration items to read, `store/key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Vec<String>>,
}

/// An entry that can never allow anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{list} has {entry:?}, but an entry is of the form {form:?}, or {any:?} for all")]
pub struct MalformedGrant {
    /// The list.
    pub list: &'static str,
    /// The entry.
    pub entry: String,
    form: &'static str,
    any: &'static str,
}

impl Grants {
    /// Refuses entries that name no component where one is needed: a typing error would otherwise be found only in production.
    pub fn check(&self) -> Result<(), MalformedGrant> {
        let lists = [
            ("secrets", Some(&self.secrets), "store/key", "store/*"),
            ("topics", self.topics.as_ref(), "pubsub/topic", "pubsub/*"),
            ("configuration", self.configuration.as_ref(), "store/key", "store/*"),
        ];
        for (list, entries, form, any) in lists {
            let whole = |entry: &String| entry.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
            if let Some(entry) = entries.into_iter().flatten().find(|entry| !whole(entry)) {
                return Err(MalformedGrant { list, entry: entry.clone(), form, any });
            }
        }
        Ok(())
    }

    /// Whether a secret may be read.
    pub fn has_secret(&self, store: &str, key: &str) -> bool {
        allows(&self.secrets, &format!("{store}/{key}"))
    }

    /// Whether a configuration item may be read.
    pub fn has_configuration(&self, store: &str, key: &str) -> bool {
        self.configuration.as_ref().is_none_or(|granted| allows(granted, &format!("{store}/{key}")))
    }
}

/// Whether a list allows what is wanted.
fn allows(granted: &[String], wanted: &str) -> bool {
    granted.iter().any(|entry| match entry.strip_suffix('*') {
        Some(start) => wanted.starts_with(start),
        None => entry == wanted,
    })
}

/// Refuses what a list that is there does not allow.
pub fn require(function: &str, list: &str, granted: Option<&Vec<String>>, wanted: &str) -> Result<(), OpError> {
    match granted {
        Some(granted) if !allows(granted, wanted) => Err(refused(function, list, wanted)),
        _ => Ok(()),
    }
}

/// The refusal, with the grant to add.
pub fn refused(function: &str, list: &str, wanted: &str) -> OpError {
    let message = format!("{function} holds no grant for {wanted:?}; add it to `grants.{list}` in the upload");
    error(codes::PERMISSION_DENIED, message)
}
