//! Secrets: which faults of their file end the start.
use daplet_tests::server::{Options, Server};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.json");
    std::fs::write(&file, "{\"key\": hunter2}").unwrap();
    let args = vec!["--secrets-file".to_owned(), file.to_string_lossy().into_owned()];
    let mut server = Server::spawn(Options { args, ..Options::default() });
    let code = server.exit_code(Duration::from_secs(60)).await;
    let output = server.output();
    assert!(code.is_some_and(|code| code != 0), "{code:?} {output}");
    assert!(output.contains("secrets_file") && output.contains("line 1"), "{output}");
    assert!(!output.contains("hunter2"), "{output}");
}
