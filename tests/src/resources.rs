//! The folder `tests/resources`: components of Dapr's types, what they need around them, and what is called by their names.
use crate::app::App;
use crate::root;
use crate::server::Answer;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The folder.
pub fn folder() -> PathBuf {
    root().join("tests/resources")
}

/// Its files of components by their names, and the text of each.
pub fn files() -> Vec<(String, String)> {
    let file = |name: &str| (name.to_owned(), std::fs::read_to_string(folder().join(name)).unwrap());
    ["components.yaml", "others.yml"].map(file).to_vec()
}

/// What its components read of the environment. Mails go to `app`.
pub fn environment(app: &App) -> Vec<(String, String)> {
    let path = |path: &str| root().join(path).to_string_lossy().into_owned();
    let variables = [
        ("RESOURCES_SECRETS", path("tests/resources/secrets.json")),
        ("RESOURCES_KEYS", path("host/src/blocks/crypto/vectors/keys")),
        ("RESOURCES_URL", format!("http://127.0.0.1:{}/echo/mail", app.port)),
        ("RESOURCES_WORD", "word".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// The function that names them all, as an upload.
pub fn user() -> Value {
    let source = std::fs::read_to_string(folder().join("user.js")).unwrap();
    let secrets = ["files/mail.*", "several/mail", "variables/*"];
    json!({"name": "user", "source": source, "grants": {"secrets": secrets, "keys": ["aes"]}})
}

/// What that answers.
pub fn answer_of_user() -> Value {
    json!({
        "state": ["orders", "carts", "NotFoundError"],
        "pubsub": [["PermissionDeniedError", "ERR_PUBSUB_FORBIDDEN"], ["NotFoundError", "ERR_PUBSUB_NOT_FOUND"]],
        "secrets": ["t0ken", {"token": "t0ken", "user": "ada"}, "word", ["PermissionDeniedError", "PERMISSION_DENIED"]],
        "cryptography": "text",
        "binding": ["POST", "t0ken", "{\"n\":1}"],
    })
}

/// Makes the calls of `calls.json`; for each its status, and what of the answer must be the same everywhere: a value, or an error's code.
pub async fn called(dapr: &str) -> Vec<String> {
    let calls = std::fs::read_to_string(folder().join("calls.json")).unwrap();
    let calls: Vec<(String, String, Value, u16)> = serde_json::from_str(&calls).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut told = Vec::new();
    for (method, path, body, expected) in calls {
        let request = http.request(method.parse().unwrap(), format!("{dapr}{path}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, expected, "{method} {path}: {}", answer.text());
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let same = match body {
            _ if expected >= 400 => body["errorCode"].clone(),
            // What an application was sent has the caller's own headers in it.
            Value::Object(mut echo) if path.contains("/bindings/") => {
                let token = echo["headers"]["x-token"].clone();
                echo.insert("headers".to_owned(), token);
                Value::Object(echo)
            }
            body => body,
        };
        told.push(format!("{method} {path}: {} {same}", answer.status));
    }
    told
}

/// Names and types that a metadata answer lists, by name.
pub fn listed(metadata: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let components = metadata["components"].as_array().cloned().unwrap_or_default();
    let mut listed: Vec<_> = components.iter().map(|c| (text(&c["name"]), text(&c["type"]))).collect();
    listed.sort();
    listed
}

/// What of the folder this host has.
pub const LISTED: [(&str, &str); 10] = [
    ("carts", "state.in-memory"),
    ("events", "pubsub.in-memory"),
    ("files", "secretstores.local.file"),
    ("mail", "bindings.http"),
    ("news", "pubsub.in-memory"),
    ("orders", "state.in-memory"),
    ("several", "secretstores.local.file"),
    ("ticks", "bindings.cron"),
    ("variables", "secretstores.local.env"),
    ("vault", "crypto.dapr.localstorage"),
];
