//! Every folder of `tests/cases/<group>`: a function, what is sent, what must be seen.
use crate::server::{Options, Server};
use daplet_tests::{case, root};
use serde_json::Value;

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

/// What a module may declare; the SDK's double is tested with the same table.
#[tokio::test(flavor = "multi_thread")]
async fn declarations() {
    let text = std::fs::read_to_string(root().join("tests/cases/declarations.json")).unwrap();
    let table: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(table.len() > 50, "{}", table.len());
    let server = Server::start().await;
    let mut differences = Vec::new();
    for row in table {
        let exports = row["exports"].as_object().unwrap();
        let declared: String =
            exports.iter().map(|(name, value)| format!("export const {name} = {value};\n")).collect();
        let handler = row["handler"].as_str().map_or_else(String::new, |name| format!(", {name}() {{}}"));
        let source = format!("{declared}export default {{ fetch() {{}}{handler} }};");
        let answer = server.upload_as("text/javascript", "declares&dryRun=1", source).await;
        let seen = (answer.status >= 300).then(|| answer.json()["detail"].as_str().unwrap_or_default().to_owned());
        let refused = row["refused"].as_str();
        if seen.as_deref() != refused {
            differences.push(format!("{exports:?}\n  expected {refused:?}\n  seen     {} {seen:?}", answer.status));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
