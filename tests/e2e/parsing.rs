//! Sources against the processes that check them: no source holds up others, takes the server's memory, or stays unrefused.
use daplet_tests::root;
use daplet_tests::server::{Options, Server};
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, Instant};

/// Doubles a parser's work with each level: type arguments, a type assertion or an arrow function?
fn exponential(levels: usize) -> String {
    format!("{}b{};export default()=>1;", "<a>(".repeat(levels), ")".repeat(levels))
}

const HELLO: &str = "export default { fetch(request) { return { hello: request.url } } };";

#[derive(Deserialize)]
struct Early {
    name: String,
    line: u64,
    source: String,
}

/// What V8 refuses before it runs is refused, with the line, in both languages.
#[tokio::test(flavor = "multi_thread")]
async fn early_errors_are_found() {
    let table = std::fs::read_to_string(root().join("tests/cases/early-errors.json")).unwrap();
    let table: Vec<Early> = serde_json::from_str(&table).unwrap();
    let server = Server::start().await;
    let mut wrong = Vec::new();
    for Early { name, line, source } in &table {
        for language in ["javascript", "typescript"] {
            let answer = server.upload_as(&format!("text/{language}"), "early", source.clone()).await;
            let text = answer.text();
            // The engine reads regular expressions, and names no line.
            let found = answer.status == 422 && (answer.json()["line"] == *line || name.starts_with("regexp-"));
            if !found {
                wrong.push(format!("{name} in {language}: line {line} expected; seen {} {text:.300}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty() && table.len() > 180, "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

/// One tenant's sources that no parser finishes wait for each other; other uploads do not.
#[tokio::test(flavor = "multi_thread")]
async fn sources_without_an_end_hold_up_nobody() {
    let server = std::sync::Arc::new(Server::start().await);
    server.deploy("honest", HELLO).await;
    let answer = server.upload_as("text/typescript", "endless", exponential(30)).await;
    assert_eq!((answer.status, &answer.json()["limit"]), (422, &json!("check_ms")), "{}", answer.text());
    let mut attackers = tokio::task::JoinSet::new();
    for number in 0..12 {
        let server = std::sync::Arc::clone(&server);
        attackers.spawn(async move {
            let source = format!("{}//{number}", exponential(30));
            server.upload_as("text/typescript", "endless", source).await.status
        });
    }
    let (start, mut honest) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(4) || honest == 0 {
        let answer = server.upload_as("text/javascript", "honest", format!("{HELLO}//{honest}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        honest += 1;
    }
    assert!(!attackers.is_empty() && honest >= 10, "{honest} honest uploads in four seconds");
    while let Some(status) = attackers.join_next().await {
        assert!(matches!(status.unwrap(), 422 | 503));
    }
}

/// The limits are settings, and an upload that exceeds one gets its name.
#[tokio::test(flavor = "multi_thread")]
async fn limits_are_named() {
    let args = ["--check-ms", "300", "--check-memory-mb", "64"].map(str::to_owned).to_vec();
    let server = Server::with(Options { args, ..Options::default() }).await;
    let refused = async |source: String| {
        let answer = server.upload_as("text/typescript", "refused", source).await;
        assert_eq!((answer.status, answer.code()), (422, "invalidSource".to_owned()), "{}", answer.text());
        (answer.json()["limit"].clone(), answer.json()["value"].clone())
    };
    assert_eq!(refused(exponential(40)).await, (json!("check_ms"), json!(300)));
    assert_eq!(refused(format!("{}export default 1", ";".repeat(4_000_000))).await.0, json!("check_memory_mb"));
    assert_eq!(refused(format!("export default {}", "[".repeat(100_000))).await.0, json!("stackMb"));
    server.deploy("after", HELLO).await;
}

/// A checker has no rights, and ends with its server, however that ends.
#[tokio::test(flavor = "multi_thread")]
async fn checkers_are_confined() {
    let mut server = Server::start().await;
    server.deploy("honest", HELLO).await;
    let checkers = children(server.pid());
    assert!(!checkers.is_empty());
    // One that has just been started gives up its rights before it reads a source.
    let confined = |pid: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.contains("NoNewPrivs:\t1") && !status.contains("Threads:\t1\n")
    };
    for _ in 0..100 {
        if checkers.iter().all(confined) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    for pid in &checkers {
        let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
        let status = String::from_utf8(read("status")).unwrap();
        let field = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).unwrap().trim().to_owned();
        assert_eq!(field("NoNewPrivs:"), "1", "{status}");
        if std::path::Path::new("/proc/sys/kernel/seccomp").exists() {
            assert_eq!(field("Seccomp:"), "2", "{status}");
        }
        assert!(read("environ").is_empty());
        assert_eq!(std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(), 3);
    }
    server.kill();
    let gone = |pid: &u32| !std::path::Path::new(&format!("/proc/{pid}/exe")).exists();
    for _ in 0..100 {
        if checkers.iter().all(gone) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{checkers:?} outlived their server");
}

/// What a large source took goes back to the system.
#[tokio::test(flavor = "multi_thread")]
async fn memory_is_given_back() {
    let server = Server::start().await;
    server.deploy("honest", HELLO).await;
    let large = format!("{}\nexport default () => 1", "f({ a: [1, 2, 3] });".repeat(60_000));
    let answer = server.upload_as("text/javascript", "large", format!("function f() {{}}{large}")).await;
    assert!(matches!(answer.status, 201 | 422), "{}", answer.text());
    server.deploy("honest", &format!("{HELLO}//again")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for pid in children(server.pid()) {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let own = status.lines().find_map(|l| l.strip_prefix("RssAnon:")).and_then(|l| l.trim().strip_suffix(" kB"));
        let own: u64 = own.map_or(0, |kb| kb.parse().unwrap());
        assert!(own < 48 << 10, "a checker that waits has {own} kB");
    }
}

/// Processes that the server started.
fn children(server: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{server}/task")).unwrap();
    let children = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    children.flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>()).collect()
}
