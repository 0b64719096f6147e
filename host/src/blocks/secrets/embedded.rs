//! Secrets of the embedded default: JSON files as Dapr's `local.file` reads them, and environment variables that the operator lets
//! in. Each store is read once, at the start.
use super::{Get, GetBulk, Secret, SecretStore};
use crate::blocks::call::{CallContext, no_component};
use crate::code::{Code, OpError};
use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Between the names of nested objects, if nothing else is said.
pub const SEPARATOR: &str = ":";

/// The backend: stores by their names.
pub struct Embedded(pub BTreeMap<String, Secrets>);

/// What one store has. Has no `Debug`: its values must not get into a log.
#[derive(Clone, Default)]
pub struct Secrets {
    kept: BTreeMap<String, Secret>,
    /// What is not there is an empty text, as in Dapr's `local.env`.
    absent_is_empty: bool,
}

/// Why the file of secrets cannot be used. Never quotes its text.
#[derive(Debug, thiserror::Error)]
pub enum SecretsFileError {
    /// It cannot be read.
    #[error("cannot read the file of secrets {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// It is not what it should be.
    #[error("the file of secrets {path} {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
}

impl Secrets {
    /// The secrets of a file and of the environment; where both have a name, the environment's.
    pub fn open(file: Option<&Path>, environment: BTreeMap<String, String>) -> Result<Secrets, SecretsFileError> {
        let mut secrets = file.map_or_else(|| Ok(Secrets::default()), |file| Secrets::file(file, SEPARATOR, false))?;
        secrets.kept.extend(environment.into_iter().map(single));
        Ok(secrets)
    }

    /// Those of a file. With `multi_valued` what stands in an object at its top is one secret of several values.
    pub fn file(path: &Path, separator: &str, multi_valued: bool) -> Result<Secrets, SecretsFileError> {
        let mut kept = BTreeMap::new();
        for (name, value) in read(path)? {
            let mut values = Secret::new();
            if multi_valued && value.is_object() {
                flatten(String::new(), &value, separator, &mut values);
                kept.insert(name, values);
            } else {
                flatten(name, &value, separator, &mut values);
                kept.extend(values.into_iter().map(single));
            }
        }
        Ok(Secrets { kept, absent_is_empty: false })
    }

    /// Those of the environment.
    pub fn environment(variables: BTreeMap<String, String>) -> Secrets {
        Secrets { kept: variables.into_iter().map(single).collect(), absent_is_empty: true }
    }

    /// What secrets there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.kept.keys().map(String::as_str)
    }

    /// One secret.
    pub fn get(&self, key: &str) -> Option<Secret> {
        let empty = || self.absent_is_empty.then(|| Secret::from([(key.to_owned(), String::new())]));
        self.kept.get(key).cloned().or_else(empty)
    }
}

/// A secret of one value, under its own name.
fn single((name, value): (String, String)) -> (String, Secret) {
    (name.clone(), Secret::from([(name, value)]))
}

impl Embedded {
    fn store(&self, store: &str) -> Result<&Secrets, OpError> {
        let absent = || no_component(Code::SecretStoreNotFound, &format!("secret store {store} is"), self.0.keys());
        self.0.get(store).ok_or_else(absent)
    }
}

fn read(path: &Path) -> Result<serde_json::Map<String, Value>, SecretsFileError> {
    let unreadable = |e: std::io::Error| SecretsFileError::Unreadable { path: path.to_owned(), reason: e.to_string() };
    let malformed = |reason| SecretsFileError::Malformed { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    // The parser's own words may quote the text.
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|e| malformed(format!("is no JSON: line {}, column {}", e.line(), e.column())))?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(malformed("is no JSON object of names and values".to_owned())),
    }
}

/// Nested names are joined, indexes of arrays are names too, and a value that is no text becomes its JSON.
fn flatten(name: String, value: &Value, separator: &str, secrets: &mut Secret) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}{separator}{part}") };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(part, value)| flatten(below(part), value, separator, secrets));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| flatten(below(&at.to_string()), value, separator, secrets));
        }
        Value::String(text) => drop(secrets.insert(name, text.clone())),
        other => drop(secrets.insert(name, other.to_string())),
    }
}

#[async_trait]
impl SecretStore for Embedded {
    async fn get(&self, _: &CallContext, get: &Get) -> Result<Option<Secret>, OpError> {
        Ok(self.store(&get.store)?.get(&get.key))
    }

    async fn get_bulk(&self, _: &CallContext, get: &GetBulk) -> Result<BTreeMap<String, Secret>, OpError> {
        Ok(self.store(&get.store)?.kept.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nested_names_are_joined_and_the_environment_wins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets.json");
        std::fs::write(&file, r#"{"flat":"a","redis":{"password":"b","ports":[6379,true]},"over":"file"}"#).unwrap();
        let environment = BTreeMap::from([("over".to_owned(), "environment".to_owned())]);
        let secrets = Secrets::open(Some(&file), environment).unwrap();
        let seen: Vec<(&str, &str)> = secrets.kept.iter().map(|(k, v)| (k.as_str(), v[k].as_str())).collect();
        let expected = [
            ("flat", "a"),
            ("over", "environment"),
            ("redis:password", "b"),
            ("redis:ports:0", "6379"),
            ("redis:ports:1", "true"),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn an_object_may_be_one_secret_of_several_values() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets.json");
        std::fs::write(&file, r#"{"flat":"a","redis":{"password":"b","tls":{"key":"c"}}}"#).unwrap();
        let secrets = Secrets::file(&file, ".", true).unwrap();
        let redis = [("password", "b"), ("tls.key", "c")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(secrets.get("redis"), Some(Secret::from(redis)));
        assert_eq!(secrets.get("flat"), Some(Secret::from([("flat".to_owned(), "a".to_owned())])));
        assert_eq!(secrets.get("absent"), None);
        let absent = Secrets::environment(BTreeMap::new()).get("absent");
        assert_eq!(absent, Some(Secret::from([("absent".to_owned(), String::new())])));
    }

    #[test]
    fn faults_of_the_file_are_named_without_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets.json");
        let message = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Secrets::open(Some(&file), BTreeMap::new()).err().unwrap().to_string()
        };
        let broken = message("{\"a\": hunter2}");
        assert!(broken.contains("line 1") && !broken.contains("hunter2"), "{broken}");
        assert!(message("[]").contains("no JSON object"));
        std::fs::remove_file(&file).unwrap();
        let missing = Secrets::open(Some(&file), BTreeMap::new()).err().unwrap().to_string();
        assert!(missing.contains("secrets.json"), "{missing}");
    }
}
