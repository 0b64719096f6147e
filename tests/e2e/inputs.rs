//! Input bindings of a sidecar that does not run.
use daplet_tests::server::{Answer, Options, Server, free_port};
use reqwest::Method;
use serde_json::json;

/// A sidecar need not run for what it would be answered.
#[tokio::test(flavor = "multi_thread")]
async fn sidecars_reach_bindings_by_both_paths() {
    let env = [("DAPR_HTTP_PORT", free_port().to_string()), ("APP_API_TOKEN", "of the app".to_owned())];
    let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let server = Server::spawn(Options { env, ..Options::default() });
    server.listening().await;
    let source = r#"export const bindings = ["in", "orders"];
        export default { fetch: () => "fetched", binding(event) {
          if (event.data === "fail") throw new Error("no");
          if (event.data === "refuse") return new Response("gone", { status: 404 });
          if (event.data === "quiet") return;
          return event;
        } };"#;
    server.deploy("orders", source).await;
    let ask = async |method: Method, path: &str, token: bool, body: &[u8]| {
        let mut request = server.http.request(method, server.url(path)).header("X-Mine", "yes").body(body.to_vec());
        if token {
            request = request.header("dapr-api-token", "of the app");
        }
        Answer::of(request.send().await.unwrap()).await
    };
    let expected = |name: &str| json!({"name": name, "data": {"n": 1}, "metadata": {"x-mine": "yes", "accept": "*/*"}});
    for (path, name) in [("/dapr/bindings/in", "in"), ("/in", "in"), ("/orders", "orders")] {
        assert_eq!(ask(Method::OPTIONS, path, true, b"").await.status, 200, "{path}");
        let answer = ask(Method::POST, path, true, br#"{"n":1}"#).await;
        assert_eq!((answer.status, answer.json()), (200, expected(name)), "{path}");
        for (body, status) in [("fail", 500), ("refuse", 500), ("quiet", 200)] {
            assert_eq!(ask(Method::POST, path, true, body.as_bytes()).await.status, status, "{path} {body}");
        }
    }
    assert_eq!(ask(Method::POST, "/in", true, b"\xff\x00").await.json()["data_base64"], "/wA=");
    assert_eq!(ask(Method::POST, "/in", true, b"").await.json()["data"], json!(null));
    // No function declares it now: the component starts, and its events wait.
    assert_eq!(ask(Method::OPTIONS, "/dapr/bindings/later", true, b"").await.status, 200);
    assert_eq!(ask(Method::POST, "/dapr/bindings/later", true, b"1").await.status, 503);
    // A client other than the sidecar reaches only functions.
    assert_eq!(ask(Method::POST, "/dapr/bindings/in", false, b"1").await.status, 401);
    assert_eq!(ask(Method::POST, "/in", false, b"1").await.status, 404);
    assert_eq!(ask(Method::POST, "/orders", false, b"1").await.text(), "fetched");
    assert_eq!(ask(Method::POST, "/configuration/configstore/limit", false, b"{}").await.status, 401);
    // Nor is an application that calls through its sidecar.
    for path in ["/dapr/bindings/in", "/configuration/configstore/limit"] {
        let request = server.http.post(server.url(path)).header("dapr-api-token", "of the app").body("{}");
        let refused = Answer::of(request.header("dapr-caller-app-id", "other").send().await.unwrap()).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
    }
}
