//! Which topics of a broker may be used: Dapr's `allowedTopics`, `protectedTopics`, `publishingScopes` and `subscriptionScopes`.
use crate::blocks::call::{error, no_component};
use crate::code::{Code, OpError};
use std::collections::BTreeMap;

/// What one broker lets this host do. Without any of it, everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    allowed: Vec<String>,
    protected: Vec<String>,
    publishing: Vec<String>,
    subscription: Vec<String>,
}

/// The brokers of the embedded default by their names.
#[derive(Clone, Debug, Default)]
pub struct Brokers(pub BTreeMap<String, Scopes>);

/// `a, b`. An empty text between commas is a topic without a name, as for Dapr: it allows nothing, but is not no list.
fn topics(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}

/// What `app=a,b;other=c` grants to an application.
fn scoped(list: &str, app_id: &str) -> Vec<String> {
    let parts = list.split(';').filter_map(|entry| entry.split_once('='));
    parts.filter(|(app, _)| *app == app_id).flat_map(|(_, list)| topics(list)).collect()
}

impl Scopes {
    /// From a component's metadata, for this application.
    pub fn new<'a>(metadata: impl Fn(&str) -> Option<&'a str>, app_id: &str) -> Scopes {
        let text = |name| metadata(name).unwrap_or_default().replace(' ', "");
        let list = |name| Some(text(name)).filter(|list| !list.is_empty()).map_or_else(Vec::new, |list| topics(&list));
        Scopes {
            allowed: list("allowedTopics"),
            protected: list("protectedTopics"),
            publishing: scoped(&text("publishingScopes"), app_id),
            subscription: scoped(&text("subscriptionScopes"), app_id),
        }
    }

    fn allows(&self, scoped: &[String], topic: &str) -> bool {
        let has = |list: &[String]| list.iter().any(|entry| entry == topic);
        if !self.allowed.is_empty() && !has(&self.allowed) {
            return false;
        }
        (scoped.is_empty() && !has(&self.protected)) || has(scoped)
    }
}

impl Brokers {
    fn get(&self, pubsub: &str) -> Result<&Scopes, OpError> {
        let absent = || no_component(Code::PubsubNotFound, &format!("pubsub {pubsub} is"), self.0.keys());
        self.0.get(pubsub).ok_or_else(absent)
    }

    /// Refuses an unknown broker, and a topic that this host may not publish to.
    pub fn may_publish(&self, app_id: &str, pubsub: &str, topic: &str) -> Result<(), OpError> {
        let scopes = self.get(pubsub)?;
        if scopes.allows(&scopes.publishing, topic) {
            return Ok(());
        }
        Err(error(Code::PubsubForbidden, format!("topic {topic} is not allowed for app id {app_id}")))
    }

    /// The same of subscriptions.
    pub fn may_subscribe(&self, pubsub: &str, topic: &str) -> Result<(), OpError> {
        let scopes = self.get(pubsub)?;
        if scopes.allows(&scopes.subscription, topic) {
            return Ok(());
        }
        Err(error(
            Code::PubsubForbidden,
            format!("subscription to topic '{topic}' on pubsub '{pubsub}' is not allowed"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_allowed_as_dapr_allows_them() {
        let allowed = |metadata: &[(&str, &'static str)], topic: &str| {
            let find = |name: &str| metadata.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
            let brokers = Brokers([("ps".to_owned(), Scopes::new(find, "me"))].into());
            (brokers.may_publish("me", "ps", topic).is_ok(), brokers.may_subscribe("ps", topic).is_ok())
        };
        assert_eq!(allowed(&[], "a"), (true, true));
        assert_eq!(allowed(&[("allowedTopics", "a, b")], "b"), (true, true));
        assert_eq!(allowed(&[("allowedTopics", "a,b")], "c"), (false, false));
        assert_eq!(allowed(&[("protectedTopics", "a")], "a"), (false, false));
        assert_eq!(allowed(&[("protectedTopics", "a")], "b"), (true, true));
        let scopes = [("protectedTopics", "a"), ("publishingScopes", "me=a;you=b")];
        assert_eq!(allowed(&scopes, "a"), (true, false));
        assert_eq!(allowed(&scopes, "b"), (false, true));
        assert_eq!(allowed(&[("subscriptionScopes", "me=")], "a"), (true, false));
        assert_eq!(allowed(&[("subscriptionScopes", "you=b")], "a"), (true, true));
        assert_eq!(allowed(&[("allowedTopics", "b"), ("publishingScopes", "me=a")], "a"), (false, false));
        let absent = Brokers::default().may_publish("me", "ps", "a");
        assert!(absent.is_err_and(|e| e.code == Code::PubsubNotFound && e.message.contains("there is none")));
    }
}
