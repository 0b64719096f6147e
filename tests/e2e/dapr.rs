//! Dapr's HTTP API without Dapr, as the official client uses it.
use daplet_tests::root;
use daplet_tests::server::Server;
use std::process::Command;

/// Answers with what it was sent, and keeps what it receives from the topic `greetings`.
const ECHO: &str = include_str!("../functions/echo.js");

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_works() {
    let server = Server::start().await;
    server.deploy("echo", ECHO).await;
    let port = server.dapr.rsplit(':').next().unwrap().to_owned();
    let run = move || {
        Command::new("node")
            .args(["--test", "tests/dapr-js/"])
            .env("DAPR_PORT", port)
            .current_dir(root())
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("# fail 0") && !text.contains("# pass 0"), "{text}");
}
