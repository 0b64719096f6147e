//! One suite of steps for every client of Dapr's API: what is asked, what came of it. `tests/conformance/README.md` says how steps
//! are written.
//!
//! Must not know: what serves the API.
mod grpc;
mod http;

use crate::root;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where an API is served: base URLs, no slash at the end.
#[derive(Clone, Debug)]
pub struct Target {
    /// Dapr's HTTP API.
    pub http: String,
    /// Dapr's gRPC API.
    pub grpc: String,
    /// Where its operator sets an item of the configuration: `PUT {operator}/{key}`.
    pub operator: String,
    /// The function `tests/conformance/functions/sdk.js`.
    pub sdk: String,
}

/// A list of steps that belong together.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// In order.
    pub steps: Vec<Step>,
}

/// One call.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// Which.
    #[serde(rename = "do")]
    pub what: String,
    /// With what, and what must come of it.
    #[serde(flatten)]
    pub arguments: Map<String, Value>,
}

/// A program that speaks Dapr's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Requests as they stand in Dapr's reference.
    Http,
    /// The crate `dapr`.
    Crate,
    /// `@dapr/dapr`.
    NodeHttp,
    /// The same over gRPC.
    NodeGrpc,
    /// Python's `dapr`.
    Python,
    /// `@daplet/sdk` inside a function.
    Sdk,
}

impl Client {
    /// The clients that reach the API from outside.
    pub const OUTSIDE: [Client; 5] = [Client::Http, Client::Crate, Client::NodeHttp, Client::NodeGrpc, Client::Python];

    /// As `expect_<name>` has it.
    pub fn name(self) -> &'static str {
        match self {
            Client::Http => "http",
            Client::Crate => "crate",
            Client::NodeHttp => "node_http",
            Client::NodeGrpc => "node_grpc",
            Client::Python => "python",
            Client::Sdk => "sdk",
        }
    }

    /// What came of each step.
    pub async fn run(self, target: &Target, steps: &[Step]) -> Vec<Value> {
        match self {
            Client::Http => http::run(target, steps).await,
            Client::Crate => grpc::run(target, steps).await,
            Client::NodeHttp => outside("node", "client.mjs", target, steps, "http").await,
            Client::NodeGrpc => outside("node", "client.mjs", target, steps, "grpc").await,
            Client::Python => outside(&python(), "client.py", target, steps, "grpc").await,
            Client::Sdk => inside(target, steps).await,
        }
    }
}

/// Has a function run the steps.
async fn inside(target: &Target, steps: &[Step]) -> Vec<Value> {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let steps: Vec<Value> = steps.iter().map(Step::to_value).collect();
    let answer = http.post(&target.sdk).json(&steps).send().await.expect("the function answers");
    let text = answer.text().await.expect("the function answers");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}\n{text}", target.sdk))
}

/// The Python that has the client installed (`scripts/setup-tests`).
fn python() -> String {
    let own: PathBuf = root().join("target/python/bin/python");
    own.to_string_lossy().into_owned()
}

async fn outside(program: &str, script: &str, target: &Target, steps: &[Step], protocol: &str) -> Vec<Value> {
    let steps: Vec<Value> = steps.iter().map(Step::to_value).collect();
    let grpc = target.grpc.trim_start_matches("http://");
    let grpc = if script.ends_with(".py") { grpc.to_owned() } else { target.grpc.clone() };
    let task =
        json!({"http": target.http, "grpc": grpc, "operator": target.operator, "protocol": protocol, "steps": steps})
            .to_string();
    let mut command = Command::new(program);
    command.arg(root().join("tests/conformance").join(script));
    // Python's client waits for the sidecar's health by HTTP.
    command.env("DAPR_HTTP_PORT", target.http.rsplit(':').next().unwrap_or_default());
    command.env("DAPR_API_METHOD_INVOCATION_PROTOCOL", "grpc");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = move || {
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}; run scripts/setup-tests"));
        child.stdin.take().expect("a pipe").write_all(task.as_bytes()).expect("the client reads its task");
        child.wait_with_output().expect("the client ends")
    };
    let output = tokio::task::spawn_blocking(run).await.expect("the client runs");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        panic!("{script}: {e}\n{out}\n{err}")
    })
}

impl Step {
    fn to_value(&self) -> Value {
        let mut step = self.arguments.clone();
        step.insert("do".to_owned(), json!(self.what));
        Value::Object(step)
    }

    /// An argument as text; `default` when absent.
    fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.arguments.get(name).and_then(Value::as_str).unwrap_or(default)
    }

    fn store(&self) -> &str {
        self.text("store", "statestore")
    }

    fn list(&self, name: &str) -> &[Value] {
        self.arguments.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// What the client must see on this store: the first of `expect_<client>_<store>`, `expect_<store>`, `expect_<client>`
    /// and `expect` that there is.
    pub fn expected(&self, client: Client, store: &str) -> &Value {
        let client = client.name();
        let names = [format!("_{client}_{store}"), format!("_{store}"), format!("_{client}"), String::new()];
        names.iter().find_map(|name| self.arguments.get(&format!("expect{name}"))).unwrap_or(&Value::Null)
    }
}

impl Target {
    /// Sets an item of the configuration.
    async fn set(&self, step: &Step) {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = format!("{}/{}", self.operator, step.text("key", ""));
        let answer =
            http.put(url).body(step.text("value", "").to_owned()).send().await.expect("the operator's API answers");
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

/// The parts of an echo that all clients send alike.
fn echoed(answer: &Value) -> Value {
    json!({"method": answer["method"], "path": answer["path"], "body": answer["body"]})
}

/// ETags that steps have kept.
#[derive(Default)]
struct Etags(Map<String, Value>);

impl Etags {
    fn keep(&mut self, step: &Step, etag: &str) {
        if let Some(Value::String(name)) = step.arguments.get("keep") {
            self.0.insert(name.clone(), json!(etag));
        }
    }

    fn of(&self, item: &Value) -> Option<String> {
        let given = item["etag"].as_str()?;
        let kept = given.strip_prefix('$').and_then(|name| self.0.get(name)).and_then(Value::as_str);
        Some(kept.unwrap_or(given).to_owned())
    }
}

/// The cases of one file.
pub fn cases(file: &str) -> Vec<Case> {
    let path = root().join("tests/conformance/cases").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Runs cases one after the other with a client on a store; what was seen otherwise than expected.
pub async fn check(target: &Target, client: Client, store: &str, cases: &[Case]) -> Vec<String> {
    let steps: Vec<Step> = cases.iter().flat_map(|case| case.steps.clone()).collect();
    let seen = client.run(target, &steps).await;
    assert_eq!(seen.len(), steps.len(), "{}: an outcome for each step", client.name());
    let names = cases.iter().flat_map(|case| case.steps.iter().map(|_| &case.name));
    let mut differences = Vec::new();
    for ((step, seen), case) in steps.iter().zip(seen).zip(names) {
        let mut comparable = seen.clone();
        // The words are the server's.
        comparable.as_object_mut().map(|outcome| outcome.remove("told"));
        let mut expected = step.expected(client, store).clone();
        // Stores answer in an order of their own.
        for list in [&mut comparable, &mut expected].into_iter().filter_map(Value::as_array_mut) {
            list.sort_by_key(Value::to_string);
        }
        if comparable != expected {
            let (name, step) = (client.name(), step.to_value());
            differences.push(format!("{name}: {case}\n  step     {step}\n  expected {expected}\n  seen     {seen}"));
        }
    }
    differences
}
