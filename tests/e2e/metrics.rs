//! The log lines for requests and changes.
use daplet_tests::server::{Options, Server};
use serde_json::{Value, json};
use std::time::Duration;

fn lines(server: &Server, target: &str) -> Vec<Value> {
    let output = server.output();
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["target"] == target).collect()
}

fn options(args: &[&str]) -> Options {
    Options { args: args.iter().map(|&arg| arg.to_owned()).collect(), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_requests_and_slow_invocations_are_in_the_log() {
    let server = Server::with(options(&["--log-format", "json", "--access-log", "--slow-ms", "100"])).await;
    let upload = |source: &str, topics: Value| json!({"name": "f", "source": source, "grants": {"topics": topics}, "env": {"KEY": "hunter2"}});
    let first = server.deploy_with(upload("export default { fetch: () => 1 };", json!(["pubsub/a"]))).await;
    let slow =
        "export default { async fetch() { console.log('x'); await new Promise((done) => setTimeout(done, 150)); } };";
    let second = server.deploy_with(upload(slow, json!(["pubsub/b"]))).await;
    assert_eq!(server.get("/f/some/path?secret=hunter2").await.status, 204);
    server.http.delete(server.url("/functions/f")).send().await.unwrap();
    assert_eq!(server.get("/f").await.status, 404);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let audit = lines(&server, "daplet::audit");
    let changes: Vec<&Value> = audit.iter().map(|line| &line["message"]).collect();
    assert_eq!(changes, ["uploaded", "replaced", "removed"]);
    let (versions, grants) = ((&audit[1]["old_version"], &audit[1]["version"]), &audit[1]["grants"]);
    assert_eq!(versions, (&first["version"], &second["version"]));
    assert_eq!((grants, &audit[1]["function"]), (&json!("topics: +pubsub/b -pubsub/a"), &json!("f")));
    assert!(audit.iter().all(|line| line["peer"].as_str().unwrap().starts_with("127.0.0.1:")), "{audit:?}");
    assert_eq!((&audit[2]["old_version"], &audit[2]["version"]), (&second["version"], &Value::Null));
    let access = lines(&server, "daplet::access");
    assert_eq!(access.len(), 2, "{access:?}");
    let (served, lost) = (&access[0], &access[1]);
    assert_eq!(
        (&served["path"], &served["status"], &served["method"]),
        (&json!("/f/some/path"), &json!(204), &json!("GET"))
    );
    assert_eq!((&served["function"], &served["version"]), (&json!("f"), &second["version"]));
    assert_eq!((&lost["status"], &lost["code"]), (&json!(404), &json!("scriptNotFound")));
    let slow = lines(&server, "daplet::slow");
    assert_eq!((slow.len(), &slow[0]["request_id"]), (1, &served["request_id"]));
    assert!(slow[0]["ms"].as_f64().unwrap() >= 150.0 && slow[0]["trigger"] == "http", "{slow:?}");
    let printed = lines(&server, "function");
    assert!(
        printed.iter().any(|line| line["version"] == second["version"] && line["request_id"] == served["request_id"])
    );
    assert!(!server.output().contains("hunter2"), "{}", server.output());
}
