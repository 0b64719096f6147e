//! Grants: what a function may reach, as its upload says.
//!
//! Owns: their form, the words of a refusal. Must not know: what is reached.
use super::hosts::{HostPattern, Named, host_of, named};
use crate::code::{Code, OpError};
use crate::config::AbsentGrants;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a function may reach beyond its own key space. Least privilege where it matters most: shared spaces, secrets, keys and
/// foreign locks are refused unless granted. Of the rest an absent list allows everything, unless the operator says `--grants deny`
/// ([`Grants::in_force`]); a list that is there is exact.
///
/// An entry names a thing (`"orders"`), or a thing in a component (`"pubsub/orders"`). A `*` at the end stands for any rest of the
/// thing's name; it never reaches over the slash after a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Grants {
    /// Shared state spaces that the function may use: `state(store, { space })`.
    pub spaces: Vec<String>,
    /// Secrets, `store/key`; `store/key@host` one that may only be sent to that host, without being read.
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
    /// Topics to subscribe to, `pubsub/topic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<Vec<String>>,
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
    /// Locks, `resource` in any store or `store/resource`; absent: those of the function's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locks: Option<Vec<String>>,
    /// Input bindings whose events the function may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// Hosts to fetch from ([`super::hosts`]); absent: every host at a public address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
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
    /// What holds where the operator decides what an absent list means.
    pub fn in_force(&self, absent: AbsentGrants) -> Grants {
        let mut grants = self.clone();
        if absent == AbsentGrants::Deny {
            for list in grants.optional() {
                list.get_or_insert_default();
            }
        }
        grants
    }

    /// Every list that may allow something when it is absent. Names all fields, so that none is forgotten.
    fn optional(&mut self) -> [&mut Option<Vec<String>>; 11] {
        let Grants {
            spaces: _,
            secrets: _,
            keys: _,
            stores,
            topics,
            subscribe,
            apps,
            actors,
            components,
            bindings,
            configuration,
            locks,
            inputs,
            hosts,
        } = self;
        [stores, topics, subscribe, apps, actors, components, bindings, configuration, locks, inputs, hosts]
    }

    /// Refuses entries that name no component where one is needed: a typing error would otherwise be found only in production.
    pub fn check(&self) -> Result<(), MalformedGrant> {
        let lists = [
            ("secrets", Some(&self.secrets), "store/key", "store/*"),
            ("topics", self.topics.as_ref(), "pubsub/topic", "pubsub/*"),
            ("subscribe", self.subscribe.as_ref(), "pubsub/topic", "pubsub/*"),
            ("configuration", self.configuration.as_ref(), "store/key", "store/*"),
        ];
        // No component is named by a pattern: such an entry would match nothing.
        let partly = [("keys", Some(&self.keys)), ("locks", self.locks.as_ref())];
        for (list, entries) in partly {
            let unnamed = |entry: &&String| entry.split_once('/').is_some_and(|(a, b)| a.is_empty() || b.is_empty());
            if let Some(entry) = entries.into_iter().flatten().find(|entry| entry.is_empty() || unnamed(entry)) {
                let (form, any) = ("name or component/name", "component/*");
                return Err(MalformedGrant { list, entry: entry.clone(), form, any });
            }
        }
        if let Some(entry) = self.hosts.iter().flatten().find(|entry| HostPattern::parse(entry).is_none()) {
            let (list, form, any) = ("hosts", "host, *.domain or host:port", "*");
            return Err(MalformedGrant { list, entry: entry.clone(), form, any });
        }
        for (list, entries, form, any) in lists {
            let whole = |entry: &String| {
                entry.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !a.contains('*') && !b.is_empty())
            };
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

    /// Whether a secret may be sent to the host of a URL. Without a port in the entry only by https.
    pub fn has_secret_for(&self, store: &str, key: &str, url: &Url) -> bool {
        let (Some(host), Some(port)) = (host_of(url), url.port_or_known_default()) else { return false };
        self.secrets.iter().filter_map(|entry| entry.rsplit_once('@')).any(|(secret, place)| {
            let plain = place.strip_prefix('*').is_some_and(|rest| !rest.starts_with('.'));
            let pattern =
                HostPattern::parse(place).filter(|pattern| !plain && (url.scheme() == "https" || pattern.has_port()));
            let there = pattern.is_some_and(|pattern| named(&[pattern], host, port) > Named::Not);
            there && allows(&[secret.to_owned()], &format!("{store}/{key}"))
        })
    }

    /// Whether a configuration item may be read.
    pub fn has_configuration(&self, store: &str, key: &str) -> bool {
        self.configuration.as_ref().is_none_or(|granted| allows(granted, &format!("{store}/{key}")))
    }

    /// Whether events of an input binding may be taken.
    pub fn has_input(&self, binding: &str) -> bool {
        self.inputs.as_ref().is_none_or(|granted| allows(granted, binding))
    }
}

