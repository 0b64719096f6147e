//! Secrets: Dapr's answers, and a sidecar's store.
use crate::server::{Options, Server};
use daplet_tests::root;
use serde_json::{Value, json};

/// A server with the secrets of the clients' suite.
async fn keeper() -> Server {
    let file = root().join("tests/conformance/secrets.json").to_string_lossy().into_owned();
    Server::with(Options { args: vec!["--secrets-file".to_owned(), file], ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_daprs_statuses() {
    let server = keeper().await;
    let table = [
        ("/v1.0/secrets/secretstore/api-key?metadata.version_id=1", 200, r#"{"api-key":"k-123"}"#),
        ("/v1.0/secrets/secretstore/missing", 500, "ERR_SECRET_GET"),
        ("/v1.0/secrets/secretstore/missing", 500, "from secret store secretstore: secret missing not found"),
        ("/v1.0/secrets/nowhere/api-key", 401, "ERR_SECRET_STORE_NOT_FOUND"),
        ("/v1.0/secrets/nowhere/bulk", 401, "failed finding secret store with key nowhere"),
    ];
    for (path, status, text) in table {
        let answer = server.http.get(format!("{}{path}", server.dapr)).send().await.unwrap();
        let seen = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!(seen.0 == status && seen.1.contains(text), "{path}: {seen:?}");
    }
}

/// Without settings there is a store with nothing in it, whatever the environment holds.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_environment_is_a_secret_by_itself() {
    let env = vec![("API_KEY".to_owned(), "outside".to_owned())];
    let server = Server::with(Options { env, ..Options::default() }).await;
    let bulk = server.http.get(format!("{}/v1.0/secrets/secretstore/bulk", server.dapr)).send().await.unwrap();
    assert_eq!((bulk.status().as_u16(), bulk.json::<Value>().await.unwrap()), (200, json!({})));
}

/// Here the sidecar is another server's embedded Dapr API.
#[tokio::test(flavor = "multi_thread")]
async fn a_sidecars_stores_are_read() {
    let sidecar = keeper().await;
    let put = sidecar.http.put(sidecar.url("/configuration/colour")).body("green").send().await.unwrap();
    assert_eq!(put.status(), 201);
    let port = sidecar.dapr.rsplit(':').next().unwrap().to_owned();
    let env = vec![("DAPR_HTTP_PORT".to_owned(), port), ("DAPLET_APP_ID".to_owned(), "other".to_owned())];
    let server = Server::with(Options { env, ..Options::default() }).await;
    let source = r#"import { configuration, secrets } from "@daplet/sdk";
        const told = (e) => [e.name, e.code];
        export default { async fetch() {
          const s = secrets();
          return [
            await s.get("api-key", { metadata: { version_id: "1" } }), await s.get("missing"), await s.getBulk(),
            await s.get("closed").catch(told), await secrets("nowhere").get("api-key").catch(told),
            await configuration().get("colour", "missing"), await configuration().get("missing"),
            await configuration("nowhere").get("colour").catch(told),
          ];
        } };"#;
    let granted = ["secretstore/api-key", "secretstore/missing", "nowhere/*"];
    server.deploy_with(json!({"name": "far", "source": source, "grants": {"secrets": granted}})).await;
    let expected = json!([
        "k-123",
        null,
        {"api-key": {"api-key": "k-123"}},
        ["PermissionDeniedError", "PERMISSION_DENIED"],
        ["NotFoundError", "ERR_SECRET_STORE_NOT_FOUND"],
        {"colour": {"value": "green", "version": "1", "metadata": {}}},
        {},
        ["NotFoundError", "ERR_CONFIGURATION_STORE_NOT_FOUND"],
    ]);
    assert_eq!(server.get("/far").await.json(), expected);
    // What the operator writes is the sidecar's affair here.
    assert_eq!(server.get("/configuration").await.status, 404);
}
