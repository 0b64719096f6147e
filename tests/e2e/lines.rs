//! Errors as V8 reports them: the line that failed, what the message names, what `stack` is.
//!
//! `tests/lines` has the forms and, in node.json, what Node reports for them (`node tests/lines/derive.mjs`).
use daplet_tests::root;
use daplet_tests::server::{Answer, Options, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What Node reports, with our differences from it laid over.
fn expected(kind: &str) -> BTreeMap<String, Value> {
    let read = |file: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(root().join("tests/lines").join(file)).unwrap()).unwrap()
    };
    let (node, differs) = (read("node.json"), read("differs.json"));
    let mut expected: BTreeMap<String, Value> = serde_json::from_value(node[kind].clone()).unwrap();
    for (name, difference) in differs[kind].as_object().into_iter().flatten() {
        let wanted = expected.get_mut(name).unwrap_or_else(|| panic!("differs.json: Node knows no {name}"));
        for field in ["lines", "message"].iter().filter(|field| difference.get(**field).is_some()) {
            assert_ne!(wanted[*field], difference[*field], "differs.json: {name} is as in Node now");
            wanted[*field] = difference[*field].clone();
        }
    }
    expected
}

fn source(kind: &str, name: &str) -> String {
    std::fs::read_to_string(root().join(format!("tests/lines/{kind}/{name}.mjs"))).unwrap()
}

async fn call(server: &Server, kind: &str, name: &str) -> Answer {
    server.deploy("form", &source(kind, name)).await;
    server.get("/form").await
}

/// The log, once it holds `text`.
async fn log_with(server: &Server, text: &str) -> String {
    for _ in 0..200 {
        let log = server.output();
        if log.contains(text) {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no {text:?} in {}", server.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reported_line_is_the_one_that_failed() {
    let server = Server::start().await;
    let expected = expected("forms");
    assert!(expected.len() >= 300, "{} forms", expected.len());
    let mut failures = Vec::new();
    for (name, wanted) in &expected {
        let problem = call(&server, "forms", name).await.json();
        let lines: Vec<&Value> =
            problem["stack"].as_array().into_iter().flatten().map(|frame| &frame["line"]).collect();
        let detail = problem["detail"].as_str().unwrap_or_default();
        let message = wanted["message"].as_str().unwrap();
        if json!(lines) != wanted["lines"] || problem["name"] != wanted["name"] || !detail.contains(message) {
            failures.push(format!("{name}: wanted {wanted}, seen {lines:?}, {}: {detail}", problem["name"]));
        }
    }
    assert!(failures.is_empty(), "{} of {} forms:\n{}", failures.len(), expected.len(), failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn stacks_are_as_in_v8() {
    let server = Server::start().await;
    for (name, wanted) in expected("values") {
        let answer = call(&server, "values", &name).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        assert_eq!(answer.json(), wanted, "{name}");
    }
}

/// An operation fails in the host; what is reported is the `await` that asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn errors_of_operations_have_the_line_of_the_await() {
    let server = Server::start().await;
    let source = r#"import { state, secrets } from "@daplet/sdk";
const api = {
  async save(value) {
    return await state().put("k", value, { etag: "nope" });
  },
};
export default {
  async fetch(request) {
    switch (new URL(request.url).searchParams.get("case")) {
      case "direct":
        await state()
          .put("k", 1, { etag: "nope" });
        break;
      case "helper":
        await api.save(1);
        break;
      case "all":
        await Promise.all([
          state().get("x"),
          state().put("k", 1, { etag: "nope" }),
        ]);
        break;
      case "then":
        await state().get("x").then(() => api.save(2));
        break;
      case "late": {
        const saved = api.save(1);
        await state().get("x");
        await new Promise((resolve) => setTimeout(resolve, 20));
        await saved;
        break;
      }
      case "unawaited": {
        const saved = state().put("k", 1, { etag: "nope" });
        await new Promise((resolve) => setTimeout(resolve, 20));
        await saved;
        break;
      }
      case "cause":
        try {
          await api.save(1);
        } catch (cause) {
          throw new Error("not saved", { cause });
        }
    }
  },
};"#;
    server.deploy("operations", source).await;
    let cases: [(&str, &[u64]); 7] = [
        ("direct", &[11]),
        ("helper", &[4, 15]),
        ("all", &[18]),
        ("then", &[4, 24]),
        ("late", &[4]),
        ("unawaited", &[36]),
        ("cause", &[43]),
    ];
    for (case, wanted) in cases {
        let problem = server.get(&format!("/operations?case={case}")).await.json();
        let lines: Vec<u64> =
            problem["stack"].as_array().into_iter().flatten().filter_map(|f| f["line"].as_u64()).collect();
        assert_eq!(lines.get(..wanted.len()), Some(wanted), "{case}: {problem}");
        if case == "cause" {
            assert!(problem["cause"].as_str().unwrap_or_default().starts_with("EtagMismatchError: "), "{problem}");
        }
    }
}

/// An error without a caller is logged with its stack and its causes.
#[tokio::test(flavor = "multi_thread")]
async fn late_failures_are_logged_with_their_stack() {
    let args = vec!["--log-format".to_owned(), "json".to_owned()];
    let server = Server::with(Options { args, ..Options::default() }).await;
    let source = r#"async function audit() {
  await null;
  throw new Error("audit", { cause: new TypeError("root") });
}
export default {
  fetch(request, env, ctx) {
    ctx.waitUntil(audit());
    Promise.reject(
      new RangeError("nobody"),
    );
    return "ok";
  },
};"#;
    server.deploy("late", source).await;
    assert_eq!(server.get("/late").await.text(), "ok");
    let log = log_with(&server, "unhandled rejection").await;
    let line = |text: &str| -> Value {
        let found = log.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in {log}"));
        serde_json::from_str(found).unwrap()
    };
    let waited = line("waitUntil: ").to_string();
    assert!(waited.contains("Error: audit\\n    at audit (late.js:3:9)"), "{waited}");
    assert!(waited.contains("cause: TypeError: root\\n    at audit (late.js:3:37)"), "{waited}");
    let rejected = line("unhandled rejection: ").to_string();
    assert!(rejected.contains("RangeError: nobody\\n    at Object.fetch (late.js:9:7)"), "{rejected}");

    server.deploy("thrower", "export default () => {\n  throw new Error('logged');\n};").await;
    assert_eq!(server.get("/thrower").await.status, 500);
    let log = log_with(&server, "logged").await;
    let found = log.lines().rfind(|line| line.contains("logged") && line.contains("stack")).unwrap();
    let entry: Value = serde_json::from_str(found).unwrap();
    let stack = entry["fields"]["stack"].as_str().or(entry["stack"].as_str()).unwrap_or_default();
    assert!(stack.starts_with("at ") && stack.contains("(thrower.js:2:9)"), "{found}");
}
