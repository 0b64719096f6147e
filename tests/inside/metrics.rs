//! `/metrics` after known traffic.
use crate::server::{Answer, Options, Server};
use daplet_tests::exposition::Exposition;
use serde_json::{Value, json};
use std::time::Duration;

const SUBSCRIBER: &str = r#"
  export const subscriptions = [{
    topic: "orders", deadLetterTopic: "failed", retry: { policy: "constant", durationMs: 20, maxRetries: 2 },
  }];
  export default { message: (event) => { if (event.data.bad) throw new Error("no"); } };"#;

async fn scrape(server: &Server) -> Exposition {
    let answer = server.get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    Exposition::parse(&answer.text())
}

/// Scrapes until a value is reached: what is counted after an answer may be a moment late.
async fn until(server: &Server, name: &str, labels: &[(&str, &str)], wanted: f64) -> Exposition {
    for _ in 0..200 {
        let metrics = scrape(server).await;
        if metrics.sum(name, labels) >= wanted {
            return metrics;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{name}{labels:?} is not {wanted}:\n{}", server.get("/metrics").await.text());
}

async fn publish(server: &Server, body: Value) {
    let request = server.http.post(format!("{}/v1.0/publish/pubsub/orders", server.dapr)).json(&body);
    assert_eq!(request.send().await.unwrap().status(), 204);
}

fn options(args: &[&str]) -> Options {
    Options { args: args.iter().map(|&arg| arg.to_owned()).collect(), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_counted() {
    let server = Server::start().await;
    let hello = r#"import { state } from "@daplet/sdk";
        export default { fetch: async () => { await state().get("visits"); return "hello"; } };"#;
    server.deploy("hello", hello).await;
    server.deploy("thrower", r#"export default { fetch() { throw new Error("no"); } };"#).await;
    server.deploy("shop", SUBSCRIBER).await;
    let busy = "export default { async fetch() { await new Promise((done) => setTimeout(done, 300)); } };";
    server.deploy_with(json!({"name": "busy", "source": busy, "limits": {"concurrency": 1}})).await;
    for _ in 0..5 {
        assert_eq!(server.get("/hello").await.status, 200);
    }
    for _ in 0..2 {
        assert_eq!(server.get("/thrower").await.code(), "exception");
    }
    assert_eq!(server.get("/nothing").await.code(), "scriptNotFound");
    let both = tokio::join!(server.get("/busy"), server.get("/busy"));
    assert_eq!([both.0.status, both.1.status].iter().sum::<u16>(), 204 + 503);
    publish(&server, json!({"bad": false})).await;
    publish(&server, json!({"bad": true})).await;
    let shop = [("topic", "pubsub/orders"), ("function", "shop")];
    let metrics = until(&server, "daplet_deliveries_total", &shop, 4.0).await;
    let counted = |name: &str, labels: &[(&str, &str)]| metrics.get(name, labels).unwrap_or_default();
    let invocations = |function, trigger, code| {
        let labels = [("function", function), ("trigger", trigger), ("code", code)];
        counted("daplet_invocations_total", &labels)
    };
    assert_eq!(invocations("hello", "http", "ok"), 5.0);
    assert_eq!(invocations("thrower", "http", "exception"), 2.0);
    assert_eq!((invocations("busy", "http", "ok"), invocations("busy", "http", "loadShed")), (1.0, 1.0));
    assert_eq!((invocations("shop", "topic", "ok"), invocations("shop", "topic", "exception")), (1.0, 3.0));
    assert_eq!(counted("daplet_invocation_duration_seconds_count", &[("function", "hello")]), 5.0);
    assert!(counted("daplet_invocation_duration_seconds_sum", &[("function", "busy")]) >= 0.3);
    assert_eq!(counted("daplet_operations_total", &[("operation", "state.get"), ("code", "ok")]), 5.0);
    assert_eq!(counted("daplet_operation_duration_seconds_count", &[("operation", "state.get")]), 5.0);
    assert_eq!(counted("daplet_requests_refused_total", &[("code", "scriptNotFound")]), 1.0);
    assert_eq!(counted("daplet_sheds_total", &[("limit", "concurrency")]), 1.0);
    let outcome = |outcome| counted("daplet_deliveries_total", &[shop[0], shop[1], ("outcome", outcome)]);
    let outcomes = ["delivered", "retried", "deadLettered", "dropped"].map(outcome);
    assert_eq!(outcomes, [1.0, 2.0, 1.0, 0.0]);
    assert_eq!(metrics.get("daplet_subscription_backlog", &shop), Some(0.0));
    assert_eq!(counted("daplet_changes_total", &[("change", "uploaded")]), 4.0);
    assert_eq!(metrics.get("daplet_functions", &[("state", "live")]), Some(4.0));
    for phase in ["queue", "restore", "javascript"] {
        assert!(counted(&format!("daplet_{phase}_duration_seconds_count"), &[]) >= 12.0, "{phase}");
    }
    assert!(counted("daplet_database_bytes", &[("database", "state.redb")]) > 0.0);
    assert!(counted("daplet_snapshot_lookups_total", &[("result", "memory")]) >= 12.0);
    for name in ["memory_limit_bytes", "slots", "queue_limit", "workers", "entries_total"] {
        assert!(counted(&format!("daplet_{name}"), &[]) > 0.0, "{name}");
    }
    for name in ["memory_used_bytes", "memory_refusals_total", "invocations_running", "parked"] {
        assert!(metrics.get(&format!("daplet_{name}"), &[]).is_some(), "{name}");
    }
    for line in ["short", "trial", "evaluation", "long"] {
        assert!(metrics.get("daplet_queue_length", &[("line", line)]).is_some(), "{line}");
        assert!(metrics.get("daplet_queue_oldest_seconds", &[("line", line)]).is_some(), "{line}");
    }
    for kind in ["job", "reminder"] {
        assert_eq!(metrics.get("daplet_jobs_late", &[("kind", kind)]), Some(0.0));
    }
    every_metric_is_documented(&metrics);
}

fn every_metric_is_documented(metrics: &Exposition) {
    let page = std::fs::read_to_string(daplet_tests::root().join("docs/metrics.md")).unwrap();
    for name in metrics.names() {
        let family = ["_bucket", "_sum", "_count"].iter().fold(name, |name, suffix| name.trim_end_matches(suffix));
        assert!(page.contains(&format!("`{family}`")), "{family} is not in docs/metrics.md");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_above_the_cap_share_a_label() {
    let server = Server::with(options(&["--metrics-functions", "2"])).await;
    for name in ["one", "two", "three", "four"] {
        server.deploy(name, "export default { fetch: () => \"x\" };").await;
        assert_eq!(server.get(&format!("/{name}")).await.status, 200);
    }
    let calls = |metrics: &Exposition, name: &str| metrics.sum("daplet_invocations_total", &[("function", name)]);
    let metrics = scrape(&server).await;
    assert_eq!(["one", "two", "three", "four", "other"].map(|name| calls(&metrics, name)), [1.0, 1.0, 0.0, 0.0, 2.0]);
    let removed = server.http.delete(server.url("/functions/one")).send().await.unwrap();
    assert_eq!(removed.status(), 204);
    scrape(&server).await;
    server.get("/three").await;
    let metrics = scrape(&server).await;
    assert_eq!(["one", "two", "three", "other"].map(|name| calls(&metrics, name)), [0.0, 1.0, 1.0, 2.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_management() {
    let token = ["--admin-token-file", "token"];
    let server = Server::with(options(&token)).await;
    assert_eq!(server.get("/metrics").await.code(), "unauthorized");
    let token = std::fs::read_to_string(server.data.join("token")).unwrap();
    let request = || server.http.get(server.url("/metrics")).bearer_auth(token.trim());
    assert_eq!(request().send().await.unwrap().status(), 200);
    let open = request().header("accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    let open = Answer::of(open.send().await.unwrap()).await;
    assert!(open.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(open.text().ends_with("# EOF\n"));
}
