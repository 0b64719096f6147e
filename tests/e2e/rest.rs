//! What lies on disk and what is written to the log: modes and owners, records that cannot be read, databases that are missing, lines
//! that a function may not forge, settings without an effect, the order of stopping.
use daplet_tests::server::{Options, Server, binary, without_settings};
use redb::ReadableTable;
use serde_json::{Value, json};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const HELLO: &str = "export default () => 'hello'";

fn options(data: &Path, args: &[&str]) -> Options {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Options { data: Some(data.to_path_buf()), args, ..Options::default() }
}

fn open_to_others(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        if metadata.mode() & 0o077 != 0 {
            found.push(path.clone());
        }
        if metadata.is_dir() {
            open_to_others(&path, found);
        }
    }
}

async fn stop(mut server: Server) -> String {
    server.signal("TERM");
    assert_eq!(server.exit_code(Duration::from_secs(20)).await, Some(0), "{}", server.output());
    server.output()
}

/// Runs a server that is to end by itself; its exit code and what it printed.
fn refused(args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new("timeout");
    command.arg("60").arg(binary());
    without_settings(&mut command);
    let cache = daplet_tests::server::cache_dir();
    command.args(["serve", "--listen", "127.0.0.1:1", "--cache-dir"]).arg(cache).args(args).envs(env.iter().copied());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn other_users_can_read_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::with(options(&data, &[])).await;
    server.deploy("hello", HELLO).await;
    assert_eq!(server.get("/hello").await.status, 200);
    stop(server).await;
    let mut open = Vec::new();
    open_to_others(folder.path(), &mut open);
    assert!(open.is_empty(), "{open:?}");

    // As an earlier release left them.
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["state.redb", "functions.redb"] {
        std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let server = Server::with(options(&data, &[])).await;
    let mut open = Vec::new();
    open_to_others(folder.path(), &mut open);
    assert!(open.is_empty(), "{open:?}");
    assert!(server.output().contains("was open to other users"), "{}", server.output());
    assert_eq!(server.get("/hello").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_of_another_owner_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(folder.path(), Some(4242), None).is_err() {
        eprintln!("SKIPPED: only root can give a folder away");
        return;
    }
    let mut server = Server::spawn(options(folder.path(), &[]));
    assert_eq!(server.exit_code(Duration::from_secs(60)).await, Some(1));
    let output = server.output();
    assert!(output.contains("4242") && output.contains(folder.path().to_str().unwrap()), "{output}");
}

/// One record that cannot be read takes its own function out of service and no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_puts_one_function_out_of_service() {
    const FUNCTIONS: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("functions");
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with(options(folder.path(), &[])).await;
    for name in ["damaged", "newer", "fine"] {
        server.deploy(name, HELLO).await;
    }
    stop(server).await;
    {
        let database = redb::Database::open(folder.path().join("functions.redb")).unwrap();
        let write = database.begin_write().unwrap();
        {
            let mut table = write.open_table(FUNCTIONS).unwrap();
            let mut record: Value = serde_json::from_slice(table.get("newer").unwrap().unwrap().value()).unwrap();
            record["limits"]["gpuMs"] = json!(1);
            table.insert("newer", record.to_string().as_bytes()).unwrap();
            table.insert("damaged", b"{\"version\":".as_slice()).unwrap();
            table.insert("../no name", b"{}".as_slice()).unwrap();
        }
        write.commit().unwrap();
    }
    let server = Server::with(options(folder.path(), &[])).await;
    assert_eq!(server.get("/fine").await.text(), "hello");
    let ready = server.get("/readyz").await;
    assert_eq!(ready.status, 200);
    let list = server.get("/functions").await.json();
    for name in ["damaged", "newer"] {
        let call = server.get(&format!("/{name}")).await;
        assert_eq!((call.status, call.code().as_str()), (503, "outOfService"), "{}", call.text());
        let shown = server.get(&format!("/functions/{name}")).await;
        assert_eq!((shown.status, shown.code().as_str()), (503, "outOfService"), "{}", shown.text());
        assert!(ready.text().contains(name), "{}", ready.text());
        let entry = list["functions"].as_array().unwrap().iter().find(|entry| entry["name"] == *name).unwrap();
        assert!(entry["state"] == "outOfService" && entry["reason"].is_string(), "{entry}");
    }
    assert!(server.get("/functions/newer").await.text().contains("gpuMs"));
    // An upload and a removal bring the names back into use.
    server.deploy("damaged", HELLO).await;
    assert_eq!(server.get("/damaged").await.text(), "hello");
    let removed = server.http.delete(server.url("/functions/newer")).send().await.unwrap();
    assert_eq!(removed.status(), 204);
    assert_eq!(server.get("/newer").await.status, 404);
    assert!(!server.get("/readyz").await.text().contains("newer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_one_of_its_databases_is_refused() {
    for name in ["state.redb", "functions.redb"] {
        let folder = tempfile::tempdir().unwrap();
        stop(Server::with(options(folder.path(), &[])).await).await;
        std::fs::remove_file(folder.path().join(name)).unwrap();
        let mut server = Server::spawn(options(folder.path(), &[]));
        assert_eq!(server.exit_code(Duration::from_secs(60)).await, Some(1));
        let output = server.output();
        assert!(output.contains(name) && output.contains("missing"), "{output}");
        assert!(!folder.path().join(name).exists(), "{name} was made again");
    }
}

/// Everything that a function chooses stays inside its own line.
#[tokio::test(flavor = "multi_thread")]
async fn lines_of_the_log_cannot_be_forged() {
    let server = Server::start().await;
    let forged = "2026-01-01T00:00:00.000000Z  INFO daplet_host: forged";
    let source = format!(
        "export default {{ fetch(request) {{
           for (const end of ['\\n', '\\r', '\\r\\n', '\\u2028', '\\u2029', '\\u0085', '\\v', '\\f', '\\x1b[2K\\r', '\\0'])
             console.log('a' + end + {forged:?});
           console.error('\\u202Eright to left\\u2066');
           const error = new Error('broken\\n' + {forged:?});
           error.stack = 'x\\n' + {forged:?};
           throw error;
         }} }}"
    );
    server.deploy("forger", &source).await;
    let _failed = server.get("/forger?a=%0a").await;
    for _ in 0..100 {
        if server.output().contains("broken") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let output = server.output();
    assert!(output.contains("forged") && output.contains("broken"), "{output}");
    for line in output.split(['\n', '\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}']) {
        assert!(!line.starts_with("2026-01-01"), "forged: {line}");
    }
    let hidden = |c: char| (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{2069}').contains(&c);
    assert!(!output.contains(hidden), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_log_is_json_to_the_last_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with(options(folder.path(), &["--log-format", "json", "--verify-restore", "1"])).await;
    server.deploy("hello", "export default () => { console.log('a\\nb'); throw new Error('x') }").await;
    server.get("/hello").await;
    let held = options(folder.path(), &["--log-format", "json"]);
    let mut second = Server::spawn(held);
    assert_eq!(second.exit_code(Duration::from_secs(60)).await, Some(1));
    let mut texts = vec![second.output(), stop(server).await];
    texts.push(refused(&["--log-format", "json", "--nonsense"], &[]).1);
    texts.push(refused(&["--log-format=json", "--log", "inf0"], &[]).1);
    texts.push(refused(&["--queue", "many"], &[("DAPLET_LOG_FORMAT", "json")]).1);
    for text in texts {
        assert!(!text.trim().is_empty());
        for line in text.lines() {
            let parsed: Result<Value, _> = serde_json::from_str(line);
            assert!(parsed.is_ok_and(|line| line["level"].is_string()), "no JSON: {line}");
        }
    }
}

#[test]
fn settings_without_an_effect_are_named() {
    let missing = "/nowhere/secrets.json";
    let cases: &[(&[&str], &str)] =
        &[(&["--log", "inf0"], "inf0"), (&["--secrets-file", missing], missing), (&["--keys-dir", missing], missing)];
    for (args, named) in cases {
        let (code, text) = refused(args, &[]);
        assert!(code == Some(64) && text.contains(named), "{code:?} {text}");
    }
    // The folder cannot be made, so this one ends after it has said what has no effect.
    let args = ["--data-dir", "/proc/nowhere", "--secrets-file", "/etc/hostname", "--registry-store", "other"];
    let (code, text) = refused(&args, &[("DAPR_HTTP_PORT", "9")]);
    assert!(code == Some(1), "{code:?} {text}");
    for named in ["secrets_file", "registry_store"] {
        assert!(text.contains(&format!("the setting {named} has no effect")), "{named}: {text}");
    }
}

/// SIGTERM: not ready first, still serving for `drain_ms`, then closed. SIGHUP changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_is_not_ready_before_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::with(options(folder.path(), &["--drain-ms", "1500"])).await;
    server.deploy("hello", HELLO).await;
    server.signal("HUP");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.get("/readyz").await.status, 200);
    server.signal("TERM");
    let mut unready = 0;
    while let Ok(answer) = server.http.get(server.url("/readyz")).send().await {
        if answer.status() == 503 {
            unready += 1;
            // A client that has not noticed yet is still served.
            if let Ok(call) = server.http.get(server.url("/hello")).send().await {
                assert_eq!(call.text().await.unwrap_or_default(), "hello");
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(unready >= 3, "it said {unready} times that it stops");
    assert_eq!(server.exit_code(Duration::from_secs(20)).await, Some(0), "{}", server.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_and_their_snapshots_have_quotas() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        Server::with(options(folder.path(), &["--quota-functions", "2", "--quota-function-snapshot-mb", "1"])).await;
    for name in ["one", "two", "one"] {
        server.deploy(name, HELLO).await;
    }
    let third = server.upload(&json!({"name": "three", "source": HELLO})).await;
    assert_eq!((third.status, third.code().as_str()), (507, "quotaExceeded"), "{}", third.text());
    assert!(third.text().contains("--quota-functions") && third.text().contains('3'), "{}", third.text());
    assert_eq!(server.http.delete(server.url("/functions/two")).send().await.unwrap().status(), 204);
    server.deploy("three", HELLO).await;
    let source = "const kept = new Uint8Array(4 << 20).fill(7); export default () => kept.length";
    let large = server.upload(&json!({"name": "three", "source": source})).await;
    assert_eq!((large.status, large.code().as_str()), (507, "quotaExceeded"), "{}", large.text());
    assert!(large.text().contains("--quota-function-snapshot-mb"), "{}", large.text());
    assert_eq!(server.get("/three").await.text(), "hello");
}
