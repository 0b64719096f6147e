//! Every folder of `tests/cases/<group>`: a function, what is sent, what must be seen.
use crate::server::{Options, Server};
use daplet_tests::{case, root};

/// Requests, answers, uploads that succeed or are refused.
#[tokio::test(flavor = "multi_thread")]
async fn behaviour() {
    let secrets = root().join("tests/cases/secrets.json").to_string_lossy().into_owned();
    let args = ["--secrets-file", &secrets, "--secrets-env-prefix", "CASE_"].map(str::to_owned).to_vec();
    let env = vec![("CASE_FROM_ENV".to_owned(), "from outside".to_owned())];
    let server = Server::with(Options { args, env, ..Options::default() }).await;
    let mut failures = Vec::new();
    for group in ["http", "upload", "web", "state", "secrets", "grants", "configuration", "blocks"] {
        for folder in case::folders(group) {
            if let Err(failure) = case::run(&server, &folder).await {
                failures.push(failure);
            }
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}
