//! The documents of a file: Dapr's resources as they are written. Pure; references are not resolved.
//!
//! Values are read as Dapr reads them: numbers and booleans become texts. What Dapr would skip, such as a field with a
//! typing error, is refused: it would otherwise be noticed only by what is missing.
use super::Fault;
use serde_json::{Map, Value};
use std::path::Path;

/// The API group of Dapr's resources.
const GROUP: &str = "dapr.io/";
/// Resources that the embedded default does not use.
const OTHERS: [&str; 6] =
    ["Configuration", "HTTPEndpoint", "MCPServer", "Resiliency", "Subscription", "WorkflowAccessPolicy"];
/// Longest name, bytes: that of a resource of Kubernetes.
const MAX_NAME: usize = 253;

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    Component(Declared),
    /// Another resource of Dapr's.
    Other {
        /// File and document.
        place: String,
        kind: String,
    },
}

/// A declared component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// File and document.
    pub place: String,
    pub name: String,
    /// Its namespace, if it is set.
    pub namespace: Option<String>,
    /// The applications it is for; empty: every application.
    pub scopes: Vec<String>,
    /// The store of its secrets.
    pub secret_store: Option<String>,
    /// `spec.type`.
    pub kind: String,
    /// `spec.version`.
    pub version: String,
    /// Whether a fault only leaves it out.
    pub ignore_errors: bool,
    /// `spec.metadata`, in order.
    pub items: Vec<(String, Given)>,
}

/// A value of the metadata.
#[derive(Clone, PartialEq, Eq)]
pub enum Given {
    /// A literal value.
    Text(String),
    /// In a secret store.
    Secret {
        name: String,
        /// The key within the secret.
        key: String,
    },
    /// In the environment.
    Variable(String),
}

impl std::fmt::Debug for Given {
    /// Hides literals: a text may be a secret too.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Given::Text(_) => "Text",
            Given::Secret { .. } => "Secret",
            Given::Variable(_) => "Variable",
        })
    }
}

/// The documents of a text.
pub fn parse(file: &Path, text: &str) -> Result<Vec<Manifest>, Fault> {
    // An excerpt of the text could show a secret.
    let options = serde_saphyr::options! { with_snippet: false };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|e| Fault { place: file.display().to_string(), reason: format!("the YAML cannot be read: {e}") })?;
    let numbered = documents.iter().enumerate().filter(|(_, document)| !document.is_null());
    let read = |(number, document): (usize, &Value)| {
        let place = format!("{}, document {}", file.display(), number + 1);
        manifest(&place, document).map_err(|reason| Fault { place, reason })
    };
    numbered.map(read).collect()
}

fn manifest(place: &str, document: &Value) -> Result<Manifest, String> {
    let Value::Object(document) = document else {
        return Err(format!("is {}, but must be a resource of Dapr's", described(document)));
    };
    let (version, kind) = (text(document, "", "apiVersion")?, text(document, "", "kind")?);
    if !version.starts_with(GROUP) {
        return Err(format!(
            "apiVersion is {version:?}, but must be {GROUP}v1alpha1: other resources have no place in this folder"
        ));
    }
    match kind {
        "Component" if version == "dapr.io/v1alpha1" => component(place, document).map(Manifest::Component),
        "Component" => Err(format!("apiVersion is {version:?}, but must be dapr.io/v1alpha1 for a Component")),
        kind if OTHERS.contains(&kind) => Ok(Manifest::Other { place: place.to_owned(), kind: kind.to_owned() }),
        kind => {
            Err(format!("kind is {kind:?}, but must be Component, or one that is passed over: {}", OTHERS.join(", ")))
        }
    }
}

fn component(place: &str, document: &Map<String, Value>) -> Result<Declared, String> {
    only(document, "", &["apiVersion", "kind", "metadata", "spec", "auth", "scopes"])?;
    let metadata = object(document, "", "metadata")?;
    let spec = object(document, "", "spec")?;
    only(spec, "spec.", &["type", "version", "metadata", "ignoreErrors", "initTimeout"])?;
    let name = text(metadata, "metadata.", "name")?;
    check_name(name)?;
    let kind = text(spec, "spec.", "type")?;
    let version = optional(spec, "spec.", "version")?.unwrap_or_default();
    if !["", "v0", "v1"].contains(&version.as_str()) {
        return Err(format!("spec.version is {version:?}, but must be \"v1\""));
    }
    let ignore_errors = match spec.get("ignoreErrors") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(ignore)) => *ignore,
        Some(other) => return Err(format!("spec.ignoreErrors is {}, but must be true or false", described(other))),
    };
    let secret_store = match document.get("auth") {
        None | Some(Value::Null) => None,
        Some(_) => {
            let auth = object(document, "", "auth")?;
            only(auth, "auth.", &["secretStore"])?;
            optional(auth, "auth.", "secretStore")?.filter(|store| !store.is_empty())
        }
    };
    let mut items: Vec<(String, Given)> = Vec::new();
    for (index, entry) in list(spec, "spec.", "metadata")?.iter().enumerate() {
        let (name, given) = item(&format!("spec.metadata[{index}]"), entry)?;
        if items.iter().any(|(before, _)| before.eq_ignore_ascii_case(&name)) {
            return Err(format!("spec.metadata[{index}]: {name:?} is there twice"));
        }
        items.push((name, given));
    }
    let mut scopes = Vec::new();
    for (index, scope) in list(document, "", "scopes")?.iter().enumerate() {
        match scope {
            Value::String(app) => scopes.push(app.clone()),
            other => return Err(format!("scopes[{index}] is {}, but must be an app-id", described(other))),
        }
    }
    Ok(Declared {
        place: place.to_owned(),
        name: name.to_owned(),
        namespace: optional(metadata, "metadata.", "namespace")?.filter(|namespace| !namespace.is_empty()),
        scopes,
        secret_store,
        kind: kind.to_owned(),
        version: if version.is_empty() { "v1".to_owned() } else { version },
        ignore_errors,
        items,
    })
}

