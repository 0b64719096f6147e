//! What an upload warns of, in its answer and in the log.
use daplet_tests::server::Server;
use serde_json::json;

const HELLO: &str = "export default (request, env) => ({ hello: env.NAME ?? null });";

#[tokio::test(flavor = "multi_thread")]
async fn names_that_lead_nowhere_are_warned_of() {
    let server = Server::start().await;
    let source = r#"
        export const subscriptions = [{ pubsub: "kafka", topic: "orders" }];
        export const bindings = ["mail-in"];
        export const configuration = [{ store: "elsewhere", keys: ["a"] }];
        export default { message() {}, binding() {}, configuration() {} };"#;
    let grants = json!({
        "bindings": ["mail-out"], "topics": ["rabbit/orders", "pubsub/fine"], "secrets": ["vault/key"],
        "stores": ["redis", "statestore"], "configuration": ["elsewhere/*"]
    });
    let answer = server.deploy_with(json!({"name": "lost", "source": source, "grants": grants})).await;
    let warnings = answer["warnings"].to_string();
    for named in ["kafka", "mail-in", "elsewhere", "mail-out", "rabbit", "vault", "redis"] {
        assert!(warnings.contains(named), "{named} in {warnings}");
    }
    // The last of them; the log comes by a pipe.
    for _ in 0..100 {
        if server.output().contains("grants.topics") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(server.output().contains("rabbit"), "{}", server.output());
    assert!(!warnings.contains("fine") && !warnings.contains("\"statestore\\\" "), "{warnings}");
    assert!(server.deploy("found", HELLO).await.get("warnings").is_none());
}
