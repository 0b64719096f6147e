//! Starting and stopping: configuration, graceful shutdown, the compiled engine's cache.
use daplet_tests::server::{Options, Server, binary, cache_dir, without_settings};
use std::process::Command;
use std::time::Duration;

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
