//! What a function names and this host does not have. It may be added later, so the upload is accepted, with a warning.
//!
//! Must not know: components and their types; the app passes the existing names.
use super::Record;
use crate::blocks::pubsub::Brokers;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names of a kind of component.
type NameSet = BTreeSet<String>;

/// The components of a host without a sidecar.
#[derive(Clone, Default)]
pub struct Known {
    pub stores: NameSet,
    pub configuration: NameSet,
    pub secrets: NameSet,
    /// Input bindings.
    pub inputs: NameSet,
    /// Output bindings.
    pub outputs: NameSet,
    /// Brokers, and the topics that they allow.
    pub brokers: Arc<Brokers>,
    pub app_id: String,
}

impl Known {
    /// A sentence for each name of something that this host does not have.
    pub fn warnings(&self, record: &Record) -> Vec<String> {
        let mut found = Vec::new();
        self.of_exports(record, &mut found);
        self.of_grants(record, &mut found);
        found
    }

    fn of_exports(&self, record: &Record, found: &mut Vec<String>) {
        let exports = &record.exports;
        for (index, subscription) in exports.subscriptions.iter().enumerate() {
            let (pubsub, topic) = (&subscription.pubsub, &subscription.topic);
            if let Err(refused) = self.brokers.may_subscribe(pubsub, topic) {
                found.push(format!("subscriptions[{index}] ({pubsub}/{topic}): no event arrives: {}", refused.message));
            }
            if let Some(dead) = &subscription.dead_letter_topic
                && let Err(refused) = self.brokers.may_publish(&self.app_id, pubsub, dead)
            {
                let message = refused.message;
                found
                    .push(format!("subscriptions[{index}].deadLetterTopic ({pubsub}/{dead}) takes nothing: {message}"));
            }
        }
        for (index, binding) in exports.bindings.iter().enumerate() {
            unless_known(found, &self.inputs, binding, || (format!("bindings[{index}]"), "input binding"));
        }
        for (index, watch) in exports.configuration.iter().enumerate() {
            let place = || (format!("configuration[{index}]"), "configuration store");
            unless_known(found, &self.configuration, &watch.store, place);
        }
    }

    fn of_grants(&self, record: &Record, found: &mut Vec<String>) {
        let grants = &record.grants;
        let listed = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
        let lists = [
            ("stores", "state store", &self.stores, listed(&grants.stores)),
            ("bindings", "output binding", &self.outputs, listed(&grants.bindings)),
            ("secrets", "secret store", &self.secrets, grants.secrets.clone()),
            ("configuration", "configuration store", &self.configuration, listed(&grants.configuration)),
        ];
        for (list, kind, known, entries) in lists {
            for entry in &entries {
                // The part before the slash is the component; a pattern may match something later.
                let name = entry.split('/').next().unwrap_or_default();
                if !name.contains('*') {
                    unless_known(found, known, name, || (format!("grants.{list} has {entry:?}"), kind));
                }
            }
        }
        for entry in listed(&grants.topics) {
            if let Some((pubsub, topic)) = entry.split_once('/').filter(|_| !entry.contains('*'))
                && let Err(refused) = self.brokers.may_publish(&self.app_id, pubsub, topic)
            {
                found.push(format!(
                    "grants.topics has {entry:?}, but nothing can be published there: {}",
                    refused.message
                ));
            }
        }
    }
}

fn unless_known(found: &mut Vec<String>, known: &NameSet, name: &str, place: impl Fn() -> (String, &'static str)) {
    if known.contains(name) {
        return;
    }
    let (place, kind) = place();
    let names = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let have = if names.is_empty() { String::new() } else { format!("; known are {names}") };
    found.push(format!("{place}: there is no {kind} named {name:?}{have}"));
}
