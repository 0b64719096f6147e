//! Bulk subscriptions on the embedded default: which batches there are, what becomes of each of their events, what a crash leaves.
use daplet_tests::server::{Options, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Keeps each batch as it came: `/NAME` tells them. What an event is called says what becomes of it. `/NAME?dead` are the dead letters.
fn keeper(subscription: &str, more: &str) -> String {
    format!(
        r#"import {{ state }} from "@daplet/sdk";
        export const subscriptions = [{{ topic: "work", {subscription} }}, "failed"];
        const keep = (key, value) => state().update(key, (all) => [...(all ?? []), value], {{ retries: 1000 }});
        export default {{
          fetch: async (request) => (await state().get(request.url.endsWith("?dead") ? "dead" : "batches")) ?? [],
          message: (event) => keep("dead", `${{event.topic}}:${{event.data}}`),
          async messages(events, env, ctx) {{
            const names = events.map((event) => event.data ?? event.data_base64);
            const {{ topic, pubsub, route = null, attempts, attempt = null }} = ctx;
            await keep("batches", {{ names, attempts, route, about: `${{pubsub}}/${{topic}}`, attempt, at: Date.now() }});
            {more}
            return names.map((name) => name.startsWith("bad") ? "RETRY" : name.startsWith("drop") ? "DROP" : "SUCCESS");
          }} }};"#
    )
}

/// Publishes texts in one call, so that they wait together.
async fn publish(server: &Server, topic: &str, data: &[&str], metadata: Value) {
    let entry = |(id, data): (usize, &&str)| json!({"entryId": id.to_string(), "event": data, "contentType": "text/plain", "metadata": metadata});
    let entries: Vec<Value> = data.iter().enumerate().map(entry).collect();
    let request = server.http.post(format!("{}/v1.0/publish/bulk/pubsub/{topic}", server.dapr)).json(&entries);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
}

async fn eventually(server: &Server, path: &str, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let answer = server.get(path).await;
        let seen: Vec<Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
        if fits(&seen) {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{path}: {}", answer.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All names that were given to the handler.
fn names(batches: &[Value]) -> Vec<&str> {
    batches.iter().flat_map(|batch| batch["names"].as_array().unwrap()).map(|name| name.as_str().unwrap()).collect()
}

fn sizes(batches: &[Value]) -> Vec<usize> {
    batches.iter().map(|batch| batch["names"].as_array().unwrap().len()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_full_or_has_waited() {
    let server = Server::start().await;
    let function =
        server.deploy("keeper", &keeper("bulkSubscribe: { maxMessagesCount: 10, maxAwaitDurationMs: 500 }", "")).await;
    assert_eq!(
        function["subscriptions"][0]["bulkSubscribe"],
        json!({"maxMessagesCount": 10, "maxAwaitDurationMs": 500}),
        "{function}"
    );
    let all: Vec<String> = (0..25).map(|n| format!("{n:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    publish(&server, "work", &all, json!({})).await;
    let batches = eventually(&server, "/keeper", |batches| names(batches).len() == 25).await;
    // Full ones run side by side, so which is noted first is not said.
    let mut whole: Vec<String> = batches.iter().map(|batch| batch["names"].to_string()).collect();
    whole.sort();
    assert_eq!(whole, [json!(all[..10]), json!(all[10..20]), json!(all[20..])].map(|names| names.to_string()));
    let at = |batch: &Value| batch["at"].as_u64().unwrap();
    let (full, waited) = (at(&batches[0]), at(&batches[2]));
    assert!(sizes(&batches)[2] == 5 && (400..5000).contains(&(waited - full)), "{batches:?}");
    assert_eq!(
        (&batches[0]["attempts"], &batches[0]["attempt"], &batches[0]["about"]),
        (&json!(vec![1; 10]), &Value::Null, &json!("pubsub/work"))
    );

    // What comes while the first waits goes with it.
    publish(&server, "work", &["first"], json!({})).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    publish(&server, "work", &["second"], json!({})).await;
    let batches = eventually(&server, "/keeper", |batches| names(batches).len() == 27).await;
    assert_eq!(batches[3]["names"], json!(["first", "second"]));
}

/// Only what failed is retried, by the policy, in later batches; a late retry delays no other event.
#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_an_outcome_of_its_own() {
    let server = Server::start().await;
    let subscription = r#"deadLetterTopic: "failed", retry: { policy: "constant", durationMs: 50, maxRetries: 2 },
        bulkSubscribe: { maxMessagesCount: 4, maxAwaitDurationMs: 100 }"#;
    let more = r#"if (names.includes("throw") && attempts[0] === 1) throw new Error("all of them");
        if (names.includes("short")) return ["SUCCESS", "DONE"];"#;
    server.deploy("keeper", &keeper(subscription, more)).await;
    publish(&server, "work", &["good", "bad", "drop", "fine"], json!({})).await;
    let dead = eventually(&server, "/keeper?dead", |dead| dead.len() == 2).await;
    assert_eq!(dead, [json!("work:drop"), json!("work:bad")]);
    let batches = eventually(&server, "/keeper", |batches| batches.len() == 3).await;
    let seen: Vec<Value> = batches.iter().map(|batch| json!([batch["names"], batch["attempts"]])).collect();
    assert_eq!(
        seen,
        [json!([["good", "bad", "drop", "fine"], [1, 1, 1, 1]]), json!([["bad"], [2]]), json!([["bad"], [3]])]
    );

    publish(&server, "work", &["throw", "beside"], json!({})).await;
    let batches = eventually(&server, "/keeper", |batches| batches.len() == 5).await;
    assert_eq!(json!([batches[3]["names"], batches[4]["names"]]), json!([["throw", "beside"], ["throw", "beside"]]));
    assert_eq!(batches[4]["attempts"], json!([2, 2]));

    // An outcome that is missing, or no word, is RETRY for its event.
    publish(&server, "work", &["short", "odd", "missing"], json!({})).await;
    let batches = eventually(&server, "/keeper", |batches| batches.len() == 7).await;
    assert_eq!(json!([batches[6]["names"], batches[6]["attempts"]]), json!([["odd", "missing"], [2, 2]]));
    assert!(server.output().contains(r#"taken as "RETRY""#), "{}", server.output());

    // Enough of them that each in a place of its own would leave none.
    let bad: Vec<String> = (0..40).map(|n| format!("bad{n}")).collect();
    publish(&server, "work", &bad.iter().map(String::as_str).collect::<Vec<_>>(), json!({})).await;
    publish(&server, "work", &["last"], json!({})).await;
    eventually(&server, "/keeper?dead", |dead| dead.len() == 42).await;
    let batches = eventually(&server, "/keeper", |batches| names(batches).contains(&"last")).await;
    let tries = |name: &str| names(&batches).iter().filter(|other| **other == name).count();
    assert_eq!((tries("last"), tries("bad0"), tries("bad39")), (1, 3, 3));
}

/// One batch is one invocation: what its events take counts together.
#[tokio::test(flavor = "multi_thread")]
async fn limits_are_of_the_whole_batch() {
    let server = Server::start().await;
    let subscription =
        r#"deadLetterTopic: "failed", retry: { maxRetries: 0 }, bulkSubscribe: { maxAwaitDurationMs: 100 }"#;
    let source = keeper(subscription, r#"for (const name of names) await state().put(name, 1);"#);
    server.deploy_with(json!({"name": "keeper", "source": source, "limits": {"operations": 8}})).await;
    publish(&server, "work", &["a", "b", "c"], json!({})).await;
    eventually(&server, "/keeper", |batches| batches.len() == 1).await;
    publish(&server, "work", &["1", "2", "3", "4", "5", "6", "7", "8"], json!({})).await;
    let mut dead = eventually(&server, "/keeper?dead", |dead| dead.len() == 8).await;
    dead.sort_by_key(Value::to_string);
    assert_eq!(dead[7], json!("work:8"));
}

/// A batch that takes long does not delay others, and a busy function has not failed.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_batch_holds_up_nobody() {
    let server = Server::start().await;
    let subscription = "retry: { maxRetries: 0 }, bulkSubscribe: { maxMessagesCount: 2, maxAwaitDurationMs: 50 }";
    let more = r#"if (names.includes("slow")) await new Promise((done) => setTimeout(done, 3000));"#;
    server.deploy("keeper", &keeper(subscription, more)).await;
    let start = Instant::now();
    publish(&server, "work", &["slow", "beside", "a", "b", "c"], json!({})).await;
    eventually(&server, "/keeper", |batches| names(batches).len() == 5).await;
    assert!(start.elapsed() < Duration::from_millis(2500), "{:?}", start.elapsed());

    let source = keeper(subscription, &more.replace("3000", "1000"));
    server.deploy_with(json!({"name": "one", "source": source, "limits": {"concurrency": 1}})).await;
    publish(&server, "work", &["slow"], json!({})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    publish(&server, "work", &["x", "y"], json!({})).await;
    // The function answers no question while its one place is taken.
    let batches = eventually(&server, "/one", |batches| names(batches).len() == 3).await;
    assert_eq!((&batches[1]["names"], &batches[1]["attempts"]), (&json!(["x", "y"]), &json!([1, 1])));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_of_one_route_and_of_bounded_size() {
    let server = Server::start().await;
    let subscription = r#"deadLetterTopic: "failed", retry: { maxRetries: 0 }, bulkSubscribe: { maxAwaitDurationMs: 200 },
        routes: { rules: [{ match: 'event.data.startsWith("a")', path: "as" }, { match: 'event.data.startsWith("b")', path: "bs" },
                          { match: 'event.nothing == 1', path: "never" }] }"#;
    server.deploy("keeper", &keeper(subscription, "")).await;
    publish(&server, "work", &["a1", "b1", "a2", "b2", "odd", "a3"], json!({})).await;
    let batches = eventually(&server, "/keeper", |batches| batches.len() == 2).await;
    let mut seen: Vec<String> =
        batches.iter().map(|batch| json!([batch["route"], batch["names"]]).to_string()).collect();
    seen.sort();
    assert_eq!(seen, [r#"["as",["a1","a2","a3"]]"#, r#"["bs",["b1","b2"]]"#]);
    assert_eq!(eventually(&server, "/keeper?dead", |dead| !dead.is_empty()).await, [json!("work:odd")]);

    // Events of 1.5 MB: two of them fit into 4 MiB.
    let source = r#"import { state } from "@daplet/sdk";
        export const subscriptions = [{ topic: "large", bulkSubscribe: { maxAwaitDurationMs: 500 } }];
        export default { fetch: async () => [...(await state().getMany(["0", "1", "2", "3", "4"])).values()].filter((n) => n !== null),
          messages: (events) => state().transact(events.map((event) => ({ put: event.data[0], value: events.length }))) };"#;
    server.deploy_with(json!({"name": "large", "source": source, "limits": {"cpuMs": 1000}})).await;
    for n in 0..5 {
        publish(&server, "large", &[&n.to_string().repeat(1_500_000)], json!({})).await;
    }
    let sizes = eventually(&server, "/large", |sizes| sizes.len() == 5).await;
    assert!(
        sizes.iter().all(|size| (1..=2).contains(&size.as_u64().unwrap())) && sizes.contains(&json!(2)),
        "{sizes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_payloads_and_expired_events() {
    let server = Server::start().await;
    server.deploy("keeper", &keeper("rawPayload: true, bulkSubscribe: { maxAwaitDurationMs: 100 }", "")).await;
    publish(&server, "work", &["raw", "bytes"], json!({"rawPayload": "true"})).await;
    let batches = eventually(&server, "/keeper", |batches| !batches.is_empty()).await;
    assert_eq!(batches[0]["names"], json!(["cmF3", "Ynl0ZXM="]));

    // Still fresh when it came, no longer when the batch is due.
    let subscription = "bulkSubscribe: { maxAwaitDurationMs: 1500 }";
    server.deploy("late", &keeper(subscription, "")).await;
    publish(&server, "work", &["fleeting"], json!({"ttlInSeconds": "1"})).await;
    publish(&server, "work", &["lasting"], json!({})).await;
    let batches = eventually(&server, "/late", |batches| !batches.is_empty()).await;
    assert_eq!(names(&batches), ["lasting"]);
    assert!(server.output().contains("expired before it was delivered"), "{}", server.output());
}

/// An open batch belongs to no version: who is live when it is due gets it; a function that is gone gets nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_batch_goes_to_the_live_version() {
    let server = Server::start().await;
    let subscription = "bulkSubscribe: { maxAwaitDurationMs: 1000 }";
    server.deploy("keeper", &keeper(subscription, r#"names.push("old")"#)).await;
    publish(&server, "work", &["a", "b"], json!({})).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    server
        .deploy("keeper", &keeper(subscription, "").replace("names, attempts", r#"names: [...names, "new"], attempts"#))
        .await;
    let batches = eventually(&server, "/keeper", |batches| !batches.is_empty()).await;
    assert_eq!(
        (batches.len(), &batches[0]["names"], &batches[0]["attempts"]),
        (1, &json!(["a", "b", "new"]), &json!([1, 1]))
    );

    // From batches to single messages.
    publish(&server, "work", &["c"], json!({})).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let single = r#"import { state } from "@daplet/sdk"; export const subscriptions = ["work"];
        export default { fetch: async () => [await state().get("single")], message: (event) => state().put("single", event.data) };"#;
    server.deploy("keeper", single).await;
    eventually(&server, "/keeper", |seen| seen == [json!("c")]).await;

    server.deploy("keeper", &keeper(subscription, "")).await;
    publish(&server, "work", &["d"], json!({})).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.http.delete(server.url("/functions/keeper")).send().await.unwrap().status(), 204);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.deploy("keeper", &keeper(subscription, "")).await;
    let batches = server.get("/keeper").await.json();
    assert_eq!(names(batches.as_array().unwrap()), ["a", "b", "new"], "{batches}");
}

/// What was acknowledged to the publisher is delivered at least once, whether it waited for its batch or was in one.
#[tokio::test(flavor = "multi_thread")]
async fn batches_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let again = || Options { data: Some(folder.path().to_path_buf()), ..Options::default() };
    let more = "await new Promise((done) => setTimeout(done, 30));";
    let source = keeper("bulkSubscribe: { maxMessagesCount: 7, maxAwaitDurationMs: 150 }", more);
    let mut published = Vec::new();
    for round in 0..4 {
        let mut server = Server::with(again()).await;
        server.deploy("keeper", &source).await;
        for n in 0..5 {
            let more: Vec<String> = (0..9).map(|i| format!("{round}-{n}-{i}")).collect();
            publish(&server, "work", &more.iter().map(String::as_str).collect::<Vec<_>>(), json!({})).await;
            published.extend(more);
        }
        tokio::time::sleep(Duration::from_millis(40 * round)).await;
        server.kill();
    }
    let server = Server::with(again()).await;
    let all = |batches: &[Value]| published.iter().all(|name| names(batches).contains(&name.as_str()));
    eventually(&server, "/keeper", all).await;
}

/// A server that is stopping does not wait for more messages: what waits is delivered and recorded before it ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_ends_its_batches() {
    let folder = tempfile::tempdir().unwrap();
    let again = || Options { data: Some(folder.path().to_path_buf()), ..Options::default() };
    let mut server = Server::with(again()).await;
    let more = r#"await new Promise((done) => setTimeout(done, 500)); await state().put("ended", true);"#;
    server.deploy("keeper", &keeper("bulkSubscribe: { maxAwaitDurationMs: 20000 }", more)).await;
    publish(&server, "work", &["a", "b"], json!({})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    server.signal("TERM");
    assert_eq!(server.exit_code(Duration::from_secs(15)).await, Some(0), "{}", server.output());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let server = Server::with(again()).await;
    let ended = format!("{}/v1.0/state/statestore/f%2Fkeeper%2Fended", server.dapr);
    assert_eq!(server.http.get(ended).send().await.unwrap().text().await.unwrap(), "true");
    // Once: its outcome was recorded.
    publish(&server, "work", &["c"], json!({})).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let batches = server.get("/keeper").await.json();
    assert_eq!(names(batches.as_array().unwrap()), ["a", "b"], "{batches}");
}
