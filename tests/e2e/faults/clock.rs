//! The clock on the wall jumps: dates follow it, and nothing else does. Needs libfaketime (Debian: `libfaketime`).
use daplet_tests::server::{Options, Server};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const DAY_MS: i64 = 86_400_000;

const CLOCKS: &str = r#"import { state, pubsub } from "@daplet/sdk";
    export const subscriptions = [{ topic: "ticks" }];
    export default {
      async fetch(request) {
        const query = new URL(request.url).searchParams;
        if (query.has("wait")) await new Promise(done => setTimeout(done, Number(query.get("wait"))));
        if (query.has("keep")) await state().put("kept", 1, { ttl: Number(query.get("keep")) });
        if (query.has("publish")) await pubsub().publish("ticks", query.get("publish"));
        return Response.json({ now: Date.now(), kept: await state().get("kept"), seen: await state().get("seen") });
      },
      async message(event) { await state().put("seen", event.data) },
    }"#;

/// A server whose clock runs `file`'s offset ahead; monotonic clocks do not change, as in a real jump.
async fn with_clock(file: &Path) -> Option<Server> {
    if !Path::new(LIBRARY).exists() {
        eprintln!("SKIPPED: {LIBRARY} is missing (apt-get install libfaketime)");
        return None;
    }
    std::fs::write(file, "+0\n").unwrap();
    let env = [
        ("LD_PRELOAD", LIBRARY),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Some(Server::with(Options { env, ..Options::default() }).await)
}

fn jump(file: &PathBuf, offset: &str) {
    std::fs::write(file, format!("{offset}\n")).unwrap();
}

async fn clocks(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("/clocks?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_dates_follow_a_jump_of_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offset");
    let Some(server) = with_clock(&file).await else { return };
    server.deploy("clocks", CLOCKS).await;
    let never = "export default () => new Promise(done => setTimeout(done, 60000))";
    server.deploy_with(json!({"name": "never", "source": never, "limits": {"wallMs": 300}})).await;
    server.deploy("busy", "export default () => { for (;;); }").await;
    let mut last_id = String::new();
    for (round, (offset, days)) in [("-2d", -2), ("+40d", 40), ("-10d", -10), ("+0", 0)].into_iter().enumerate() {
        let before = clocks(&server, "keep=3600").await;
        assert_eq!(before["kept"], 1);
        // In flight during the jump: neither cut off nor forgotten.
        let url = server.url("/clocks?wait=500");
        let waiting = tokio::spawn(server.http.get(url).send());
        tokio::time::sleep(Duration::from_millis(150)).await;
        let old: i64 = [0, -2, 40, -10][round];
        jump(&file, offset);
        assert_eq!(waiting.await.unwrap().unwrap().status(), 200, "{offset}");

        let after = clocks(&server, "wait=20").await;
        let jumped = after["now"].as_i64().unwrap() - before["now"].as_i64().unwrap() - (days - old) * DAY_MS;
        assert!(jumped.abs() < 600_000, "{offset}: Date is {jumped} ms beside the clock");
        assert_eq!(after["kept"].is_null(), days > old, "{offset}: a lifetime is counted by the clock");
        for (name, status, code) in [("never", 504, "exceededWallTime"), ("busy", 503, "exceededCpu")] {
            let answer = server.get(&format!("/{name}")).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{offset}");
        }
        for i in 0..20 {
            let id = server.get("/clocks").await.header("x-request-id").unwrap().to_owned();
            assert!(id > last_id, "{offset}: request {i} has the id {id} after {last_id}");
            last_id = id;
        }
        let tick = format!("{round}");
        clocks(&server, &format!("publish={tick}")).await;
        let mut seen = Value::Null;
        for _ in 0..250 {
            seen = clocks(&server, "").await["seen"].clone();
            if seen == tick.as_str() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(seen, tick.as_str(), "{offset}: the message is delivered");
        server.deploy(&format!("new-{round}"), "export default () => 'new'").await;
        assert_eq!(server.get(&format!("/new-{round}")).await.text(), "new");
    }
}