/// Whether a list allows what is wanted.
fn allows(granted: &[String], wanted: &str) -> bool {
    granted.iter().any(|entry| match entry.strip_suffix('*') {
        Some("") => true,
        // The rest of a name without its component is not another component's name.
        Some(start) => wanted.strip_prefix(start).is_some_and(|rest| start.contains('/') || !rest.contains('/')),
        None => entry == wanted,
    })
}

/// Whether a list allows a thing of a component, whose entries name the thing in any component (`name`) or in one
/// (`component/name`). A name that has a slash itself is granted only with its component.
pub fn allows_in(granted: &[String], component: &str, name: &str) -> bool {
    let of = |entry: &str, wanted: &str| match entry.strip_suffix('*') {
        Some(start) => wanted.starts_with(start),
        None => entry == wanted,
    };
    granted.iter().any(|entry| match entry.split_once('/') {
        Some((own, rest)) => own == component && of(rest, name),
        None => entry == "*" || (of(entry, name) && !name.contains('/')),
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
    OpError { code: Code::PermissionDenied, message, details: Value::Null }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn a_pattern_stays_in_its_component() {
        for (entry, wanted, granted) in [
            ("pubsub/*", "pubsub/a/b", true),
            ("pubsub/or*", "pubsub/orders", true),
            ("pubsub/or*", "pubsub2/orders", false),
            ("pub*", "pubsub/orders", false),
            ("shop*", "shop-2", true),
            ("*", "anything", true),
            ("a", "ab", false),
        ] {
            assert_eq!(allows(&list(&[entry]), wanted), granted, "{entry} {wanted}");
        }
    }

    #[test]
    fn a_secret_leaves_only_for_its_host() {
        let grants = Grants {
            secrets: list(&["s/read", "s/sent@api.example", "s/p*@*.example:8080", "s/any@*"]),
            ..Grants::default()
        };
        for (key, url, granted) in [
            ("sent", "https://api.example/x", true),
            ("sent", "https://API.example.:8443/", true),
            ("sent", "http://api.example/", false),
            ("sent", "https://evil.example/", false),
            ("sent", "https://api.example@evil.example/", false),
            ("pin", "http://a.example:8080/", true),
            ("pin", "http://a.example/", false),
            ("read", "https://api.example/", false),
            ("any", "https://api.example/", false),
        ] {
            assert_eq!(grants.has_secret_for("s", key, &url.parse().unwrap()), granted, "{key} {url}");
        }
        assert!(grants.has_secret("s", "read") && !grants.has_secret("s", "sent") && !grants.has_secret("s", "pin"));
    }

    #[test]
    fn keys_are_of_a_component() {
        for (entry, (component, key), granted) in [
            ("c*", ("cryptostore", "customer-a"), true),
            ("c*", ("cryptostore", "bank"), false),
            ("c*", ("cryptostore", "c/bank"), false),
            ("bank", ("cryptostore", "bank"), true),
            ("bank", ("other", "bank"), true),
            ("cryptostore/*", ("cryptostore", "bank"), true),
            ("cryptostore/b*", ("cryptostore", "bank"), true),
            ("cryptostore/b*", ("cryptostore2", "bank"), false),
            ("crypto*/bank", ("cryptostore", "bank"), false),
            ("cryptostore/bank", ("other", "cryptostore/bank"), false),
            ("a/b/*", ("a", "b/c"), true),
            ("*", ("any", "key"), true),
        ] {
            assert_eq!(allows_in(&list(&[entry]), component, key), granted, "{entry} {component} {key}");
        }
    }

    #[test]
    fn denied_means_that_absent_lists_allow_nothing() {
        let open = Grants { topics: Some(list(&["pubsub/a"])), ..Grants::default() };
        assert_eq!(open.in_force(AbsentGrants::Open), open);
        let denied = open.in_force(AbsentGrants::Deny);
        assert_eq!(denied.topics, open.topics);
        let nothing = Some(Vec::new());
        assert_eq!(
            (&denied.stores, &denied.apps, &denied.locks, &denied.inputs),
            (&nothing, &nothing, &nothing, &nothing)
        );
        assert!(!denied.has_configuration("s", "k") && !denied.has_input("ticks"));
    }

    #[test]
    fn entries_that_match_nothing_are_refused() {
        for (grants, list) in [
            (Grants { keys: list(&["/x"]), ..Grants::default() }, "keys"),
            (Grants { locks: Some(list(&[""])), ..Grants::default() }, "locks"),
            (Grants { locks: Some(list(&["lockstore/"])), ..Grants::default() }, "locks"),
            (Grants { topics: Some(list(&["pub*/orders"])), ..Grants::default() }, "topics"),
            (Grants { secrets: list(&["orders"]), ..Grants::default() }, "secrets"),
            (Grants { hosts: Some(list(&["a.example", "http://b.example"])), ..Grants::default() }, "hosts"),
        ] {
            assert!(grants.check().is_err_and(|e| e.list == list), "{grants:?}");
        }
        let fine =
            Grants { keys: list(&["a", "c/a*"]), locks: Some(list(&["door", "lockstore/*"])), ..Grants::default() };
        assert_eq!(fine.check(), Ok(()));
    }
}
