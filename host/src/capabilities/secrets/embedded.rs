//! Secrets of the embedded default: a JSON file as Dapr's `local.file` reads it, and the environment variables that the operator
//! lets in. One store, under one name, read once at the start.
use super::{DEFAULT_SECRET_STORE, Metadata, Secret, SecretStore};
use crate::capabilities::{CallContext, error};
use daplet_abi::op::OpError;
use futures::future::BoxFuture;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Between the names of nested objects.
const SEPARATOR: &str = ":";

/// The backend. Has no `Debug`: its values must not get into a log.
#[derive(Default)]
pub struct Embedded(BTreeMap<String, String>);

/// Why the file of secrets cannot be used. Never quotes its text.
#[derive(Debug, thiserror::Error)]
pub enum SecretsFileError {
    /// It cannot be read.
    #[error("cannot read the file of secrets {path} (setting secrets_file): {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// It is not what it should be.
    #[error("the file of secrets {path} (setting secrets_file) {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
}

impl Embedded {
    /// The secrets of a file and of the environment; where both have a name, the environment's.
    pub fn open(file: Option<&Path>, environment: BTreeMap<String, String>) -> Result<Embedded, SecretsFileError> {
        let mut secrets = file.map_or_else(|| Ok(BTreeMap::new()), read)?;
        secrets.extend(environment);
        Ok(Embedded(secrets))
    }

    fn check(store: &str) -> Result<(), OpError> {
        if store == DEFAULT_SECRET_STORE {
            return Ok(());
        }
        let message = format!(
            "secret store {store} is not found; without a Dapr sidecar there is one, named \"{DEFAULT_SECRET_STORE}\""
        );
        Err(error("ERR_SECRET_STORE_NOT_FOUND", message))
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, String>, SecretsFileError> {
    let unreadable = |e: std::io::Error| SecretsFileError::Unreadable { path: path.to_owned(), reason: e.to_string() };
    let malformed = |reason| SecretsFileError::Malformed { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    // The parser's own words may quote the text.
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|e| malformed(format!("is no JSON: line {}, column {}", e.line(), e.column())))?;
    let mut secrets = BTreeMap::new();
    match &value {
        Value::Object(_) => flatten(String::new(), &value, &mut secrets),
        _ => return Err(malformed("is no JSON object of names and values".to_owned())),
    }
    Ok(secrets)
}

/// Nested names are joined, places in arrays are names too, and what is no text is told as JSON tells it.
fn flatten(name: String, value: &Value, secrets: &mut BTreeMap<String, String>) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}{SEPARATOR}{part}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(part, value)| flatten(below(part), value, secrets)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| flatten(below(&at.to_string()), value, secrets));
        }
        Value::String(text) => drop(secrets.insert(name, text.clone())),
        other => drop(secrets.insert(name, other.to_string())),
    }
}

impl SecretStore for Embedded {
    fn get<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        key: &'a str,
        _: &'a Metadata,
    ) -> BoxFuture<'a, Result<Option<Secret>, OpError>> {
        Box::pin(async move {
            Embedded::check(store)?;
            Ok(self.0.get(key).map(|value| Secret::from([(key.to_owned(), value.clone())])))
        })
    }

    fn get_bulk<'a>(
        &'a self,
        _: &'a CallContext,
        store: &'a str,
        _: &'a Metadata,
    ) -> BoxFuture<'a, Result<BTreeMap<String, Secret>, OpError>> {
        Box::pin(async move {
            Embedded::check(store)?;
            let secret = |(key, value): (&String, &String)| (key.clone(), Secret::from([(key.clone(), value.clone())]));
            Ok(self.0.iter().map(secret).collect())
        })
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
        let Embedded(secrets) = Embedded::open(Some(&file), environment).unwrap();
        let seen: Vec<(&str, &str)> = secrets.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
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
    fn faults_of_the_file_are_named_without_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets.json");
        let message = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Embedded::open(Some(&file), BTreeMap::new()).err().unwrap().to_string()
        };
        let broken = message("{\"a\": hunter2}");
        assert!(
            broken.contains("secrets_file") && broken.contains("line 1") && !broken.contains("hunter2"),
            "{broken}"
        );
        assert!(message("[]").contains("no JSON object"));
        std::fs::remove_file(&file).unwrap();
        let missing = Embedded::open(Some(&file), BTreeMap::new()).err().unwrap().to_string();
        assert!(missing.contains("secrets.json"), "{missing}");
    }
}
