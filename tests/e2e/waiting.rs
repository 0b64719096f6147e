//! Waiting costs no thread: parked invocations, concurrent operations, timers.
use daplet_tests::server::Server;
use futures::future::join_all;
use std::time::{Duration, Instant};

/// 10,000 invocations wait a second each. With a thread or a slot each, this could not end in any sensible time.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_invocations_wait_at_once() {
    let server = Server::with_high_limits().await;
    let source = "export default { async fetch(r) { const n = new URL(r.url).searchParams.get('n');
        await new Promise(done => setTimeout(done, 1000)); return n } }";
    server.deploy("sleeper", source).await;
    let start = Instant::now();
    // In waves of connections that the test process can hold; all of them wait in the server at the same time.
    let calls = (0..10_000).map(|n| {
        let server = &server;
        async move {
            let answer = server.get(&format!("/sleeper?n={n}")).await;
            assert_eq!((answer.status, answer.text()), (200, n.to_string()));
        }
    });
    join_all(calls).await;
    println!("10,000 invocations of 1 s: {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(45), "they did not wait at the same time: {:?}", start.elapsed());
}

/// `Promise.all` of ten one-second waits is one second, not ten.
#[tokio::test(flavor = "multi_thread")]
async fn operations_run_at_the_same_time() {
    let server = Server::start().await;
    let source = "export default { async fetch() {
        const start = Date.now();
        await Promise.all(Array.from({ length: 10 }, () => new Promise(done => setTimeout(done, 1000))));
        return { ms: Date.now() - start } } }";
    server.deploy("together", source).await;
    let ms = server.get("/together").await.json()["ms"].as_f64().unwrap();
    assert!((950.0..8_000.0).contains(&ms), "ten waits of 1 s took {ms} ms");
}

/// The reply leaves as soon as it is there; `waitUntil` goes on after it.
#[tokio::test(flavor = "multi_thread")]
async fn wait_until_outlives_the_reply() {
    let server = Server::start().await;
    let source = r#"import { state } from "@daplet/sdk";
        export default { async fetch(request, env, ctx) {
          if (request.method === "GET") return { done: await state().get("done") };
          ctx.waitUntil((async () => { await new Promise(d => setTimeout(d, 300)); await state().put("done", true) })());
          return { done: await state().get("done") };
        } }"#;
    server.deploy("later", source).await;
    assert!(server.post("/later", "").await.json()["done"].is_null());
    for _ in 0..200 {
        if server.get("/later").await.json()["done"] == true {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waitUntil was cut off");
}
