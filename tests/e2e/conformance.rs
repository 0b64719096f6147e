//! Dapr's API of the embedded default, by every client there is: same steps, same outcomes.
use daplet_tests::conformance::{Client, Target, cases, check};
use daplet_tests::server::Server;

/// What is invoked, and who listens.
const ECHO: &str = r#"import { state } from "@daplet/sdk";
    export const subscriptions = ["heard"];
    export default {
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        switch (pathname) {
          case "/echo/heard": return (await state().get("heard")) ?? [];
          case "/echo/conflict": return new Response("taken", { status: 409 });
          case "/echo/missing": return new Response("no", { status: 404 });
        }
        return { method: request.method, path: pathname + search, body: await request.text() };
      },
      message: async (event) => { await state().update("heard", (list) => [...(list ?? []), event.data], { retries: 100 }) },
    };"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_client_sees_the_same() {
    let mut differences = Vec::new();
    for client in Client::ALL {
        let server = Server::start().await;
        server.deploy("echo", ECHO).await;
        let target = Target { http: server.dapr.clone(), grpc: server.grpc.clone() };
        let all = ["state.json", "messages.json", "invoke.json", "locks.json"].map(cases).concat();
        differences.extend(check(&target, client, &all).await);
        let mut heard = Vec::new();
        for _ in 0..200 {
            heard = server.get("/echo/heard").await.json().as_array().cloned().unwrap_or_default();
            if heard.len() == 2 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        heard.sort_by_key(ToString::to_string);
        let expected = [serde_json::json!("two"), serde_json::json!({"n": 1})];
        if heard != expected {
            differences.push(format!("{}: of two events these arrived: {heard:?}", client.name()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
