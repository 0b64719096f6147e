//! Cases as data: `tests/cases/<group>/<case>/` holds a function and a `case.toml` that says what a client sends and sees.
use crate::client::{Answer, Client};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One `case.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows, one line.
    pub about: String,
    /// Upload fields beside name and source: `limits`, `env`, `grants`, `language`.
    #[serde(default)]
    pub upload: Value,
    /// Configuration items that the operator sets first.
    #[serde(default)]
    pub configuration: BTreeMap<String, String>,
    /// What the upload answers, when that is what the case is about.
    pub upload_expect: Option<Expect>,
    /// Requests to the function, in order.
    #[serde(default)]
    pub request: Vec<Request>,
}

/// One request and what it must be answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// HTTP method.
    #[serde(default = "get")]
    pub method: String,
    /// Path below the function's URL.
    #[serde(default)]
    pub path: String,
    /// Header pairs.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Body text.
    pub body: Option<String>,
    /// Body bytes that are not text.
    pub bytes: Option<Vec<u8>>,
    /// How often to send it; every answer must fit.
    #[serde(default = "once")]
    pub times: u32,
    /// What to see.
    pub expect: Expect,
}

/// What an answer must be; only what is given is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// HTTP status.
    pub status: u16,
    /// `code` of a problem+json answer; the media type is then checked too.
    pub code: Option<String>,
    /// Exact body text.
    pub body: Option<String>,
    /// Exact body bytes.
    pub bytes: Option<Vec<u8>>,
    /// JSON that the body must contain: objects may have more members, everything else must be equal.
    pub json: Option<Value>,
    /// Texts that the body must contain.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Header pairs that must be there.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Header names that must not be there.
    #[serde(default)]
    pub absent: Vec<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn once() -> u32 {
    1
}

/// All case folders below `tests/cases/<group>`, sorted.
pub fn folders(group: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(crate::root().join("tests/cases").join(group))
        .unwrap_or_else(|e| panic!("tests/cases/{group}: {e}"))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("case.toml").exists())
        .collect();
    found.sort();
    assert!(!found.is_empty(), "tests/cases/{group} has no case");
    found
}

/// Runs one case folder; what did not fit, or nothing.
pub async fn run(server: &Client, folder: &Path) -> Result<(), String> {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(folder.join("case.toml")).unwrap();
    let case: Case = toml::from_str(&text).map_err(|e| format!("{name}/case.toml: {e}"))?;
    let (file, language) = ["function.js", "function.ts"]
        .iter()
        .map(|file| folder.join(file))
        .find(|file| file.exists())
        .map(|file| {
            (file.clone(), if file.extension().is_some_and(|e| e == "ts") { "typescript" } else { "javascript" })
        })
        .ok_or(format!("{name}: no function.js or function.ts"))?;

    let mut upload = json!({"name": name, "source": std::fs::read_to_string(file).unwrap(), "language": language});
    if let Value::Object(more) = case.upload {
        upload.as_object_mut().unwrap().extend(more);
    }
    for (key, value) in case.configuration {
        let answer = server.http.put(server.url(&format!("/configuration/{key}"))).body(value).send().await;
        let answer = Answer::of(answer.map_err(|e| format!("{name}: {e:?}"))?).await;
        if answer.status >= 300 {
            return Err(format!("{name}: configuration {key}: {} {}", answer.status, answer.text()));
        }
    }
    let answer = server.upload(&upload).await;
    match case.upload_expect {
        Some(expect) => check(&answer, &expect).map_err(|e| format!("{name}: upload: {e}"))?,
        None if answer.status >= 300 => return Err(format!("{name}: upload: {} {}", answer.status, answer.text())),
        None => {}
    }
    for (index, request) in case.request.iter().enumerate() {
        for _ in 0..request.times {
            let answer = send(server, &name, request).await?;
            check(&answer, &request.expect).map_err(|e| format!("{name}: request {}: {e}", index + 1))?;
        }
    }
    Ok(())
}

async fn send(server: &Client, name: &str, request: &Request) -> Result<Answer, String> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap();
    let mut builder = server.http.request(method, server.url(&format!("/{name}{}", request.path)));
    for (header, value) in &request.headers {
        builder = builder.header(header, value);
    }
    if let Some(body) = request.body.clone().map(String::into_bytes).or(request.bytes.clone()) {
        builder = builder.body(body);
    }
    Ok(Answer::of(builder.send().await.map_err(|e| format!("{name}: {e:?}"))?).await)
}

fn check(answer: &Answer, expect: &Expect) -> Result<(), String> {
    let seen = || format!("{} {:?} {:.600}", answer.status, answer.headers, answer.text());
    if answer.status != expect.status {
        return Err(format!("status {} expected; seen {}", expect.status, seen()));
    }
    if let Some(code) = &expect.code
        && (answer.code() != *code || answer.header("content-type") != Some("application/problem+json"))
    {
        return Err(format!("problem+json with code {code} expected; seen {}", seen()));
    }
    if expect.body.as_ref().is_some_and(|body| answer.text() != *body) {
        return Err(format!("body {:?} expected; seen {}", expect.body, seen()));
    }
    if expect.bytes.as_ref().is_some_and(|bytes| answer.body != *bytes) {
        return Err(format!("body bytes {:?} expected; seen {:?}", expect.bytes, answer.body));
    }
    if let Some(json) = &expect.json {
        let body: Value = serde_json::from_slice(&answer.body).map_err(|e| format!("no JSON ({e}): {}", seen()))?;
        if !covers(&body, json) {
            return Err(format!("JSON {json} expected; seen {}", seen()));
        }
    }
    for text in &expect.contains {
        if !answer.text().contains(text) {
            return Err(format!("{text:?} expected in the body; seen {}", seen()));
        }
    }
    for (name, value) in &expect.headers {
        if !answer.headers.iter().any(|(n, v)| n == name && v == value) {
            return Err(format!("header {name}: {value} expected; seen {}", seen()));
        }
    }
    for name in &expect.absent {
        if answer.header(name).is_some() {
            return Err(format!("no header {name} expected; seen {}", seen()));
        }
    }
    Ok(())
}

/// Whether `seen` has everything that `wanted` asks for.
fn covers(seen: &Value, wanted: &Value) -> bool {
    match (seen, wanted) {
        (Value::Object(seen), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| seen.get(key).is_some_and(|s| covers(s, value)))
        }
        (Value::Array(seen), Value::Array(wanted)) => {
            seen.len() == wanted.len() && seen.iter().zip(wanted).all(|(s, w)| covers(s, w))
        }
        (Value::Number(seen), Value::Number(wanted)) => seen.as_f64() == wanted.as_f64(),
        _ => seen == wanted,
    }
}
