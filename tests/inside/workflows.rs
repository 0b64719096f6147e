//! Workflows: what a function asks of a sidecar's engine. Here the sidecar is one that writes down what it is asked, since the engine
//! needs a scheduler service that cannot be had.
use crate::server::{Options, Server};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

type Asked = Arc<Mutex<Vec<String>>>;

async fn engine(State(asked): State<Asked>, request: Request) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let body: Bytes = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    if !uri.path().starts_with("/v1.0/workflows/") {
        return ().into_response();
    }
    asked.lock().unwrap().push(format!("{method} {uri} {}", String::from_utf8_lossy(&body)));
    match uri.path() {
        path if path.ends_with("/start") => Json(json!({"instanceID": "made"})).into_response(),
        path if path.ends_with("/none") => {
            let error = json!({"errorCode": "ERR_INSTANCE_ID_NOT_FOUND", "message": "unable to find it"});
            (axum::http::StatusCode::NOT_FOUND, Json(error)).into_response()
        }
        _ if method == "GET" => Json(json!({
            "instanceID": "i", "workflowName": "order", "createdAt": "2026-01-01T00:00:00Z",
            "lastUpdatedAt": "2026-01-02T00:00:00Z", "runtimeStatus": "RUNNING", "properties": {"a": "b"},
        }))
        .into_response(),
        _ => axum::http::StatusCode::ACCEPTED.into_response(),
    }
}

const OFFICE: &str = r#"import { workflow } from "@daplet/sdk";
    import { DaprClient } from "@dapr/dapr";
    const said = async (work) => { try { return await work() } catch (error) { return error.code ?? error.errorCode } };
    export default async () => {
      const own = workflow(), other = workflow("other"), client = new DaprClient();
      const ids = [await own.start("order", { n: 1 }), await other.start("a b", undefined, { instanceId: "x/y" })];
      const state = await own.get("i");
      await own.raise("i", "paid", [1]);
      for (const verb of ["pause", "resume", "terminate", "purge"]) await own[verb]("i");
      ids.push(await client.workflow.start("order", { n: 2 }, "mine"));
      await client.workflow.raise("mine", "paid");
      const seen = await client.workflow.get("mine");
      return { ids, state, created: seen.createdAt instanceof Date, status: seen.runtimeStatus,
        none: [await said(() => own.get("none")), await said(() => client.workflow.get("none"))] };
    };"#;

#[tokio::test(flavor = "multi_thread")]
async fn functions_steer_workflows() {
    let asked = Asked::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let router = Router::new().fallback(engine).with_state(Arc::clone(&asked));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let env = vec![("DAPR_HTTP_PORT".to_owned(), port)];
    let server = Server::with(Options { env, ..Options::default() }).await;
    server.deploy("office", OFFICE).await;
    let seen = server.get("/office").await.json();
    assert_eq!(seen["ids"], json!(["made", "made", "mine"]), "{seen}");
    assert_eq!((&seen["state"]["runtimeStatus"], &seen["status"]), (&json!("RUNNING"), &json!("RUNNING")));
    assert_eq!(
        (&seen["created"], &seen["none"]),
        (&json!(true), &json!(["ERR_INSTANCE_ID_NOT_FOUND", "ERR_INSTANCE_ID_NOT_FOUND"])),
        "{seen}"
    );
    let expected = [
        r#"POST /v1.0/workflows/dapr/order/start {"n":1}"#,
        "POST /v1.0/workflows/other/a%20b/start?instanceID=x%2Fy ",
        "GET /v1.0/workflows/dapr/i ",
        "POST /v1.0/workflows/dapr/i/raiseEvent/paid [1]",
        "POST /v1.0/workflows/dapr/i/pause ",
        "POST /v1.0/workflows/dapr/i/resume ",
        "POST /v1.0/workflows/dapr/i/terminate ",
        "POST /v1.0/workflows/dapr/i/purge ",
        r#"POST /v1.0/workflows/dapr/order/start?instanceID=mine {"n":2}"#,
        "POST /v1.0/workflows/dapr/mine/raiseEvent/paid ",
        "GET /v1.0/workflows/dapr/mine ",
        "GET /v1.0/workflows/dapr/none ",
        "GET /v1.0/workflows/dapr/none ",
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sidecar_they_say_what_is_missing() {
    let server = Server::start().await;
    let source = r#"import { conversation, workflow } from "@daplet/sdk";
        const said = async (work) => { try { return await work() } catch (error) { return `${error.code} ${error.message}` } };
        export default async () => [await said(() => workflow().start("x")), await said(() => conversation("x").converse("y"))];"#;
    server.deploy("asks", source).await;
    let seen: Vec<Value> = serde_json::from_value(server.get("/asks").await.json()).unwrap();
    assert_eq!(seen.len(), 2);
    for text in seen {
        assert!(
            text.as_str().is_some_and(|text| text.starts_with("UNAVAILABLE") && text.contains("DAPR_HTTP_PORT")),
            "{text}"
        );
    }
}
