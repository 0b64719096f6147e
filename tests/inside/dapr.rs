//! Dapr's HTTP API without Dapr: what clients see on the wire, and a server with a "sidecar".
use crate::server::{Answer, Options, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Answers with what it was sent, and keeps what it receives from the topic `greetings`.
const ECHO: &str = include_str!("../functions/echo.js");

/// Method, path, headers, body; status, text that the answer's body must contain.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str);

async fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = server.http.request(method, format!("{}{path}", server.dapr)).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn state_speaks_dapr() {
    let server = Server::start().await;
    let json = [("content-type", "application/json")];
    let table: &[Row] = &[
        ("GET", "/v1.0/state/statestore/none", &[], "", 204, ""),
        ("POST", "/v1.0/state/statestore", &json, r#"[{"key":"k","value":{"a":1}}]"#, 204, ""),
        ("GET", "/v1.0/state/statestore/k", &[], "", 200, r#"{"a":1}"#),
        ("POST", "/v1.0/state/statestore", &json, r#"[{"key":"k","value":2,"etag":"wrong"}]"#, 409, "ERR_STATE_SAVE"),
        (
            "POST",
            "/v1.0/state/statestore",
            &json,
            r#"[{"key":"k","value":2,"options":{"concurrency":"first-write"}}]"#,
            409,
            "ERR_STATE_SAVE",
        ),
        ("DELETE", "/v1.0/state/statestore/k", &[("if-match", "wrong")], "", 409, "ERR_STATE_DELETE"),
        ("GET", "/v1.0/state/statestore/k", &[], "", 200, r#"{"a":1}"#),
        (
            "POST",
            "/v1.0/state/statestore/transaction",
            &json,
            r#"{"operations":[{"operation":"upsert","request":{"key":"x","value":1}},{"operation":"upsert","request":{"key":"k","value":3,"etag":"wrong"}}]}"#,
            500,
            "ERR_STATE_TRANSACTION",
        ),
        ("GET", "/v1.0/state/statestore/x", &[], "", 204, ""),
        (
            "POST",
            "/v1.0/state/statestore/transaction",
            &json,
            r#"{"operations":[{"operation":"rename","request":{"key":"x"}}]}"#,
            400,
            "ERR_NOT_SUPPORTED_STATE_OPERATION",
        ),
        ("POST", "/v1.0/state/statestore/bulk", &json, r#"{"keys":["k","none"]}"#, 200, r#"{"key":"none"}"#),
        // A first write of a key that has a value, also where it removes.
        ("DELETE", "/v1.0/state/statestore/k?concurrency=first-write", &[], "", 409, "ERR_STATE_DELETE"),
        ("DELETE", "/v1.0/state/statestore/k?concurrency=any", &[], "", 400, "unrecognized concurrency model 'any'"),
        ("GET", "/v1.0/state/statestore/k?consistency=strong", &[], "", 200, r#"{"a":1}"#),
        ("DELETE", "/v1.0/state/statestore/k", &[], "", 204, ""),
        ("DELETE", "/v1.0/state/statestore/k", &[], "", 204, ""),
        ("POST", "/v1.0/state/statestore", &json, r#"[{"key":"a||b","value":1}]"#, 400, "ERR_MALFORMED_REQUEST"),
        ("POST", "/v1.0/state/statestore", &json, r#"[{"key":"","value":1}]"#, 400, "ERR_MALFORMED_REQUEST"),
        ("POST", "/v1.0/state/statestore", &json, "{", 400, "ERR_MALFORMED_REQUEST"),
        (
            "POST",
            "/v1.0/state/statestore",
            &json,
            r#"[{"key":"t","value":1,"metadata":{"ttlInSeconds":"soon"}}]"#,
            400,
            "ttlInSeconds",
        ),
        ("GET", "/v1.0/state/elsewhere/k", &[], "", 400, "ERR_STATE_STORE_NOT_FOUND"),
        (
            "POST",
            "/v1.0/state/statestore",
            &json,
            r#"[{"key":"zero","value":1,"metadata":{"ttlInSeconds":"0"}},{"key":"a/b c/","value":7},{"key":"bulk","value":8}]"#,
            204,
            "",
        ),
        ("GET", "/v1.0/state/statestore/zero?consistency=whatever", &[], "", 200, "1"),
        (
            "POST",
            "/v1.0/state/statestore",
            &json,
            r#"[{"key":"t","value":1,"metadata":{"ttlInSeconds":"-2"}}]"#,
            400,
            "ttlInSeconds",
        ),
        ("GET", "/v1.0/state/statestore/a/b%20c/", &[], "", 200, "7"),
        ("GET", "/v1.0/state/statestore/a%2Fb%20c%2F", &[], "", 200, "7"),
        ("DELETE", "/v1.0/state/statestore/a/b%20c/", &[], "", 204, ""),
        ("GET", "/v1.0/state/statestore/a/b%20c/", &[], "", 204, ""),
        ("GET", "/v1.0/state/statestore/bulk", &[], "", 200, "8"),
        ("DELETE", "/v1.0/state/statestore/bulk", &[], "", 204, ""),
        ("GET", "/v1.0/state/statestore/bulk", &[], "", 204, ""),
        ("POST", "/v1.0/state/statestore/bulk", &json, r#"{"keys":[]}"#, 200, "[]"),
        ("POST", "/v1.0/state/statestore/bulk", &json, "{}", 200, "[]"),
        (
            "POST",
            "/v1.0/state/statestore/transaction",
            &json,
            r#"{"operations":[{"operation":"upsert","request":{"key":"","value":"nameless"}}]}"#,
            204,
            "",
        ),
        (
            "POST",
            "/v1.0/state/statestore/bulk",
            &json,
            r#"{"keys":["","zero",""]}"#,
            200,
            r#"{"key":"","data":"nameless","etag""#,
        ),
        ("GET", "/v1.0/metadata", &[], "", 200, r#""capabilities":["ETAG","TRANSACTIONAL","TTL","QUERY_API","ACTOR"]"#),
        (
            "POST",
            "/v1.0-alpha1/state/statestore/query",
            &json,
            r#"{"filter":{"LIKE":{"a":1}}}"#,
            400,
            "ERR_MALFORMED_REQUEST",
        ),
        ("POST", "/v1.0-alpha1/state/statestore/query", &json, r#"{"filter":{"EQ":{"a":"nothing"}}}"#, 204, ""),
        ("POST", "/v1.0-alpha1/state/nowhere/query", &json, "{}", 400, "ERR_STATE_STORE_NOT_FOUND"),
        ("GET", "/v1.0/healthz", &[], "", 204, ""),
        ("GET", "/v1.0/metadata", &[], "", 200, r#""id":"daplet""#),
        ("POST", "/v1.0/publish/nowhere/t", &json, "{}", 404, "ERR_PUBSUB_NOT_FOUND"),
        (
            "POST",
            "/v1.0/publish/bulk/pubsub/t",
            &json,
            r#"[{"entryId":"1","event":1,"contentType":"application/json"},{"entryId":"1","event":2,"contentType":"application/json"}]"#,
            400,
            "ERR_PUBSUB_EVENTS_SER",
        ),
        ("GET", "/v1.0/invoke/nobody/method/x", &[], "", 500, "ERR_DIRECT_INVOKE"),
    ];
    for (method, path, headers, body, status, contains) in table {
        let answer = send(&server, method, path, headers, body).await;
        assert!(
            answer.status == *status && answer.text().contains(contains),
            "{method} {path} {body}: {} {}",
            answer.status,
            answer.text()
        );
    }

    // An ETag changes with each write, and a key expires.
    let save = r#"[{"key":"ttl","value":"soon gone","metadata":{"ttlInSeconds":"1"}}]"#;
    assert_eq!(send(&server, "POST", "/v1.0/state/statestore", &json, save).await.status, 204);
    let first = send(&server, "GET", "/v1.0/state/statestore/ttl", &[], "").await;
    assert!(first.header("etag").is_some() && first.header("metadata.ttlexpiretime").is_some(), "{first:?}");
    assert_eq!(send(&server, "POST", "/v1.0/state/statestore", &json, save).await.status, 204);
    let second = send(&server, "GET", "/v1.0/state/statestore/ttl", &[], "").await;
    assert_ne!(first.header("etag"), second.header("etag"));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(send(&server, "GET", "/v1.0/state/statestore/ttl", &[], "").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn invocation_carries_everything() {
    let server = Server::start().await;
    server.deploy("echo", ECHO).await;
    server
        .deploy(
            "teapot",
            "export default () => new Response(new Uint8Array([0, 255]), { status: 418, headers: { 'x-a': 'b' } })",
        )
        .await;
    let answer = send(
        &server,
        "PUT",
        "/v1.0/invoke/daplet/method/echo/a%20b?c=d",
        &[("x-mine", "1"), ("dapr-callee-app-id", "spoofed")],
        "[1]",
    )
    .await;
    let seen = answer.json();
    assert_eq!(seen, json!({"method": "PUT", "path": "/a%20b?c=d", "mine": "1", "caller": "daplet", "body": [1]}));
    let answer = send(&server, "GET", "/v1.0/invoke/daplet/method/teapot", &[], "").await;
    assert_eq!((answer.status, answer.header("x-a"), answer.body.as_slice()), (418, Some("b"), [0, 255].as_slice()));
    let answer = send(&server, "GET", "/echo/by-header", &[("dapr-app-id", "daplet")], "").await;
    assert_eq!(answer.json()["path"], "/by-header");
}

/// Retries by the policy, then the dead-letter topic; "DROP" goes there at once; a late retry delays no other message.
#[tokio::test(flavor = "multi_thread")]
async fn failed_messages_reach_the_dead_letter_topic() {
    let server = Server::start().await;
    let worker = r#"import { state } from "@daplet/sdk";
        export const subscriptions = [{ topic: "work", deadLetterTopic: "failed", retry: { policy: "constant", durationMs: 20, maxRetries: 2 } }];
        export default {
          fetch: async () => ({ tries: (await state().get("tries")) ?? 0, done: await state().get("done") }),
          async message(event, env, ctx) {
            if (event.data === "good") return state().put("done", true);
            if (event.data === "drop") return "DROP";
            await state().update("tries", (n) => (n ?? 0) + 1);
            throw new Error(`attempt ${ctx.attempt}`);
          } };"#;
    let collector = r#"import { state } from "@daplet/sdk";
        export const subscriptions = [{ topic: "failed" }];
        export default {
          fetch: async () => (await state().get("all")) ?? [],
          message: (event) => state().update("all", (all) => [...(all ?? []), { data: event.data, topic: event.topic }], { retries: 100 }) };"#;
    server.deploy("worker", worker).await;
    server.deploy("collector", collector).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    for data in ["bad", "drop", "good"] {
        let answer = send(&server, "POST", "/v1.0/publish/pubsub/work", &[("content-type", "text/plain")], data).await;
        assert_eq!(answer.status, 204);
    }
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let failed = server.get("/collector").await.json();
        if failed.as_array().is_some_and(|failed| failed.len() == 2) {
            let mut failed: Vec<String> = failed.as_array().unwrap().iter().map(Value::to_string).collect();
            failed.sort();
            // The message is unchanged: its topic is still the original one.
            assert_eq!(failed, [r#"{"data":"bad","topic":"work"}"#, r#"{"data":"drop","topic":"work"}"#]);
            assert_eq!(server.get("/worker").await.json(), json!({"tries": 3, "done": true}));
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not dead-lettered: {}", server.get("/collector").await.text());
}

/// A server that has a sidecar uses it for everything. Here the sidecar is another server's embedded Dapr API.
#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_is_used_where_there_is_one() {
    let sidecar = Server::start().await;
    sidecar.deploy("echo", ECHO).await;
    let port = sidecar.dapr.rsplit(':').next().unwrap().to_owned();
    let env = vec![("DAPR_HTTP_PORT".to_owned(), port)];
    let args = vec!["--app-id".to_owned(), "other".to_owned()];
    let server = Server::with(Options { env, args, ..Options::default() }).await;
    let source = r#"import { state, pubsub, invoke } from "@daplet/sdk";
        export const subscriptions = [{ topic: "things", deadLetterTopic: "bad" }];
        export default {
          async fetch() {
            const s = state(), codes = [];
            await s.put("k", { v: 1 });
            const { etag } = await s.getWithEtag("k");
            try { await s.put("k", 2, { etag: "wrong" }) } catch (e) { codes.push(e.code) }
            await s.put("k", { v: 2 }, { etag });
            await s.transact([{ put: "a", value: 1 }, { delete: "k" }]);
            await pubsub().publish("greetings", { from: "afar" });
            const reply = await invoke("daplet").fetch("/echo/x", { method: "POST", body: "[7]" });
            return { many: [...(await s.getMany(["a", "k"])).values()], codes, echoed: await reply.json() };
          },
          message(event) { if (event.data === "bad") throw new Error("bad") } };"#;
    server.deploy("far", source).await;
    let seen = server.get("/far").await.json();
    assert_eq!(seen["many"], json!([1, null]), "{seen}");
    assert_eq!((&seen["codes"], &seen["echoed"]["body"]), (&json!(["ETAG_MISMATCH"]), &json!([7])), "{seen}");
    assert_eq!(
        server.get("/dapr/subscribe").await.json(),
        json!([{"pubsubname": "pubsub", "topic": "things", "route": "/dapr/topics/pubsub/things", "deadLetterTopic": "bad"}])
    );
    let event =
        |data: &str| json!({"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": data}).to_string();
    let good = server.post("/dapr/topics/pubsub/things", event("good")).await;
    assert_eq!((good.status, good.json()["status"].as_str()), (200, Some("SUCCESS")));
    let bad = server.post("/dapr/topics/pubsub/things", event("bad")).await;
    assert_eq!((bad.status, bad.json()["status"].as_str()), (200, Some("RETRY")));
    let missing = server.post("/dapr/topics/pubsub/nobody", event("good")).await;
    assert_eq!(
        (missing.status, missing.json()["status"].as_str()),
        (200, Some("RETRY")),
        "a 404 would drop the message"
    );

    drop(sidecar);
    let start = Instant::now();
    let answer = server.get("/far").await;
    assert!(answer.status == 500 && answer.text().contains("sidecar"), "{}", answer.text());
    assert!(start.elapsed() < Duration::from_secs(10));
}
