//! Every folder of `tests/cases/<group>`: a function, what is sent, what must be seen.
use daplet_tests::{case, server::Server};

/// Requests, answers, uploads that succeed or are refused.
#[tokio::test(flavor = "multi_thread")]
async fn behaviour() {
    let server = Server::start().await;
    let mut failures = Vec::new();
    for group in ["http", "upload", "web", "state"] {
        for folder in case::folders(group) {
            if let Err(failure) = case::run(&server, &folder).await {
                failures.push(failure);
            }
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}
