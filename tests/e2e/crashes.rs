//! A message or job that ends the process is not begun for ever: it is given up after three crashes, and a server in safe mode begins
//! none.
use daplet_tests::server::{Options, Server};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Takes so long over a message "slow" and a job that the server can be killed meanwhile.
const SLOW: &str = r#"import { jobs, pubsub, state } from "@daplet/sdk";
    export const subscriptions = [{ topic: "work", deadLetterTopic: "dead" }, { topic: "dead" }];
    const seen = (line) => state().update("seen", (seen) => [...(seen ?? []), line], { retries: 100 });
    const long = () => new Promise((done) => setTimeout(done, 20000));
    export default {
      async fetch(request) {
        if (request.method === "GET") return (await state().get("seen")) ?? [];
        const { topic, data, job } = await request.json();
        if (job) await jobs().schedule(job, { dueTime: "0s" }); else await pubsub().publish(topic, data);
      },
      async message(event, env, ctx) {
        if (ctx.topic === "work") await seen(`begun ${event.data}`);
        if (ctx.topic === "work" && event.data === "slow") await long();
        await seen(`${ctx.topic} ${event.data}`);
      },
      async job(event) { await seen(`job ${event.name}`); await long(); } };"#;

fn on(data: &Path, args: &[&str]) -> Options {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Options { data: Some(data.to_path_buf()), args, ..Options::default() }
}

async fn seen(server: &Server) -> Vec<String> {
    serde_json::from_value(server.get("/slow").await.json()).unwrap()
}

/// Waits until `line` was seen so often.
async fn wait_for(server: &Server, line: &str, times: usize) {
    let start = Instant::now();
    loop {
        let lines = seen(server).await;
        if lines.iter().filter(|seen| *seen == line).count() >= times {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{line} x{times}: {lines:?}\n{}", server.output());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

async fn send(server: &Server, what: Value) {
    assert_eq!(server.post("/slow", what.to_string()).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_in_flight_at_three_crashes_is_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let mut server = Server::with(on(folder.path(), &[])).await;
        if round == 1 {
            server.deploy("slow", SLOW).await;
            send(&server, json!({"topic": "work", "data": "slow"})).await;
        }
        wait_for(&server, "begun slow", round).await;
        // What came to its end is not to blame.
        send(&server, json!({"topic": "work", "data": format!("quick-{round}")})).await;
        wait_for(&server, &format!("work quick-{round}"), 1).await;
        server.kill();
    }
    let server = Server::with(on(folder.path(), &[])).await;
    wait_for(&server, "dead slow", 1).await;
    let lines = seen(&server).await;
    assert_eq!(lines.iter().filter(|line| *line == "begun slow").count(), 3, "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("dead quick")), "{lines:?}");
    let output = server.output();
    assert!(output.contains("when the server died, 3 times") && output.contains("pubsub/work"), "{output}");
}

/// A stop that interrupts what runs is not a crash, and a job has the same bound as a message.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_at_three_crashes_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=4 {
        let mut server = Server::with(on(folder.path(), &["--shutdown-grace-ms", "200"])).await;
        if round == 1 {
            server.deploy("slow", SLOW).await;
            send(&server, json!({"job": "j"})).await;
        }
        wait_for(&server, "job j", round).await;
        if round == 1 {
            server.signal("TERM");
            server.exit_code(Duration::from_secs(20)).await;
        } else {
            server.kill();
        }
    }
    let server = Server::with(on(folder.path(), &[])).await;
    let start = Instant::now();
    while !server.output().contains("a run of a job is given up") {
        assert!(start.elapsed() < Duration::from_secs(20), "{}", server.output());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(seen(&server).await.iter().filter(|line| *line == "job j").count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn safe_mode_begins_nothing_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::with(on(folder.path(), &[])).await;
    server.deploy("slow", SLOW).await;
    send(&server, json!({"topic": "work", "data": "slow"})).await;
    send(&server, json!({"job": "j"})).await;
    wait_for(&server, "begun slow", 1).await;
    wait_for(&server, "job j", 1).await;
    server.kill();
    let mut safe = Server::with(on(folder.path(), &["--safe-mode"])).await;
    let ready = safe.get("/readyz").await;
    assert!(ready.status == 200 && ready.text().contains("safe mode"), "{}", ready.text());
    assert!(safe.output().contains("safe mode"), "{}", safe.output());
    send(&safe, json!({"topic": "work", "data": "kept"})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let lines = seen(&safe).await;
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("begun") || line.starts_with("job")).count(),
        2,
        "{lines:?}"
    );
    safe.kill();
    let server = Server::with(on(folder.path(), &[])).await;
    wait_for(&server, "work kept", 1).await;
}
