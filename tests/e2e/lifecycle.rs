//! Starting, replacing, stopping: configuration, uploads under load, graceful shutdown, the compiled engine's cache.
use daplet_tests::server::{Options, Server, binary, cache_dir, without_settings};
use futures::future::join_all;
use serde_json::json;
use std::process::Command;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn replacing_a_function_loses_no_request() {
    let server = Server::start().await;
    server.deploy("swap", "export default () => '0'").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let clients = (0..8).map(|_| {
        let (http, url, stopped) = (server.http.clone(), server.url("/swap"), stopped.clone());
        tokio::spawn(async move {
            let (mut last, mut answered) = (0, 0);
            while !*stopped.borrow() {
                let answer = http.get(&url).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                let version: i32 = answer.text().await.unwrap().parse().unwrap();
                assert!(version >= last, "version {version} after {last}");
                (last, answered) = (version, answered + 1);
            }
            answered
        })
    });
    let clients: Vec<_> = clients.collect();
    for version in 1..=30 {
        server.deploy("swap", &format!("export default () => '{version}'")).await;
        assert_eq!(server.get("/swap").await.text(), version.to_string());
    }
    stop.send(true).unwrap();
    let answered: i32 = join_all(clients).await.into_iter().map(Result::unwrap).sum();
    assert!(answered > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upload_leaves_the_live_version_alone() {
    let server = Server::start().await;
    let live = server.deploy("steady", "export default () => 'live'").await;
    for source in ["export default {", "throw new Error('top')", "while (true) {}", "export const x = 1"] {
        let answer = server.upload(&json!({"name": "steady", "source": source})).await;
        assert_eq!(answer.status, 422, "{source}: {}", answer.text());
        assert_eq!(server.get("/steady").await.text(), "live");
    }
    assert_eq!(server.get("/functions/steady").await.json()["version"], live["version"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions_guard_an_upload() {
    let server = Server::start().await;
    let put = async |source: &str, header: Option<(&str, &str)>| {
        let mut request = server.http.put(server.url("/functions/guarded")).body(source.to_owned());
        request = request.header("content-type", "text/javascript");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        daplet_tests::server::Answer::of(request.send().await.unwrap()).await
    };
    let first = put("export default () => '1'", Some(("if-none-match", "*"))).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let etag = first.header("etag").unwrap().to_owned();
    assert_eq!(put("export default () => '2'", Some(("if-none-match", "*"))).await.status, 412);
    assert_eq!(put("export default () => '2'", Some(("if-match", "\"other\""))).await.status, 412);
    let second = put("export default () => '2'", Some(("if-match", &etag))).await;
    assert_eq!(second.status, 200);
    assert_ne!(second.header("etag").unwrap(), etag);
    let same = put("export default () => '2'", None).await;
    assert_eq!((same.status, same.header("etag")), (200, second.header("etag")));
    let read =
        server.http.get(server.url("/functions/guarded")).header("if-none-match", second.header("etag").unwrap());
    assert_eq!(read.send().await.unwrap().status(), 304);
    let dry = server.http.put(server.url("/functions/guarded?dryRun=1")).header("content-type", "text/javascript");
    assert!(dry.body("export default () => '3'").send().await.unwrap().status().is_success());
    assert_eq!(server.get("/guarded").await.text(), "2");
    assert_eq!(server.http.delete(server.url("/functions/guarded")).send().await.unwrap().status(), 204);
    let gone = server.get("/guarded").await;
    assert_eq!((gone.status, gone.code().as_str()), (404, "scriptNotFound"));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_finishes_what_runs() {
    let mut server = Server::start().await;
    let source = "export default { async fetch() { await new Promise(d => setTimeout(d, 700)); return 'finished' } }";
    server.deploy("slow", source).await;
    let (http, url) = (server.http.clone(), server.url("/slow"));
    let call = tokio::spawn(async move { http.get(url).send().await.unwrap().text().await.unwrap() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.signal("TERM");
    assert_eq!(call.await.unwrap(), "finished");
    assert_eq!(server.exit_code(Duration::from_secs(12)).await, Some(0), "{}", server.output());
}

#[test]
fn bad_configuration_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daplet.toml");
    std::fs::write(&file, "lissten = \"127.0.0.1:1\"\n").unwrap();
    let run = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = Command::new(binary());
        without_settings(&mut command);
        let output = command.arg("serve").args(args).envs(env.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = run(&["--config", file.to_str().unwrap()], &[]);
    assert!(code == Some(64) && text.contains("lissten"), "{code:?} {text}");
    let (code, text) = run(&["--listen", "nowhere"], &[]);
    assert!(code != Some(0) && text.contains("nowhere"), "{code:?} {text}");
    let (code, text) = run(&[], &[("DAPLET_LISSTEN", "127.0.0.1:1")]);
    assert!(code == Some(64) && text.contains("DAPLET_LISSTEN"), "{code:?} {text}");
}

/// A damaged artefact is never loaded: it is native code.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_engine_cache_is_rebuilt() {
    drop(Server::start().await);
    let copy = tempfile::tempdir().unwrap();
    let status = Command::new("cp").arg("-a").arg(cache_dir()).arg(copy.path().join("cache")).status().unwrap();
    assert!(status.success());
    let mut damaged = 0;
    let mut folders = vec![copy.path().join("cache")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::metadata(&path).unwrap().len() > 1 << 20 {
                let mut bytes = std::fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0xff;
                std::fs::write(&path, bytes).unwrap();
                damaged += 1;
            }
        }
    }
    assert!(damaged > 0, "no artefact found in the cache");
    let options = Options { cache: Some(copy.path().join("cache")), ..Options::default() };
    let server = Server::with(options).await;
    server.deploy("alive", "export default () => 'alive'").await;
    assert_eq!(server.get("/alive").await.text(), "alive");
}

/// In production a caller learns that a function failed, and nothing of why; the log has it all.
#[tokio::test(flavor = "multi_thread")]
async fn production_hides_what_functions_throw() {
    let server = Server::with(Options { args: vec!["--production".to_owned()], ..Options::default() }).await;
    server.deploy("leaky", "export default () => { throw new Error('the secret reason') }").await;
    let answer = server.get("/leaky").await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "exception"));
    assert!(!answer.text().contains("secret") && !answer.text().contains("stack"), "{}", answer.text());
    // The log reaches the test through a pipe, a little later.
    for _ in 0..100 {
        if server.output().contains("the secret reason") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the log does not say why");
}