/// A name is one segment of a path, as in Dapr, and part of a key in the database.
fn check_name(name: &str) -> Result<(), String> {
    let unfit = |c: char| matches!(c, '/' | '%' | '|') || c.is_control();
    if name.is_empty() || name.len() > MAX_NAME || name == "." || name == ".." || name.contains(unfit) {
        return Err(format!(
            "metadata.name is {name:?}; a name has 1 to {MAX_NAME} bytes, no / % | and no control character"
        ));
    }
    Ok(())
}

fn item(at: &str, entry: &Value) -> Result<(String, Given), String> {
    let Value::Object(entry) = entry else {
        return Err(format!("{at} is {}, but must be an object with a name and a value", described(entry)));
    };
    let below = format!("{at}.");
    only(entry, &below, &["name", "value", "secretKeyRef", "envRef"])?;
    let name = text(entry, &below, "name")?.to_owned();
    let given: Vec<&str> = ["value", "secretKeyRef", "envRef"]
        .into_iter()
        .filter(|field| entry.get(*field).is_some_and(|value| !value.is_null()))
        .collect();
    let value = match given.as_slice() {
        [] => Given::Text(String::new()),
        ["value"] => Given::Text(scalar(entry, &below, "value")?),
        ["envRef"] => Given::Variable(text(entry, &below, "envRef")?.to_owned()),
        ["secretKeyRef"] => {
            let (reference, below) = (object(entry, &below, "secretKeyRef")?, format!("{below}secretKeyRef."));
            only(reference, &below, &["name", "key"])?;
            let name = text(reference, &below, "name")?.to_owned();
            let key = optional(reference, &below, "key")?.filter(|key| !key.is_empty());
            Given::Secret { key: key.unwrap_or_else(|| name.clone()), name }
        }
        several => return Err(format!("{at} ({name:?}) has {}; one of them has to go", several.join(" and "))),
    };
    Ok((name, value))
}

/// A value in a message, without what could be a secret.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn only(object: &Map<String, Value>, below: &str, known: &[&str]) -> Result<(), String> {
    match object.keys().find(|field| !known.contains(&field.as_str())) {
        None => Ok(()),
        Some(field) => Err(format!("unknown field {below}{field}; known are {}", known.join(", "))),
    }
}

fn object<'a>(from: &'a Map<String, Value>, below: &str, field: &str) -> Result<&'a Map<String, Value>, String> {
    match from.get(field) {
        Some(Value::Object(object)) => Ok(object),
        None => Err(format!("{below}{field} is missing")),
        Some(other) => Err(format!("{below}{field} is {}, but must be an object", described(other))),
    }
}

fn list<'a>(from: &'a Map<String, Value>, below: &str, field: &str) -> Result<&'a [Value], String> {
    match from.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(format!("{below}{field} is {}, but must be a list", described(other))),
    }
}

/// A required text.
fn text<'a>(from: &'a Map<String, Value>, below: &str, field: &str) -> Result<&'a str, String> {
    match from.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => Err(format!("{below}{field} is missing")),
        Some(other) => Err(format!("{below}{field} is {}, but must be a text", described(other))),
    }
}

fn optional(from: &Map<String, Value>, below: &str, field: &str) -> Result<Option<String>, String> {
    match from.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("{below}{field} is {}, but must be a text", described(other))),
    }
}

/// A text, or what counts as one.
fn scalar(from: &Map<String, Value>, below: &str, field: &str) -> Result<String, String> {
    match from.get(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(value.to_string()),
        other => {
            let found = described(other.unwrap_or(&Value::Null));
            Err(format!("{below}{field} is {found}, but must be a text, a number, true or false"))
        }
    }
}
