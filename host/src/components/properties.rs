//! A component's settings: its metadata with secrets, variables and Dapr's placeholders filled in.
use super::manifest::{Declared, Given};
use crate::blocks::secrets::embedded::Secrets;
use std::collections::BTreeMap;

/// Names and values. Has no `Debug`: a value may be a secret.
#[derive(Default)]
pub struct Properties(Vec<(String, String)>);

/// What values may refer to.
pub struct Known<'a> {
    pub secrets: &'a BTreeMap<String, Secrets>,
    /// The environment variables that components may read.
    pub environment: &'a BTreeMap<String, String>,
    /// This host's app-id.
    pub app_id: &'a str,
}

impl Properties {
    /// Fills in what the metadata refers to.
    pub fn resolve(declared: &Declared, known: &Known<'_>) -> Result<Properties, String> {
        let value = |given: &Given| match given {
            Given::Text(text) => known.filled(text),
            Given::Variable(variable) => known.variable(variable),
            Given::Secret { name, key } => known.secret(declared.secret_store.as_deref(), name, key),
        };
        let value = |(name, given): &(String, Given)| match value(given) {
            Ok(value) => Ok((name.clone(), value)),
            Err(reason) => Err(format!("spec.metadata, {name}: {reason}")),
        };
        declared.items.iter().map(value).collect::<Result<_, _>>().map(Properties)
    }

    /// A value that is not empty. As in Dapr the case of a name does not matter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A required value.
    pub fn required(&self, name: &str) -> Result<&str, String> {
        self.get(name).ok_or_else(|| format!("spec.metadata has no {name}"))
    }
}

impl Known<'_> {
    fn filled(&self, text: &str) -> Result<String, String> {
        if text.contains("{podName}") {
            return Err("{podName} is known only behind a Dapr sidecar in Kubernetes".to_owned());
        }
        let namespace = self.environment.get("NAMESPACE").map_or("", String::as_str);
        let mut text =
            text.replace("{namespace}", &format!("{namespace}.{}", self.app_id)).replace("{appID}", self.app_id);
        while text.contains("{uuid}") {
            text = text.replacen("{uuid}", &uuid::Uuid::new_v4().to_string(), 1);
        }
        Ok(text)
    }

    fn variable(&self, name: &str) -> Result<String, String> {
        let absent = || format!("the environment has no {name} that a component may read (envRef)");
        self.environment.get(name).cloned().ok_or_else(absent)
    }

    fn secret(&self, store: Option<&str>, name: &str, key: &str) -> Result<String, String> {
        let store = store.ok_or("there is a secretKeyRef, but no auth.secretStore")?;
        let secrets = self.secrets.get(store).ok_or_else(|| {
            let there: Vec<&str> = self.secrets.keys().map(String::as_str).collect();
            format!("auth.secretStore is {store:?}, but no such secret store exists; existing: {}", there.join(", "))
        })?;
        let found = secrets.get(name).and_then(|mut values| values.remove(key)).filter(|value| !value.is_empty());
        found.ok_or_else(|| format!("the secret store {store} has no secret {name:?} with the key {key:?}"))
    }
}
